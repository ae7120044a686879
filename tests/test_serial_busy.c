/*
 * A driver that takes its time for a call: what its client sends waits, in order, until the call is
 * made. The worker makes it when the test lets it. What others notice is in test_serial_blocked.c.
 */
#include "serial_stage.h"

#include "fakes/fake_worker.h"

/* A port whose driver answers in time, as long as nothing is held. */
static void begin_slow(const char *arguments)
{
    begin(arguments);
    fake_worker = (struct fake_worker){0};
    fake_serial.blocks = fake_serial.base.blocks = true; /* it may be open already */
}

static void hold(void)
{
    fake_worker.holds = true;
}

/* Lets the call that is under way be made, and those after it be made in time. */
static void let_go(void)
{
    fake_worker.holds = false;
    fake_worker_release();
}

static void calls_that_are_made_in_time_are_as_any_other(void)
{
    struct client c;

    begin_slow("");
    client_agree(&c);
    client_write(&c, "old");
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_write(&c, "new");
    client_tell(&c, RFC2217_PURGE_DATA, RFC2217_PURGE_RX);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "PURGE-DATA"));
    CHECK_TEXT(fake_serial.journal.text,
               "write 6f 6c 64\nconfigure 300 8N1\nwrite 6e 65 77\npurge rx\n");
    CHECK(fake_worker.begun > 2);
    client_close(&c);
    RUN_UNTIL(NULL, !fake_serial.open);
    end();
}

/* Each command has its answer once it is done, and what comes after it waits. */
static void what_comes_after_a_call_waits_for_it(void)
{
    static const struct {
        enum rfc2217_command command;
        uint32_t value;
        const char *done, *answer;
    } commands[] = {
        {RFC2217_SET_BAUDRATE, 300, "configure 300 8N1\n", "SET-BAUDRATE 300\n"},
        {RFC2217_SET_PARITY, 3, "configure 9600 8E1\n", "SET-PARITY even\n"},
        {RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_HARDWARE, "configure 9600 8N1 rtscts\n",
         "SET-CONTROL flow rtscts\n"},
        {RFC2217_SET_CONTROL, RFC2217_CONTROL_BREAK_ON, "break on\n", "SET-CONTROL break on\n"},
        {RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF, "outputs RTS\n", "SET-CONTROL DTR off\n"},
        {RFC2217_PURGE_DATA, RFC2217_PURGE_BOTH, "purge rx tx\n", "PURGE-DATA 3\n"},
    };
    char text[256];

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct client c;

        begin_slow(",9600");
        client_agree(&c);
        hold();
        client_write(&c, "old");
        client_tell(&c, commands[i].command, commands[i].value);
        client_write(&c, "new");
        client_tell(&c, RFC2217_SET_DATASIZE, 7);
        client_tell(&c, RFC2217_SET_MODEMSTATE_MASK, 0);
        client_flush(&c);
        RUN_UNTIL(&c, fake_serial.held);
        run_for(&c, 500);
        CHECK_TEXT(fake_serial.journal.text, "write 6f 6c 64\n");
        CHECK_TEXT(c.end.journal.text, "");
        let_go();
        RUN_UNTIL(&c, client_saw(&c, "SET-MODEMSTATE-MASK"));
        snprintf(text, sizeof text, "write 6f 6c 64\n%swrite 6e 65 77\n", commands[i].done);
        fake_serial.journal.text[strlen(text)] = '\0';
        CHECK_TEXT(fake_serial.journal.text, text);
        snprintf(text, sizeof text, "%sSET-DATASIZE 7\n", commands[i].answer);
        c.end.journal.text[strlen(text)] = '\0';
        CHECK_TEXT(c.end.journal.text, text);
        client_close(&c);
        RUN_UNTIL(NULL, !fake_serial.open);
        end();
    }
}

