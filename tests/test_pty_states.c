/* What net2pty makes of the STATE that com2net tells: packaging/doc/serial-extensions.md. */
#include "caller.h"
#include "log_peer.h"
#include "proto/serial_ext.h"
#include "pty_stage.h"

static void server_tell_state(enum serial_ext_state state, const char *text)
{
    const struct serial_ext_port_state s = {.state = (uint8_t)state,
                                            .text = {(const uint8_t *)text, strlen(text)}};
    uint8_t payload[SERIAL_EXT_MAX];
    const size_t len = serial_ext_put_state(&s, payload);

    comport_send(server.comport, (struct rfc2217_message){
                                     .command = RFC2217_STATE, .text = payload, .text_len = len});
    server_flush();
}

static bool report_says(const char *text)
{
    char report[PTY_REPORT_MAX];

    pty_session_report(session, report);
    return strstr(report, text) != NULL;
}

/* Greets as com2net does, and answers what it is asked first. */
static void server_begin(enum serial_ext_state state, const char *text)
{
    server_accept(true);
    RUN_UNTIL(server_saw(INTRODUCTION));
    server_tell_state(state, text);
    RUN_UNTIL(server_saw("SIGNATURE ?\n"));
    comport_send_text(server.comport, "com2net/9 ext=1");
    server_tell(RFC2217_SET_BAUDRATE, 9600);
    RUN_UNTIL(pty_session_is_connected(session));
}

static void a_device_that_is_away_is_waited_for(void)
{
    begin();
    server_begin(SERIAL_EXT_AWAY, "x: no such\ndevice");
    run_for(50);
    CHECK(connections == 0 && !pty_session_has_device(session));
    CHECK(strstr(logged, "the device is away: x: no suchdevice; waiting for it\n"));
    CHECK(report_says("state: connected, the device is away: x: no suchdevice\n"));
    server_tell_state(SERIAL_EXT_YOURS, "");
    RUN_UNTIL(connections == 1);
    CHECK(pty_session_has_device(session) && report_says("state: connected\n"));
    CHECK(strstr(logged, "the device is there"));
    end();
}

static void a_device_that_goes_later_is_said(void)
{
    begin();
    server_begin(SERIAL_EXT_YOURS, "");
    RUN_UNTIL(connections == 1);
    CHECK(!strstr(logged, "the device"));
    server_tell_state(SERIAL_EXT_AWAY, "it is unplugged");
    RUN_UNTIL(report_says("connected, the device is away: it is unplugged\n"));
    server_close(); /* and is not kept for the next connection */
    server_begin(SERIAL_EXT_YOURS, "");
    CHECK(pty_session_has_device(session) && report_says("state: connected\n"));
    end();
}

static void who_is_refused_says_by_whom(void)
{
    begin();
    server_accept(true);
    RUN_UNTIL(server_saw(INTRODUCTION));
    comport_send_text(server.comport, "busy");
    server_tell_state(SERIAL_EXT_BUSY, "10.0.0.9:5000 has it");
    run_for(20);
    server_close();
    RUN_UNTIL(strstr(logged, "in use by another client: 10.0.0.9:5000 has it; trying again"));
    CHECK(connections == 0);
    end();
}

static void an_observer_is_served(void)
{
    begin();
    server_begin(SERIAL_EXT_BUSY, "10.0.0.9:5000 has it, and you read along");
    RUN_UNTIL(connections == 1);
    CHECK(report_says("state: connected, 10.0.0.9:5000 has it, and you read along\n"));
    end();
}

static void a_state_that_is_cut_short_is_none(void)
{
    begin();
    server_begin(SERIAL_EXT_YOURS, "");
    comport_send(server.comport, (struct rfc2217_message){.command = RFC2217_STATE,
                                                          .text = (const uint8_t *)"\3\0\0",
                                                          .text_len = 3});
    server_flush();
    server_tell_state(77, "of a later version");
    RUN_UNTIL(report_says("of a later version"));
    CHECK(pty_session_has_device(session));
    end();
}

static bool is_answered;

static bool is_waiting(struct caller *c)
{
    (void)c;
    return true;
}

static int interruption(struct caller *c)
{
    (void)c;
    return 0;
}

static void answer(struct caller *c, int result)
{
    (void)c;
    is_answered = result == 0;
}

/* As COMMAND of this process, so that of another one that joins the link. */
static void who_joins_waits_for_the_device(void)
{
    static const struct caller_ops ops = {
        .is_waiting = is_waiting, .interruption = interruption, .answer = answer};
    struct caller at_once = {.ops = &ops}, patient = {.ops = &ops};

    begin();
    calls = calls_new(base);
    CHECK(calls && calls_add(calls, session) == 0);
    server_begin(SERIAL_EXT_AWAY, "");
    is_answered = false;
    calls_greet(calls, session, true, &at_once);
    CHECK(is_answered);
    is_answered = false;
    calls_greet(calls, session, false, &patient);
    run_for(100);
    CHECK(!is_answered);
    server_tell_state(SERIAL_EXT_YOURS, "");
    RUN_UNTIL(is_answered);
    calls_free(calls);
    calls = NULL;
    end();
}

static void a_server_does_not_fill_the_log_with_it(void)
{
    unsigned lines = 0;

    begin();
    server_begin(SERIAL_EXT_YOURS, "");
    log_init("test", LOG_LEVEL_INFO);
    log_peer_begin(base);
    for (int i = 0; i < 100; i++) {
        server_tell_state(SERIAL_EXT_AWAY, "it is unplugged");
        server_tell_state(SERIAL_EXT_YOURS, "");
    }
    server_tell_state(SERIAL_EXT_AWAY, "for good");
    RUN_UNTIL(report_says("connected, the device is away: for good\n"));
    for (const char *at = logged; (at = strstr(at, "the device is away")); at++)
        lines++;
    CHECK(lines > 0 && lines <= 20);
    log_peer_end();
    end();
}

static const struct test tests[] = {
    TEST(a_device_that_is_away_is_waited_for),
    TEST(a_device_that_goes_later_is_said),
    TEST(who_is_refused_says_by_whom),
    TEST(an_observer_is_served),
    TEST(a_state_that_is_cut_short_is_none),
    TEST(who_joins_waits_for_the_device),
    TEST(a_server_does_not_fill_the_log_with_it),
};

TEST_MAIN(tests)
