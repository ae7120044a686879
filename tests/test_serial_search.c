/*
 * A port that is published by its serial number: who comes waits for the list of the ports, and a
 * device that is away is looked for by such lists. And one that is opened by a worker.
 */
#include "serial_stage.h"

#include "fakes/fake_worker.h"

static const struct serial_info ports[] = {
    {.path = "/dev/ttyUSB0", .serial = "A1", .vid = 0x0403, .pid = 0x6001, .interface = 0},
    {.path = "/dev/ttyUSB1", .serial = "B2", .vid = 0x10c4, .pid = 0xea60, .interface = 0},
};

static void begin_searched(const char *words, size_t count)
{
    fake_worker = (struct fake_worker){0};
    begin_among(ports, count, words);
    CHECK(fake_worker.begun == 0); /* before the loop runs there is time */
}

/* Lets the job that waits be done, and the next ones at once. */
static void let_go(void)
{
    fake_worker.holds = false;
    fake_worker_release();
}

static void a_client_has_the_port_once_it_is_found(void)
{
    struct client c;

    begin_searched("serial=B2", 2);
    fake_worker.holds = true;
    client_begin_telnet(&c);
    RUN_UNTIL(&c, fake_worker.begun == 1);
    run_for(&c, 1000);
    CHECK(c.end.journal.len == 0 && !c.ended && !fake_serial.open);
    let_go();
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE"));
    CHECK_TEXT(fake_serial.path, "/dev/ttyUSB1");
    client_close(&c);
    end();
}

static void the_first_who_waits_has_it_and_the_next_are_told(void)
{
    struct client first, second;

    begin_searched("serial=A1", 2);
    fake_worker.holds = true;
    client_begin_telnet(&first);
    RUN_UNTIL(&first, fake_worker.begun == 1);
    client_begin_telnet(&second);
    run_for(&second, 100);
    let_go();
    RUN_UNTIL(&first, client_saw(&first, "NOTIFY-MODEMSTATE"));
    RUN_UNTIL(&second, second.ended);
    CHECK(client_saw(&second, "SIGNATURE busy"));
    CHECK(fake_serial.listed == 2);
    client_close(&second);
    client_close(&first);
    end();
}

static void too_many_who_wait_are_told_that_it_is_busy(void)
{
    enum { MANY = 9 };
    struct client c[MANY];

    begin_searched("serial=A1", 2);
    fake_worker.holds = true;
    for (int i = 0; i < MANY; i++) {
        client_begin_telnet(&c[i]);
        run_for(&c[i], 10);
    }
    RUN_UNTIL(&c[MANY - 1], c[MANY - 1].ended);
    CHECK(client_saw(&c[MANY - 1], "SIGNATURE busy"));
    let_go();
    RUN_UNTIL(&c[0], client_saw(&c[0], "NOTIFY-MODEMSTATE"));
    for (int i = 0; i < MANY; i++)
        client_close(&c[i]);
    end();
}

static void a_port_that_is_not_there_is_absent(void)
{
    struct client c;

    begin_searched("serial=B2", 2);
    fake_serial.port_count = 1;
    client_begin_telnet(&c);
    RUN_UNTIL(&c, c.ended);
    CHECK(client_saw(&c, "SIGNATURE absent"));
    client_close(&c);
    fake_serial.port_count = 2; /* what was found then is not kept */
    client_agree(&c);
    client_close(&c);
    end();
}

static void a_list_that_takes_too_long_ends_the_wait(void)
{
    struct client c;

    begin_searched("serial=B2", 2);
    fake_worker.holds = true;
    client_begin_telnet(&c);
    run_for(&c, 9000);
    CHECK(!c.ended);
    run_for(&c, 2000);
    RUN_UNTIL(&c, c.ended);
    CHECK(client_saw(&c, "SIGNATURE failed"));
    CHECK(strstr(logged, "the system takes too long to list its ports"));
    client_close(&c);
    let_go();
    client_agree(&c);
    CHECK(fake_serial.listed == 3);
    client_close(&c);
    end();
}

static void with_hotplug_it_begins_without_the_device_then(void)
{
    struct client c;

    begin_searched("serial=B2,hotplug", 2);
    fake_worker.holds = true;
    client_begin_telnet(&c);
    run_for(&c, 11000);
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE"));
    CHECK(!fake_serial.open);
    let_go();
    RUN_UNTIL(&c, fake_serial.open);
    client_close(&c);
    end();
}

