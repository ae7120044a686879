/*
 * Connections of net2pty's session: how they begin, fail and end, and what the user is told.
 */
#include <errno.h>

#include <asm/ioctls.h>

#include "ioctl_wire.h"
#include "pty_stage.h"

static void a_reconnect_tells_everything_anew(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("7O1", 4800);
    RUN_UNTIL(server_saw("SET-BAUDRATE 4800"));
    server_close();
    RUN_UNTIL(!fake_vport.reading);
    server_accept(true);
    server_tell(RFC2217_SET_BAUDRATE, 9600); /* to the greeting: no reason to complain */
    RUN_UNTIL(server_saw("RTS on"));
    run_for(20);
    CHECK(!strstr(logged, "does not do"));
    CHECK_TEXT(server.journal.text,
               "option agreed\n" INTRODUCTION
               "SIGNATURE ?\nSET-BAUDRATE 0\nSET-BAUDRATE 4800\nSET-DATASIZE "
               "7\nSET-PARITY odd\n"
               "SET-STOPSIZE 1\nSET-CONTROL flow none\nSET-CONTROL DTR on\nSET-CONTROL RTS on\n");
    CHECK(connections == 1); /* told once */
    end();
}

static void with_hangup_programs_are_hung_up(void)
{
    options.hangup = true;
    begin();
    server_agree_and_teach();
    fake_vport_open();
    server_close();
    RUN_UNTIL(programs_saw("hung up"));
    end();
}

static size_t waits_for_the_server(void)
{
    char report[PTY_REPORT_MAX];

    pty_session_report(session, report);
    const char *p = strstr(report, "bytes for programs, ");
    CHECK(p);
    return (size_t)strtoul(p + strlen("bytes for programs, "), NULL, 10);
}

static void flush_at_take(void)
{
    fake_vport_flush(false, true);
}

