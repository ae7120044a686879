/*
 * A device that is unplugged, and one that comes back or does not.
 */
#include "serial_stage.h"

static void an_absent_device_is_said(void)
{
    struct client c;

    begin("");
    fake_serial.open_error = -ENOENT;
    client_begin_telnet(&c);
    RUN_UNTIL(&c, c.ended);
    CHECK_TEXT(c.end.journal.text, "option agreed\nSIGNATURE absent\n");
    client_close(&c);
    end();
}

static void an_unplugged_device_ends_the_session(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    fake_serial_unplug();
    RUN_UNTIL(&c, c.ended);
    client_close(&c);
    client_agree(&c); /* the listener stays */
    client_close(&c);
    end();
}

static void with_hotplug_the_session_outlives_an_unplug(void)
{
    struct client c;

    begin(",hotplug");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_OFF);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "RTS off"));
    fake_serial_set_inputs(LINE_CTS, LINE_CTS);
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE 17 CTS dCTS"));
    fake_serial.open_error = -ENODEV;
    fake_serial_unplug();
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE 1 dCTS"));
    journal_clear(&c.end.journal);
    client_write(&c, "meanwhile");
    client_flush(&c);
    run_for(&c, 20);
    CHECK(!c.ended);
    journal_clear(&fake_serial.journal);
    fake_serial.line = line_default;
    fake_serial.open_error = 0;
    RUN_UNTIL(&c, device_saw("write"));
    CHECK_TEXT(fake_serial.journal.text,
               "open\noutputs DTR\nconfigure 300 8N1\nwrite 6d 65 61 6e 77 68 69 6c 65\n");
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE 17 CTS dCTS"));
    client_close(&c);
    end();
}

/* Each leaves bytes for a device that is not there any more: they are nobody's when it is back. */
static void what_a_client_left_for_an_unplugged_device_is_dropped(void)
{
    static const char *const sources[] = {",hotplug", ",hotplug,hold", ",hotplug,observers"};
    struct client first, second, observer;

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        const bool observed = strstr(sources[i], "observers");

        for (int leaves_first = 0; leaves_first < 2; leaves_first++) {
            begin(sources[i]);
            client_agree(&first);
            if (observed)
                client_agree(&observer);
            fake_serial.room = 0;
            fake_serial.open_error = -ENODEV;
            if (!leaves_first)
                fake_serial_unplug();
            client_tell(&first, RFC2217_SET_BAUDRATE, 300);
            client_write(&first, "left");
            client_flush(&first);
            RUN_UNTIL(&first, client_saw(&first, "SET-BAUDRATE 300"));
            run_for(&first, 20);
            client_close(&first);
            RUN_UNTIL(NULL, strstr(logged, "disconnected: "));
            if (leaves_first)
                fake_serial_unplug();
            RUN_UNTIL(NULL, strstr(logged, "4 bytes"));
            client_agree(&second);
            client_tell(&second, RFC2217_SET_BAUDRATE, 0);
            client_write(&second, "new");
            client_flush(&second);
            RUN_UNTIL(&second, client_saw(&second, "SET-BAUDRATE 9600"));
            fake_serial.room = SIZE_MAX;
            fake_serial.open_error = 0;
            RUN_UNTIL(&second, device_saw("write"));
            CHECK(device_saw("write 6e 65 77\n") && !device_saw("6c 65 66 74"));
            CHECK(!device_saw("configure 300"));
            client_close(&second);
            if (observed)
                client_close(&observer);
            end();
        }
    }
}

static void a_takeover_of_an_unplugged_device_begins_with_its_own_settings(void)
{
    struct client first, second;

    begin(",hotplug,takeover");
    client_agree(&first);
    fake_serial.open_error = -ENODEV;
    fake_serial_unplug();
    client_tell(&first, RFC2217_SET_BAUDRATE, 300);
    client_tell(&first, RFC2217_SET_CONTROL, RFC2217_CONTROL_BREAK_ON);
    client_flush(&first);
    RUN_UNTIL(&first, client_saw(&first, "SET-BAUDRATE 300"));
    client_agree(&second);
    client_tell(&second, RFC2217_SET_BAUDRATE, 0);
    client_flush(&second);
    RUN_UNTIL(&second, client_saw(&second, "SET-BAUDRATE"));
    CHECK(client_saw(&second, "SET-BAUDRATE 9600"));
    client_close(&first);
    client_close(&second);
    end();
}

/* Whoever had the device gets that one back, or none; a new client what stands under its name. */
static void another_device_is_not_given_to_who_had_this_one(void)
{
    struct client first, second;

    begin(",hotplug,takeover");
    client_agree(&first);
    fake_serial_unplug();
    fake_serial.match = SERIAL_OTHER;
    client_write(&first, "for the first board");
    client_flush(&first);
    run_for(&first, 1200);
    CHECK(!fake_serial.open && !device_saw("write"));
    CHECK(strstr(logged, "is not what it was"));
    client_begin_telnet(&second);
    RUN_UNTIL(&second, fake_serial.open);
    client_close(&first);
    client_close(&second);
    end();
}

static void a_number_of_a_pseudo_terminal_is_never_opened_again(void)
{
    struct client c;

    begin(",hotplug");
    client_agree(&c);
    fake_serial_unplug();
    fake_serial.match = SERIAL_REUSED;
    run_for(&c, 700);
    CHECK(!fake_serial.open);
    client_close(&c);
    client_begin_telnet(&c);
    run_for(&c, 700);
    CHECK(!fake_serial.open && strstr(logged, "is not what it was; waiting"));
    client_close(&c);
    end();
}

static const struct test tests[] = {
    TEST(an_absent_device_is_said),
    TEST(an_unplugged_device_ends_the_session),
    TEST(with_hotplug_the_session_outlives_an_unplug),
    TEST(what_a_client_left_for_an_unplugged_device_is_dropped),
    TEST(a_takeover_of_an_unplugged_device_begins_with_its_own_settings),
    TEST(another_device_is_not_given_to_who_had_this_one),
    TEST(a_number_of_a_pseudo_terminal_is_never_opened_again),
};

STAGE_MAIN(tests)
