/*
 * The way of data through net2pty's session: programs that do not read, purges, and what a lost
 * connection takes with it.
 */
#include <sys/ioctl.h>

#include <time.h>

#include "pty_stage.h"

static void data_for_nobody_is_dropped(void)
{
    begin();
    server_agree_and_teach();
    comport_send_data(server.comport, (const uint8_t *)"lost", 4);
    server_flush();
    run_for(20);
    fake_vport_open();
    comport_send_data(server.comport, (const uint8_t *)"got\377", 4);
    server_flush();
    RUN_UNTIL(programs_saw("read 67 6f 74 ff"));
    end();
}

/* A program has the port open, and the loop has not heard of it. */
static void data_right_behind_an_open_are_kept(void)
{
    begin();
    server_agree_and_teach();
    fake_vport.opens = true;
    comport_send_data(server.comport, (const uint8_t *)"got", 3);
    server_flush();
    RUN_UNTIL(programs_saw("read 67 6f 74"));
    RUN_UNTIL(server_saw("RTS on"));
    end();
}

static void a_slow_program_pauses_the_server_and_loses_nothing(void)
{
    static uint8_t block[8192];
    size_t sent = 0, got = 0;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport.room = 0;
    run_for(10);
    for (int idle = 0; idle < 100;) {
        ssize_t n = send(fd, block, sizeof block, MSG_NOSIGNAL | MSG_DONTWAIT);

        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        event_base_loop(base, EVLOOP_NONBLOCK);
        CHECK(sent < 64 * 1024 * 1024);
    }
    uint64_t limit = patience_ms() + 5000; /* without any */
    while (got < sent && patience_ms() < limit) {
        journal_clear(&fake_vport.journal);
        fake_vport_make_room(5000);
        event_base_loop(base, EVLOOP_NONBLOCK);
        got += 5000 - fake_vport.room;
        if (fake_vport.room < 5000)
            limit = patience_ms() + 5000;
    }
    CHECK(got == sent);
    end();
}

/* Sends data, which nobody reads, and then that CTS is on. */
static void server_talks(size_t len)
{
    static uint8_t block[4096];

    for (size_t sent = 0; sent < len; sent += sizeof block) {
        CHECK(comport_send_data(server.comport, block, sizeof block) == 0);
        while (comport_output(server.comport)->len > 0) {
            struct buf *out = comport_output(server.comport);
            ssize_t n = send(fd, buf_head(out), out->len, MSG_NOSIGNAL | MSG_DONTWAIT);

            buf_drain(out, n > 0 ? (size_t)n : 0);
            turn();
        }
    }
    comport_send_value(server.comport, RFC2217_NOTIFY_MODEMSTATE, 0x11);
    server_flush();
}

static size_t read_all(void)
{
    size_t got = 0;

    while (fake_vport.room == 0) {
        journal_clear(&fake_vport.journal);
        fake_vport_make_room(5000);
        got += 5000 - fake_vport.room;
    }
    return got;
}

static void lines_and_drains_do_not_wait_for_what_nobody_reads(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;
    struct ioctl_counts counts;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_set("8N1", 115200);
    for (int pause = 1; pause <= 2; pause++) {
        fake_vport.room = 0;
        server_talks(300 * 1024);
        RUN_UNTIL(port->lines(pty_session_ioctl(session)) & LINE_CTS);
        unsigned drain = port->begin_drain(pty_session_ioctl(session));
        for (int i = 0; i < 2; i++) /* to the setting before, and to this */
            server_tell(RFC2217_SET_STOPSIZE, 1);
        RUN_UNTIL(port->is_drained(pty_session_ioctl(session), drain));
        CHECK(times_logged("does not read") == (size_t)pause);

        size_t got = read_all();
        port->counts(pty_session_ioctl(session), &counts);
        CHECK(got <= 64 * 1024);
        CHECK(got * (size_t)pause + counts.buf_overrun == (size_t)pause * 300 * 1024);
        CHECK(counts.rx == (unsigned)pause * 300 * 1024);
        server_tell(RFC2217_NOTIFY_MODEMSTATE, 0x01);
        RUN_UNTIL(!(port->lines(pty_session_ioctl(session)) & LINE_CTS));
    }
    end();
}