/* The connection cannot be kept while a request of another process is carried out, which sends. */
static void a_connection_that_fails_within_a_request_ends_later(void)
{
    enum { QUEUE_MAX = 512 * 1024, NEARLY = 64 };
    static char block[16 * 1024];
    struct vport_identity identity;
    struct ioctl_wire_question q = {.kind = IOCTL_WIRE_CALL, .id = 7, .request = TIOCGSERIAL};
    uint8_t frame[IOCTL_WIRE_QUESTION_MAX];

    options.hangup = true;
    begin();
    calls = calls_new(base);
    CHECK(calls && calls_add(calls, session) == 0);
    server_agree_and_teach();
    fake_vport_open();
    RUN_UNTIL(server_saw("SET-LINES"));
    memset(block, 'x', sizeof block - 1);
    while (fake_vport.reading) /* the server reads no more */
        fake_vport_write(block);
    while (waits_for_the_server() < QUEUE_MAX - NEARLY)
        fake_vport_flush(false, true);

    evutil_socket_t visitor = fake_vport_ask();
    vport_identity(pty_session_port(session), &identity);
    q.device = identity.device;
    q.inode = identity.inode;
    q.special = identity.special;
    size_t len = ioctl_wire_put_question(&q, frame);
    CHECK(send(visitor, IOCTL_WIRE_OPENING, strlen(IOCTL_WIRE_OPENING), MSG_NOSIGNAL) > 0);
    for (int i = 0; i < 100; i++)
        CHECK(send(visitor, frame, len, MSG_NOSIGNAL) == (ssize_t)len);
    logged[0] = '\0'; /* that was a lot */
    fake_vport.taking = flush_at_take;
    for (uint64_t limit = patience_ms() + 6000; !programs_saw("hung up");) {
        CHECK(patience_ms() < limit);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    CHECK(strstr(logged, "does not take what it is told"));
    fake_vport.taking = NULL;
    RUN_UNTIL(recv(visitor, block, sizeof block, MSG_DONTWAIT) == 0 || errno != EAGAIN);
    evutil_closesocket(visitor);
    pty_session_withdraw(session);
    calls_free(calls);
    calls = NULL;
    end();
}

static const char *trouble(void)
{
    static char text[PTY_SESSION_TROUBLE_MAX];

    pty_session_trouble(session, text);
    return text;
}

static void a_server_that_is_not_there_yet_is_waited_for(void)
{
    begin();
    close(listener);
    RUN_UNTIL(strstr(logged, "is the container itself: name the host, where"));
    CHECK(!pty_session_is_connected(session));
    CHECK(strstr(trouble(), "nothing listens there"));
    listen_again();
    server_accept(true);
    RUN_UNTIL(pty_session_is_connected(session));
    end();
}

static void what_lasts_is_told_again_and_for_how_long(void)
{
    if (STAGE_TIME_IS_REAL) {
        printf("skip: it would take three minutes\n");
        return;
    }
    begin();
    close(listener);
    run_for(40000);
    CHECK(times_logged("trying again") == 1);
    CHECK(times_logged("still waiting, for 3") == 1); /* 30 s, or some more */
    run_for(180000);
    CHECK(times_logged("still waiting") == 4);
    CHECK(strstr(logged, "still waiting, for 3 min by now: nothing listens there"));
    listen_again();
    server_accept(true);
    RUN_UNTIL(pty_session_is_connected(session));
    end();
}

static void another_kind_of_server_is_quoted(void)
{
    begin();
    server_accept(false);
    const uint64_t begun_ms = clock_now_ms();
    CHECK(strstr(trouble(), "connected, but it says nothing"));
    CHECK(send(fd, "SSH-2.0-OpenSSH_9.2\r\n", 21, 0) == 21);
    RUN_UNTIL(strstr(logged, "it says \"SSH-2.0-OpenSSH_9.2\": no RFC 2217 server"));
    CHECK(clock_now_ms() - begun_ms < 2000); /* it is not waited for */
    server_close();
    end();
}

/* What comes after the greeting, before the connection is given up, does not take its place. */
static void a_greeting_is_quoted_whatever_follows_it(void)
{
    static const char said[] = "SSH-2.0-OpenSSH_9.2\r\n\xff\xfb\x01key exchange";

    begin();
    server_accept(false);
    CHECK(send(fd, said, sizeof said - 1, 0) == sizeof said - 1);
    RUN_UNTIL(strstr(logged, "; trying again"));
    CHECK(strstr(logged, "it says \"SSH-2.0-OpenSSH_9.2\": no RFC 2217 server"));
    server_close();
    end();
}

static void what_greets_and_does_not_negotiate_is_quoted(void)
{
    begin();
    server_accept(false);
    CHECK(send(fd, "login: ", 7, 0) == 7);
    RUN_UNTIL(strstr(logged, "it says \"login: \": no RFC 2217 server"));
    server_close();
    end();
}

static void a_busy_server_is_said_and_tried_again(void)
{
    begin();
    for (int i = 0; i < 2; i++) {
        server_accept(false);
        telnet = true;
        greeted = true;
        end_begin(&server, COMPORT_SERVER);
        comport_start_bare(server.comport);
        RUN_UNTIL(comport_agreed(server.comport));
        comport_send_text(server.comport, "busy");
        server_flush();
        server_close();
        RUN_UNTIL(strstr(logged, "in use by another client"));
        CHECK(!pty_session_is_connected(session) && connections == 0);
    }
    server_accept(true);
    RUN_UNTIL(pty_session_is_connected(session));
    end();
}

static void text_before_the_option_is_a_reason_and_no_data(void)
{
    static const char text[] = "Port already in use\r\n";

    begin();
    fake_vport_open();
    server_accept(false);
    server_send(text, strlen(text));
    server_close();
    RUN_UNTIL(strstr(logged, "Port already in use; trying again"));
    CHECK_TEXT(fake_vport.journal.text, "");
    end();
}

static void text_of_a_server_that_agrees_and_goes_is_a_reason_too(void)
{
    /* ser2net 4.3.11 in one segment: all its offers, DO COM-PORT among them, then the text */
    static const char bytes[] = "\377\373\003\377\375\003\377\373\001\377\376\001\377\375\000"
                                "\377\373\000\377\375\054Port already in use\r\n";

    begin();
    fake_vport_open();
    server_accept(false);
    server_send(bytes, sizeof bytes - 1);
    run_for(20);
    server_close();
    RUN_UNTIL(strstr(logged, "Port already in use; trying again"));
    CHECK_TEXT(fake_vport.journal.text, "");
    CHECK(connections == 0);
    end();
}

static void data_right_behind_the_agreement_is_kept(void)
{
    begin();
    fake_vport_open();
    server_accept(true);
    comport_send_data(server.comport, (const uint8_t *)"early", 5);
    server_flush();
    RUN_UNTIL(programs_saw("read"));
    CHECK_TEXT(fake_vport.journal.text, "read 65 61 72 6c 79\n");
    end();
}

static void a_server_that_refuses_the_option_is_said(void)
{
    static const uint8_t refuses[] = {255, 254, 44};

    begin();
    server_accept(false);
    server_send(refuses, sizeof refuses);
    RUN_UNTIL(strstr(logged, "refuses the COM-PORT option"));
    RUN_UNTIL(ended);
    end();
}

static void a_silent_server_is_given_up(void)
{
    begin();
    server_accept(false);
    RUN_UNTIL(strstr(logged, "connected, but it says nothing"));
    RUN_UNTIL(ended);
    end();
}

static void a_server_that_is_silent_about_binary_is_served(void)
{
    static const uint8_t agrees[] = {255, 253, 44};

    begin();
    fake_vport_open();
    server_accept(false);
    server_send(agrees, sizeof agrees);
    RUN_UNTIL(pty_session_is_connected(session));
    end();
}

/* A plain TCP port with a device that echoes seems to agree to all. */
static void an_echo_is_no_server(void)
{
    static const uint8_t echoed[] = {255, 251, 44, 255, 250, 44, 1, 0, 0, 0, 0, 255, 240};

    begin();
    fake_vport_open();
    server_accept(false);
    server_send(echoed, sizeof echoed);
    RUN_UNTIL(strstr(trouble(), "sends back what it gets"));
    CHECK(strstr(trouble(), "--raw"));
    CHECK(!pty_session_is_connected(session));
    end();
}

static void an_echo_of_a_server_that_answers_is_borne(void)
{
    static const uint8_t answers[] = {255, 253, 44, 255, 250, 44, 101, 0, 0, 37, 128, 255, 240};
    static const uint8_t echoed[] = {255, 250, 44, 1, 0, 0, 0, 0, 255, 240};

    begin();
    fake_vport_open();
    server_accept(false);
    server_send(answers, sizeof answers);
    server_send(echoed, sizeof echoed);
    RUN_UNTIL(pty_session_is_connected(session));
    end();
}

/* RFC 2217 has one code for a SIGNATURE of both sides: a server that asks for ours may write 0. */
static void a_server_that_asks_for_the_signature_is_no_echo(void)
{
    static const uint8_t asks[] = {255, 253, 44, 255, 250, 44, 0, 255, 240};
    static const uint8_t answers[] = {255, 250, 44, 101, 0, 0, 37, 128, 255, 240};

    begin();
    fake_vport_open();
    server_accept(false);
    server_send(asks, sizeof asks);
    server_send(answers, sizeof answers);
    RUN_UNTIL(pty_session_is_connected(session) || strstr(trouble(), "sends back"));
    CHECK(pty_session_is_connected(session));
    end();
}

static void a_raw_server_gets_bytes_only(void)
{
    options.raw = true;
    begin();
    fake_vport_open();
    server_accept(false);
    RUN_UNTIL(pty_session_is_connected(session));
    fake_vport_set("8N1", 300);
    fake_vport_write("a\377b");
    RUN_UNTIL(raw.len > 0);
    CHECK_TEXT(raw.text, "raw 61 ff 62\n");
    server_send("\377\373,", 3);
    RUN_UNTIL(programs_saw("read ff fb 2c"));
    end();
}

static const struct test tests[] = {
    TEST(a_reconnect_tells_everything_anew),
    TEST(with_hangup_programs_are_hung_up),
    TEST(a_connection_that_fails_within_a_request_ends_later),
    TEST(a_server_that_is_not_there_yet_is_waited_for),
    TEST(what_lasts_is_told_again_and_for_how_long),
    TEST(another_kind_of_server_is_quoted),
    TEST(a_greeting_is_quoted_whatever_follows_it),
    TEST(what_greets_and_does_not_negotiate_is_quoted),
    TEST(a_busy_server_is_said_and_tried_again),
    TEST(text_before_the_option_is_a_reason_and_no_data),
    TEST(text_of_a_server_that_agrees_and_goes_is_a_reason_too),
    TEST(data_right_behind_the_agreement_is_kept),
    TEST(a_server_that_refuses_the_option_is_said),
    TEST(a_silent_server_is_given_up),
    TEST(a_server_that_is_silent_about_binary_is_served),
    TEST(an_echo_is_no_server),
    TEST(an_echo_of_a_server_that_answers_is_borne),
    TEST(a_server_that_asks_for_the_signature_is_no_echo),
    TEST(a_raw_server_gets_bytes_only),
};

TEST_MAIN(tests)