static void bytes_and_a_malformed_command_stay_behind_a_group(void)
{
    struct client c;

    begin_slow("");
    client_agree(&c);
    hold();
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_OFF);
    client_flush(&c);
    client_send(&c,
                "\xff\xfa\x2c\x02\x08\x08\xff\xf0"
                "data\xff\xf3",
                14);
    RUN_UNTIL(&c, fake_serial.held);
    run_for(&c, 500);
    CHECK_TEXT(fake_serial.journal.text, "");
    CHECK_TEXT(c.end.journal.text, "");
    let_go();
    RUN_UNTIL(&c, device_saw("break on"));
    CHECK_TEXT(fake_serial.journal.text, "outputs none\nwrite 64 61 74 61\nbreak on\n");
    RUN_UNTIL(&c, client_saw(&c, "SET-DATASIZE"));
    CHECK_TEXT(c.end.journal.text, "SET-CONTROL DTR off\nSET-CONTROL RTS off\nSET-DATASIZE 8\n");
    client_close(&c);
    end();
}

static void a_break_lasts_from_when_it_is_made(void)
{
    struct client c;

    begin_slow("");
    client_agree(&c);
    hold();
    client_send(&c, "\xff\xf3x", 3);
    RUN_UNTIL(&c, fake_serial.held);
    run_for(&c, 1000);
    let_go();
    RUN_UNTIL(&c, device_saw("break on"));
    const uint64_t begun = clock_now_ms();
    RUN_UNTIL(&c, device_saw("break off"));
    CHECK(clock_now_ms() - begun >= 240);
    CHECK(device_saw("break on\nwrite 78\nbreak off"));
    client_close(&c);
    end();
}

static void a_refusal_that_comes_late_is_told(void)
{
    struct client c;

    begin_slow(",9600");
    client_agree(&c);
    hold();
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_flush(&c);
    RUN_UNTIL(&c, fake_serial.held);
    fake_serial.configure_error = -EINVAL;
    let_go();
    RUN_UNTIL(&c, client_saw(&c, "SET-BAUDRATE 9600"));
    CHECK(strstr(logged, "the port refuses SET-BAUDRATE 300"));
    client_close(&c);
    end();
}

/* A raw client has no commands: what is under way is of the one before it. */
static void the_next_client_waits_for_what_the_last_one_has_left(void)
{
    struct client first, next;

    begin_slow("");
    client_agree(&first);
    hold();
    client_tell(&first, RFC2217_SET_BAUDRATE, 300);
    client_flush(&first);
    RUN_UNTIL(&first, fake_serial.held);
    client_close(&first);
    run_for(NULL, 100);
    client_connect(&next);
    client_send(&next, "data", 4);
    run_for(&next, 3000);
    CHECK_TEXT(fake_serial.journal.text, "");
    let_go();
    RUN_UNTIL(&next, device_saw("write 64 61 74 61"));
    client_close(&next);
    RUN_UNTIL(NULL, !fake_serial.open);
    end();
}

static void a_port_is_opened_again_only_when_it_is_closed(void)
{
    struct client first, next;

    begin_slow("");
    client_agree(&first);
    hold();
    client_close(&first);
    /* after questions, which are answered one by one */
    RUN_UNTIL(NULL, fake_serial.stopped || (fake_worker_release(), false));
    client_begin_telnet(&next);
    run_for(&next, 2000);
    CHECK(next.end.journal.len == 0 && !device_saw("close"));
    CHECK(strstr(logged, "the driver takes long to close it"));
    let_go();
    RUN_UNTIL(&next, client_saw(&next, "NOTIFY-MODEMSTATE"));
    CHECK(device_saw("close\nopen"));
    client_close(&next);
    RUN_UNTIL(NULL, !fake_serial.open);
    end();
}

/* The driver is slow with the first call after its open. What was opened is used once. */
static void a_device_that_is_busy_once_it_is_open_is_opened_anew_when_it_returns(void)
{
    struct client c;

    begin_slow(",hotplug");
    fake_serial.opening = hold;
    client_begin_telnet(&c);
    RUN_UNTIL(&c, fake_serial.held);
    fake_serial.opening = NULL;
    journal_clear(&fake_serial.journal);
    fake_serial_unplug();
    let_go();
    RUN_UNTIL(&c, strstr(logged, ": back, "));
    CHECK(device_saw("open"));
    client_close(&c);
    RUN_UNTIL(NULL, !fake_serial.open);
    end();
}