static void with_flow_control_com2net_is_told_to_hold_back_and_nothing_is_lost(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;
    struct ioctl_counts counts;

    begin();
    server_agree_and_teach(); /* rtscts */
    fake_vport_open();
    fake_vport.room = 0;
    server_talks(32 * 1024);
    RUN_UNTIL(server_saw("FLOWCONTROL-SUSPEND"));
    RUN_UNTIL(port->lines(pty_session_ioctl(session)) & LINE_CTS);
    CHECK(!server_saw("FLOWCONTROL-RESUME"));
    CHECK(read_all() == 32 * 1024);
    RUN_UNTIL(server_saw("FLOWCONTROL-RESUME"));
    port->counts(pty_session_ioctl(session), &counts);
    CHECK(counts.buf_overrun == 0);

    fake_vport.room = 0; /* the program goes and leaves it */
    journal_clear(&server.journal);
    server_talks(8 * 1024);
    RUN_UNTIL(server_saw("FLOWCONTROL-SUSPEND"));
    fake_vport_close();
    RUN_UNTIL(server_saw("FLOWCONTROL-RESUME"));
    end();
}

/* Others may hold answers back, too, when they are told: their connection is held. */
static void with_flow_control_others_are_held(void)
{
    char report[PTY_REPORT_MAX];

    begin();
    server_accept(true);
    fake_vport_open();
    fake_vport_set("8N1", 9600);
    fake_vport.line.flow_in = LINE_FLOW_HARDWARE;
    fake_vport.line.flow_out = LINE_FLOW_HARDWARE;
    RUN_UNTIL(pty_session_is_connected(session));
    fake_vport.room = 0;
    comport_send_data(server.comport, (const uint8_t *)"abc", 3);
    server_flush();
    run_for(1100); /* longer than it takes to find that nobody reads */
    comport_send_data(server.comport, (const uint8_t *)"def", 3);
    server_flush();
    run_for(50);
    CHECK(!server_saw("SUSPEND"));
    pty_session_report(session, report);
    CHECK(strstr(report, "received: 3 bytes\n"));
    fake_vport_make_room(6);
    RUN_UNTIL(programs_saw("read 61 62 63 64 65 66"));
    end();
}

