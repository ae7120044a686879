/* How net2pty goes on with a session, or does not: packaging/doc/serial-extensions.md, RESUME. */
#include "proto/serial_ext.h"
#include "pty_ioctl.h"
#include "pty_stage.h"

static void server_resume(enum serial_ext_resume_kind kind, uint64_t received, uint32_t grace_s)
{
    const struct serial_ext_resume r = {
        .kind = (uint8_t)kind, .received = received, .grace_s = grace_s};
    uint8_t payload[SERIAL_EXT_MAX];
    const size_t len = serial_ext_put_resume(&r, payload);

    comport_send(server.comport, (struct rfc2217_message){
                                     .command = RFC2217_RESUME, .text = payload, .text_len = len});
    server_flush();
}

static void reset_connection(void)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    server_close();
}

/* A session that the server keeps, with a program at work. */
static void begin_kept(uint32_t grace_s)
{
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw("SIGNATURE ?\n"));
    comport_send_text(server.comport, "com2net/9 ext=1");
    server_tell(RFC2217_SET_BAUDRATE, 9600);
    RUN_UNTIL(server_saw("RESUME begin"));
    server_resume(SERIAL_EXT_GRANT, 0, grace_s);
    RUN_UNTIL(pty_session_is_connected(session));
    fake_vport_open();
    RUN_UNTIL(server_saw("RTS on"));
}

/* The connection is lost: by a reset, as a host in between makes one. */
static void lose(void)
{
    reset_connection();
    RUN_UNTIL(strstr(logged, "the connection is lost"));
    CHECK(pty_session_is_connected(session));
}

/* The client comes, and asks for its session. */
static void server_is_asked(void)
{
    server_accept(true);
    RUN_UNTIL(server_saw("SIGNATURE ?\n"));
    comport_send_text(server.comport, "com2net/9 ext=1");
    server_flush();
    RUN_UNTIL(server_saw("RESUME resume"));
}

/* The system says each error once: to who sends, if he is the first. */
static void a_reset_that_sending_finds_is_a_loss_too(void)
{
    begin_kept(90);
    reset_connection();
    fake_vport_write("abc");
    fake_vport_write("def");
    RUN_UNTIL(strstr(logged, "the connection is lost"));
    server_is_asked();
    server_resume(SERIAL_EXT_GRANT, 0, 90);
    RUN_UNTIL(strstr(logged, "nothing is lost"));
    end();
}

static void what_a_new_session_sends_at_once_is_not_lost(void)
{
    begin_kept(90);
    lose();
    server_accept(true); /* by a com2net that was started anew: the port is the client's at once */
    RUN_UNTIL(server_saw("SIGNATURE ?\n"));
    comport_send_data(server.comport, (const uint8_t *)"boot", 4);
    comport_send_text(server.comport, "com2net/9 ext=1");
    server_flush();
    RUN_UNTIL(server_saw("RESUME resume"));
    CHECK(!programs_saw("read"));
    server_resume(SERIAL_EXT_REFUSE, 0, 0);
    server_tell(RFC2217_SET_BAUDRATE, 9600);
    RUN_UNTIL(programs_saw("read 62 6f 6f 74\n"));
    CHECK(!programs_saw("hung up"));
    end();
}

/* As over a network that loses packets. The session is the server's to give up: one that began anew
 * would get what is sent for the old one. */
/* A program that waits until all is out waits for the server, too. */
static void what_waits_for_another_connection_is_not_out(void)
{
    begin_kept(90);
    reset_connection();
    fake_vport_write("abc");
    fake_vport_write("def");
    RUN_UNTIL(strstr(logged, "the connection is lost"));
    CHECK(pty_ioctl_port.unsent(pty_session_ioctl(session)) >= 6);
    server_is_asked();
    server_resume(SERIAL_EXT_GRANT, 0, 90);
    RUN_UNTIL(strstr(logged, "nothing is lost"));
    RUN_UNTIL(server_saw("data 61 62 63"));
    server_tell(RFC2217_NOTIFY_MODEMSTATE, 0); /* takes the acknowledgement along */
    RUN_UNTIL(pty_ioctl_port.unsent(pty_session_ioctl(session)) == 0);
    end();
}

/* It would come when nobody waits for it any more. */
static void nothing_is_reset_while_the_connection_is_lost(void)
{
    begin_kept(90);
    lose();
    const int asker = fake_vport_ask();
    CHECK(send(asker, "reset\n", 6, MSG_NOSIGNAL) == 6);
    RUN_UNTIL(strstr(logged, "reset: not connected to the server"));
    server_is_asked();
    server_resume(SERIAL_EXT_GRANT, 0, 90);
    RUN_UNTIL(strstr(logged, "nothing is lost"));
    run_for(100);
    CHECK(!server_saw("SET-CONTROL reset"));
    close(asker);
    end();
}

static void a_server_may_be_slow_to_answer(void)
{
    begin_kept(90);
    lose();
    server_is_asked();
    run_for(5000);
    CHECK(!server_saw("SET-BAUDRATE") && !strstr(logged, "lost with the connection"));
    server_resume(SERIAL_EXT_GRANT, 0, 90);
    RUN_UNTIL(strstr(logged, "nothing is lost"));
    end();
}

static void what_is_read_along_is_nobodys(void)
{
    begin_kept(90);
    lose();
    server_is_asked(); /* and reads along until it is known whose client it is */
    comport_send_data(server.comport, (const uint8_t *)"old", 3);
    server_resume(SERIAL_EXT_GRANT, 1000000, 90);
    RUN_UNTIL(strstr(logged, "counts bytes that it cannot have"));
    CHECK(!pty_session_is_connected(session) && !programs_saw("read"));
    end();
}

static void it_is_told_since_when_the_connection_is_lost(void)
{
    begin_kept(90);
    lose();
    close(listener);
    run_for(70000);
    CHECK(strstr(logged, "still waiting, for 6"));
    listen_again();
    end();
}

static void who_is_too_late_hangs_up_with_hangup(void)
{
    options.hangup = true;
    begin_kept(1);
    lose();
    close(listener);
    CHECK(!programs_saw("hung up"));
    RUN_UNTIL(strstr(logged, "the connection was lost for too long"));
    RUN_UNTIL(programs_saw("hung up"));
    CHECK(!pty_session_is_connected(session));
    listen_again();
    end();
}

static const struct test tests[] = {
    TEST(a_reset_that_sending_finds_is_a_loss_too),
    TEST(what_a_new_session_sends_at_once_is_not_lost),
    TEST(what_waits_for_another_connection_is_not_out),
    TEST(nothing_is_reset_while_the_connection_is_lost),
    TEST(a_server_may_be_slow_to_answer),
    TEST(what_is_read_along_is_nobodys),
    TEST(it_is_told_since_when_the_connection_is_lost),
    TEST(who_is_too_late_hangs_up_with_hangup),
};

TEST_MAIN(tests)