/* The driver is slow to put back what the one before has changed. */
static void who_takes_over_waits_for_what_is_put_back(void)
{
    struct client owner, next;

    begin_slow(",takeover");
    client_agree(&owner);
    client_tell(&owner, RFC2217_SET_BAUDRATE, 300);
    client_flush(&owner);
    RUN_UNTIL(&owner, client_saw(&owner, "SET-BAUDRATE 300"));
    hold();
    client_begin_telnet(&next);
    RUN_UNTIL(&next, fake_serial.held);
    run_for(&next, 1000);
    CHECK(!next.ended && next.end.journal.len == 0);
    let_go();
    RUN_UNTIL(&next, client_saw(&next, "NOTIFY-MODEMSTATE"));
    RUN_UNTIL(&next, fake_serial.outputs == LINE_OUTPUTS && fake_serial.line.baud == 9600);
    client_close(&next);
    client_close(&owner);
    RUN_UNTIL(NULL, !fake_serial.open);
    end();
}

/* Ten seconds are long enough for a client to wait. */
static void who_waits_too_long_is_told_that_it_is_busy(void)
{
    static const char *const options[] = {"", ",takeover"};

    for (int i = 0; i < 2; i++) {
        struct client owner, next;

        begin_slow(options[i]);
        client_agree(&owner);
        hold();
        client_tell(&owner, RFC2217_SET_BAUDRATE, 300);
        client_flush(&owner);
        RUN_UNTIL(&owner, fake_serial.held);
        client_begin_telnet(&next);
        run_for(&next, 9000);
        CHECK(!next.ended);
        RUN_UNTIL(&next, next.ended);
        CHECK(client_saw(&next, "SIGNATURE busy"));
        let_go();
        RUN_UNTIL(&owner, client_saw(&owner, "SET-BAUDRATE 300"));
        client_close(&next);
        client_close(&owner);
        RUN_UNTIL(NULL, !fake_serial.open);
        end();
    }
}

static void a_reset_goes_on_from_when_its_step_is_made(void)
{
    struct client c;

    begin_slow(",reset=esp");
    client_agree(&c);
    hold();
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_write(&c, "after");
    client_flush(&c);
    RUN_UNTIL(&c, fake_serial.held);
    run_for(&c, 1000);
    CHECK_TEXT(fake_serial.journal.text, "");
    let_go();
    const uint64_t first = outputs_become(&c, LINE_RTS);
    const uint64_t second = outputs_become(&c, LINE_DTR);
    CHECK(second - first >= 95000);
    hold();
    RUN_UNTIL(&c, fake_serial.held); /* by the last step */
    run_for(&c, 1000);
    CHECK(!client_saw(&c, "reset"));
    let_go();
    RUN_UNTIL(&c, client_saw(&c, "SET-CONTROL reset"));
    RUN_UNTIL(&c, device_saw("write"));
    CHECK_TEXT(fake_serial.journal.text, "outputs RTS\noutputs DTR\noutputs none\n"
                                         "write 61 66 74 65 72\n");
    client_close(&c);
    end();
}

/* What an owner leaves behind is put back, in order, however much of it has to wait. */
static void a_held_port_is_put_back_after_the_call(void)
{
    struct client c, next;

    begin_slow(",9600,hold");
    client_agree(&c);
    hold();
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_flush(&c);
    RUN_UNTIL(&c, fake_serial.held);
    client_close(&c);
    run_for(NULL, 8000);
    CHECK_TEXT(fake_serial.journal.text, "");
    let_go();
    RUN_UNTIL(NULL, device_saw("outputs none\nconfigure 9600 8N1"));
    CHECK(device_saw("configure 300 8N1\n"));
    client_agree(&next);
    CHECK(fake_serial.outputs == LINE_OUTPUTS && fake_serial.line.baud == 9600);
    client_close(&next);
    end();
}