/* What the server's system has acknowledged it may still read; the rest is lost, and said. */
static void what_a_lost_connection_takes_with_it_is_counted(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;
    static char block[16 * 1024];
    const struct timespec late = {0, 200000000};
    char report[PTY_REPORT_MAX], line[100];
    struct ioctl_counts counts;
    size_t written = 0;
    int held = 0;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    RUN_UNTIL(server_saw("SET-LINES"));
    memset(block, 'x', sizeof block - 1);
    while (fake_vport.reading) { /* the server reads nothing */
        fake_vport_write(block);
        written += sizeof block - 1;
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    clock_nanosleep(CLOCK_MONOTONIC, 0, &late,
                    NULL); /* the server's system may acknowledge late, in real time */
    event_base_loop(base, EVLOOP_NONBLOCK);
    CHECK(ioctl(fd, FIONREAD, &held) == 0 && held > 0);
    server_close(); /* a reset, as it has not read that */
    RUN_UNTIL(strstr(logged, "are lost with the connection"));
    snprintf(line, sizeof line, "%zu bytes that programs had written are lost",
             written - (size_t)held);
    CHECK(strstr(logged, line));
    port->counts(pty_session_ioctl(session), &counts);
    CHECK(counts.overrun == written - (size_t)held && counts.buf_overrun == counts.overrun);
    pty_session_report(session, report);
    snprintf(line, sizeof line, "lost: %zu bytes", written - (size_t)held);
    CHECK(strstr(report, line));
    CHECK(times_logged("are lost") == 1);
    end();
}

static void a_connection_without_anything_under_way_takes_nothing_with_it(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_write("a\377b");
    RUN_UNTIL(server_saw("data 61 ff 62"));
    server_close();
    RUN_UNTIL(strstr(logged, "trying again"));
    CHECK(times_logged("are lost") == 0);
    end();
}

/* What a poll has shown is told again by a notification, of several of which each has its own. */
static void edges_that_a_poll_has_shown_count_once(void)
{
    const struct ioctl_port *port = &pty_ioctl_port;
    struct ioctl_counts counts;

    begin();
    server_agree_and_teach();
    fake_vport_open();
    for (unsigned i = 1; i <= 2; i++) {
        CHECK(!pty_ioctl_knows_lines(pty_session_ioctl(session)));
        RUN_UNTIL(server_saw("NOTIFY-MODEMSTATE") && server_saw("SET-STOPSIZE ?"));
        journal_clear(&server.journal);
        server_tell(RFC2217_NOTIFY_MODEMSTATE, i == 1 ? LINE_CTS : LINE_CTS | LINE_DSR);
        server_tell(RFC2217_SET_STOPSIZE, 1);
        RUN_UNTIL(pty_ioctl_knows_lines(pty_session_ioctl(session)));
        port->set_lines(pty_session_ioctl(session), LINE_DTR, LINE_DTR);
    }
    server_tell(RFC2217_NOTIFY_MODEMSTATE, LINE_CTS | LINE_DSR | 1);
    server_tell(RFC2217_NOTIFY_MODEMSTATE, LINE_CTS | LINE_DSR | 2);
    run_for(20);
    port->counts(pty_session_ioctl(session), &counts);
    CHECK(counts.cts == 1 && counts.dsr == 1);
    end();
}

static void a_suspending_server_gets_nothing(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    comport_send(server.comport, (struct rfc2217_message){.command = RFC2217_FLOWCONTROL_SUSPEND});
    server_flush();
    RUN_UNTIL(!fake_vport.reading);
    comport_send(server.comport, (struct rfc2217_message){.command = RFC2217_FLOWCONTROL_RESUME});
    server_flush();
    RUN_UNTIL(fake_vport.reading);
    end();
}

static void what_is_older_than_a_purge_is_dropped(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    fake_vport_flush(true, false);
    comport_send_data(server.comport, (const uint8_t *)"old", 3);
    server_flush();
    RUN_UNTIL(server_saw("PURGE-DATA 1"));
    server_tell(RFC2217_PURGE_DATA, 1);
    comport_send_data(server.comport, (const uint8_t *)"new", 3);
    server_flush();
    RUN_UNTIL(programs_saw("read"));
    CHECK(programs_saw("read 6e 65 77\n"));
    fake_vport_flush(false, true);
    fake_vport_flush(true, true);
    RUN_UNTIL(server_saw("PURGE-DATA 2\nPURGE-DATA 3"));
    end();
}

static void what_is_older_than_the_last_of_several_purges_is_dropped(void)
{
    begin();
    server_agree_and_teach();
    fake_vport_open();
    RUN_UNTIL(server_saw("SET-LINES"));
    fake_vport_flush(true, false);
    fake_vport_flush(true, false);
    server_tell(RFC2217_PURGE_DATA, 1);
    comport_send_data(server.comport, (const uint8_t *)"old", 3);
    server_tell(RFC2217_PURGE_DATA, 1);
    comport_send_data(server.comport, (const uint8_t *)"new", 3);
    server_flush();
    RUN_UNTIL(programs_saw("read"));
    CHECK_TEXT(strstr(fake_vport.journal.text, "read"), "read 6e 65 77\n");
    end();
}

static void a_purge_that_a_stranger_never_answers_drops_nothing(void)
{
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("RTS off"));
    comport_send_text(server.comport, "ser2net");
    server_flush();
    run_for(20);
    fake_vport_open();
    fake_vport_flush(true, false);
    comport_send_data(server.comport, (const uint8_t *)"data", 4);
    server_flush();
    RUN_UNTIL(programs_saw("read 64 61 74 61"));
    end();
}

static const struct test tests[] = {
    TEST(data_for_nobody_is_dropped),
    TEST(data_right_behind_an_open_are_kept),
    TEST(a_slow_program_pauses_the_server_and_loses_nothing),
    TEST(lines_and_drains_do_not_wait_for_what_nobody_reads),
    TEST(with_flow_control_com2net_is_told_to_hold_back_and_nothing_is_lost),
    TEST(with_flow_control_others_are_held),
    TEST(what_a_lost_connection_takes_with_it_is_counted),
    TEST(a_connection_without_anything_under_way_takes_nothing_with_it),
    TEST(edges_that_a_poll_has_shown_count_once),
    TEST(a_suspending_server_gets_nothing),
    TEST(what_is_older_than_a_purge_is_dropped),
    TEST(what_is_older_than_the_last_of_several_purges_is_dropped),
    TEST(a_purge_that_a_stranger_never_answers_drops_nothing),
};

TEST_MAIN(tests)