static void a_list_that_fails_is_said(void)
{
    struct client c;

    begin_searched("serial=B2", 2);
    fake_worker.refuses = true;
    client_begin_telnet(&c);
    RUN_UNTIL(&c, c.ended);
    CHECK(client_saw(&c, "SIGNATURE failed"));
    CHECK(strstr(logged, "cannot list the serial ports"));
    client_close(&c);
    end();
}

static void one_who_leaves_while_it_is_searched_for_leaves_nothing(void)
{
    struct client c;

    begin_searched("serial=B2", 2);
    fake_worker.holds = true;
    client_begin_telnet(&c);
    RUN_UNTIL(&c, fake_worker.begun == 1);
    client_abort(&c);
    run_for(NULL, 1000);
    let_go();
    run_for(NULL, 1000);
    CHECK(!fake_serial.open);
    fake_serial.ports = ports + 1; /* what was found then is not kept */
    fake_serial.port_count = 1;
    client_agree(&c);
    CHECK(fake_serial.listed == 3);
    client_close(&c);
    end();
}

static void a_device_that_is_away_is_looked_for_now_and_then(void)
{
    struct client c;

    begin_searched("serial=B2,hotplug", 2);
    client_agree(&c);
    fake_serial.port_count = 1;
    fake_serial_unplug();
    fake_worker.begun = 0;
    run_for(&c, 20000);
    CHECK(fake_worker.begun >= 9 && fake_worker.begun <= 11);
    fake_serial.port_count = 2;
    RUN_UNTIL(&c, fake_serial.open);
    CHECK(!c.ended);
    client_close(&c);
    end();
}

static void a_port_that_comes_is_looked_at_at_once(void)
{
    struct client c;

    begin_searched("serial=B2,hotplug", 2);
    client_agree(&c);
    fake_serial.port_count = 1;
    fake_serial_unplug();
    run_for(&c, 5000);
    fake_serial.port_count = 2;
    const uint64_t came_ms = clock_now_ms();
    fake_serial_arrive();
    RUN_UNTIL(&c, fake_serial.open);
    CHECK(clock_now_ms() - came_ms < 500);
    client_close(&c);
    end();
}

static void a_port_that_comes_while_a_list_is_made_is_in_the_next_one(void)
{
    struct client c;

    begin_searched("serial=B2,hotplug", 2);
    client_agree(&c);
    fake_serial.port_count = 1;
    fake_serial.listed = 0;
    fake_worker.begun = 0;
    fake_worker.holds = true;
    fake_serial_unplug();
    RUN_UNTIL(&c, fake_worker.begun == 1);
    fake_serial_arrive();
    let_go();
    RUN_UNTIL(&c, fake_serial.listed == 1);
    const uint64_t came_ms = clock_now_ms();
    RUN_UNTIL(&c, fake_worker.begun == 2);
    CHECK(clock_now_ms() - came_ms < 500);
    client_close(&c);
    end();
}

static void a_path_is_opened_without_a_list(void)
{
    struct client c;

    begin_searched("/dev/ttyUSB1", 2);
    client_agree(&c);
    client_close(&c);
    CHECK(fake_serial.listed == 0);
    end();
}

static void one_that_is_held_is_searched_for_again_when_it_is_lost(void)
{
    struct client c;

    begin_searched("10c4:ea60,hold", 2);
    CHECK(fake_serial.open && fake_worker.begun == 0);
    fake_serial.listed = 0;
    fake_serial_unplug();
    CHECK(!fake_serial.open);
    RUN_UNTIL(NULL, fake_serial.open);
    CHECK(fake_serial.listed == 1);
    client_agree(&c);
    client_close(&c);
    end();
}

/* --- ports that open slowly --------------------------------------------------------------------
 */

static void begin_slow(const char *words)
{
    begin_searched(words, 2);
}

static void a_client_has_a_slow_port_once_it_is_open(void)
{
    struct client c;

    begin_slow("/dev/ttyUSB1");
    fake_worker.holds = true;
    client_begin_telnet(&c);
    RUN_UNTIL(&c, fake_worker.begun == 1);
    run_for(&c, 1000);
    CHECK(c.end.journal.len == 0 && !c.ended && !fake_serial.open);
    fake_worker_release();
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE"));
    CHECK(fake_serial.open && fake_serial.listed == 0);
    client_close(&c);
    end();
}