/* Runs until a condition holds, with a driver that makes each call late. */
#define RUN_SLOWLY_UNTIL(client, condition)                                                        \
    do {                                                                                           \
        hold();                                                                                    \
        RUN_UNTIL(client, (condition) || (fake_worker_release(), false));                          \
    } while (0)

static void a_driver_that_is_always_slow_is_served(void)
{
    struct client c;

    begin_slow(",9600");
    client_begin_telnet(&c);
    RUN_SLOWLY_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE"));
    CHECK(!device_saw("outputs")); /* they are up, and stay so */
    journal_clear(&c.end.journal);
    journal_clear(&fake_serial.journal);
    fake_serial.untransmitted = 3;
    client_write(&c, "old");
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_write(&c, "new");
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_QUERY);
    client_flush(&c);
    RUN_SLOWLY_UNTIL(&c, device_saw("write"));
    fake_serial.untransmitted = 0;
    RUN_SLOWLY_UNTIL(&c, client_saw(&c, "RTS"));
    CHECK_TEXT(fake_serial.journal.text,
               "write 6f 6c 64\nconfigure 300 8N1\nwrite 6e 65 77\noutputs RTS\n");
    CHECK_TEXT(c.end.journal.text, "SET-BAUDRATE 300\nSET-CONTROL DTR off\nSET-CONTROL RTS on\n");
    client_close(&c);
    RUN_SLOWLY_UNTIL(NULL, !fake_serial.open);
    let_go();
    end();
}

/* Ends while the driver has a call. Returns how long that was waited for. */
static unsigned end_with_a_call(void)
{
    struct client c;

    begin_slow("");
    fake_worker.sleeps = true;
    client_agree(&c);
    hold();
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_flush(&c);
    RUN_UNTIL(&c, fake_serial.held);
    endpoint_free(endpoint);
    crowd_free(crowd);
    loop_free(base);
    client_close(&c);
    CHECK(fake_serial.open); /* it is the system that closes it */
    return fake_worker.waited_ms;
}

static void an_end_does_not_wait_for_ever(void)
{
    unsigned waited_ms = 0;

    for (int port = 0; port < 5; port++) /* not two seconds for each */
        waited_ms += end_with_a_call();
    CHECK(waited_ms < 4000);
}

static void without_a_thread_a_call_takes_as_long_as_it_takes(void)
{
    struct client c;

    begin_slow("");
    fake_worker.refuses = true;
    client_agree(&c);
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SET-BAUDRATE 300"));
    CHECK_TEXT(fake_serial.journal.text, "configure 300 8N1\n");
    client_close(&c);
    RUN_UNTIL(NULL, !fake_serial.open);
    end();
}

static const struct test tests[] = {
    TEST(calls_that_are_made_in_time_are_as_any_other),
    TEST(what_comes_after_a_call_waits_for_it),
    TEST(bytes_and_a_malformed_command_stay_behind_a_group),
    TEST(a_break_lasts_from_when_it_is_made),
    TEST(a_refusal_that_comes_late_is_told),
    TEST(the_next_client_waits_for_what_the_last_one_has_left),
    TEST(a_port_is_opened_again_only_when_it_is_closed),
    TEST(a_device_that_is_busy_once_it_is_open_is_opened_anew_when_it_returns),
    TEST(who_takes_over_waits_for_what_is_put_back),
    TEST(who_waits_too_long_is_told_that_it_is_busy),
    TEST(a_reset_goes_on_from_when_its_step_is_made),
    TEST(a_held_port_is_put_back_after_the_call),
    TEST(a_driver_that_is_always_slow_is_served),
    TEST(an_end_does_not_wait_for_ever),
    TEST(without_a_thread_a_call_takes_as_long_as_it_takes),
};

STAGE_MAIN(tests)