static void a_slow_port_is_searched_for_and_then_opened(void)
{
    struct client c;

    begin_slow("serial=B2");
    client_agree(&c);
    CHECK(fake_worker.begun == 2);
    CHECK_TEXT(fake_serial.path, "/dev/ttyUSB1");
    client_close(&c);
    end();
}

static void a_slow_port_that_is_not_there_is_absent(void)
{
    struct client c;

    begin_slow("/dev/ttyUSB1");
    fake_serial.open_error = -ENOENT;
    client_begin_telnet(&c);
    RUN_UNTIL(&c, c.ended);
    CHECK(client_saw(&c, "SIGNATURE absent"));
    client_close(&c);
    fake_serial.open_error = 0;
    client_agree(&c);
    client_close(&c);
    end();
}

static void a_port_that_opens_too_slowly_ends_the_wait(void)
{
    struct client c;

    begin_slow("/dev/ttyUSB1");
    fake_worker.holds = true;
    client_begin_telnet(&c);
    run_for(&c, 11000);
    RUN_UNTIL(&c, c.ended);
    CHECK(client_saw(&c, "SIGNATURE failed"));
    CHECK(strstr(logged, "the system takes too long to open it"));
    client_close(&c);
    client_begin_telnet(&c); /* waits for the same attempt */
    run_for(&c, 1000);
    CHECK(fake_worker.begun == 1);
    fake_worker_release();
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE"));
    client_close(&c);
    end();
}

static void with_hotplug_it_is_had_when_it_opens(void)
{
    struct client c;

    begin_slow("/dev/ttyUSB1,hotplug");
    fake_worker.holds = true;
    client_begin_telnet(&c);
    run_for(&c, 11000);
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE"));
    CHECK(!fake_serial.open);
    run_for(&c, 5000);
    CHECK(fake_worker.begun == 1); /* they do not pile up */
    let_go();
    RUN_UNTIL(&c, fake_serial.open);
    fake_serial_unplug();
    RUN_UNTIL(&c, fake_serial.open);
    CHECK(fake_worker.begun == 2);
    client_close(&c);
    end();
}

static void a_port_that_opens_for_nobody_is_closed(void)
{
    struct client c;

    begin_slow("/dev/ttyUSB1");
    fake_worker.holds = true;
    client_begin_telnet(&c);
    RUN_UNTIL(&c, fake_worker.begun == 1);
    client_abort(&c);
    run_for(NULL, 1000);
    let_go();
    RUN_UNTIL(NULL, device_saw("close"));
    CHECK(!fake_serial.open);
    client_agree(&c);
    client_close(&c);
    end();
}

static void an_end_while_it_opens_leaves_nothing(void)
{
    struct client c;

    begin_slow("/dev/ttyUSB1,hotplug");
    fake_worker.holds = true;
    client_begin_telnet(&c);
    RUN_UNTIL(&c, fake_worker.begun == 1);
    end();
    client_close(&c);
}

static const struct test tests[] = {
    TEST(a_client_has_the_port_once_it_is_found),
    TEST(the_first_who_waits_has_it_and_the_next_are_told),
    TEST(too_many_who_wait_are_told_that_it_is_busy),
    TEST(a_port_that_is_not_there_is_absent),
    TEST(a_list_that_takes_too_long_ends_the_wait),
    TEST(with_hotplug_it_begins_without_the_device_then),
    TEST(a_list_that_fails_is_said),
    TEST(one_who_leaves_while_it_is_searched_for_leaves_nothing),
    TEST(a_device_that_is_away_is_looked_for_now_and_then),
    TEST(a_port_that_comes_is_looked_at_at_once),
    TEST(a_port_that_comes_while_a_list_is_made_is_in_the_next_one),
    TEST(a_path_is_opened_without_a_list),
    TEST(one_that_is_held_is_searched_for_again_when_it_is_lost),
    TEST(a_client_has_a_slow_port_once_it_is_open),
    TEST(a_slow_port_is_searched_for_and_then_opened),
    TEST(a_slow_port_that_is_not_there_is_absent),
    TEST(a_port_that_opens_too_slowly_ends_the_wait),
    TEST(with_hotplug_it_is_had_when_it_opens),
    TEST(a_port_that_opens_for_nobody_is_closed),
    TEST(an_end_while_it_opens_leaves_nothing),
};

STAGE_MAIN(tests)
