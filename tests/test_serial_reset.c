/*
 * Resets of the board behind a port.
 */
#include "serial_stage.h"

static void reset_recipes_run_and_end_with_a_running_board(void)
{
    static const struct {
        const char *options;
        unsigned ms;
        const char *done;
    } recipes[] = {
        {",reset=esp", 150, "outputs RTS\noutputs DTR\noutputs none\n"},
        {",reset=esp-usb-jtag", 300,
         "outputs none\noutputs DTR\noutputs DTR RTS\noutputs RTS\noutputs none\n"},
        {",reset=arduino", 250, "outputs none\noutputs DTR RTS\n"},
        {",reset=stm32", 200, "outputs DTR\noutputs none\noutputs RTS\n"},
        {",19200,reset=touch1200", 550,
         "configure 1200 8N1\noutputs RTS\nconfigure 19200 8N1\noutputs DTR RTS\n"},
    };

    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        struct client c;

        begin(recipes[i].options);
        client_agree(&c);
        run_for(&c, 20);
        CHECK_TEXT(fake_serial.journal.text, ""); /* never at open */
        uint64_t before = clock_now_ms();
        client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
        client_flush(&c);
        RUN_UNTIL(&c, client_saw(&c, "SET-CONTROL"));
        CHECK(clock_now_ms() - before >= recipes[i].ms - 5u);
        CHECK_TEXT(c.end.journal.text, "SET-CONTROL reset\n");
        CHECK_TEXT(fake_serial.journal.text, recipes[i].done);
        client_close(&c);
        end();
    }
}

static void steps_of_a_reset_last(void)
{
    struct client c;

    begin(",reset=esp");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_flush(&c);
    uint64_t first = outputs_become(&c, LINE_RTS);
    uint64_t second = outputs_become(&c, LINE_DTR);
    uint64_t third = outputs_become(&c, 0);
    CHECK(second - first >= 95000);
    CHECK(third - second >= 45000);
    client_close(&c);
    end();
}

static void a_reset_is_in_order_and_may_be_repeated(void)
{
    struct client c;

    begin(",reset=arduino");
    client_agree(&c);
    client_write(&c, "a");
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_write(&c, "b");
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("write 61\noutputs none"));
    client_write(&c, "c"); /* comes while it runs */
    client_flush(&c);
    fake_serial_send("hello"); /* and so does what the board says */
    RUN_UNTIL(&c, client_saw(&c, "data 68 65 6c 6c 6f"));
    CHECK(!device_saw("write 62"));
    RUN_UNTIL(&c, device_saw("write 63"));
    CHECK_TEXT(fake_serial.journal.text,
               "write 61\noutputs none\noutputs DTR RTS\nwrite 62\noutputs none\n"
               "outputs DTR RTS\nconfigure 300 8N1\nwrite 63\n");
    RUN_UNTIL(&c, client_saw(&c, "SET-CONTROL reset\nSET-CONTROL reset\nSET-BAUDRATE 300\n"));
    client_close(&c);
    end();
}

static void a_reset_waits_for_the_bytes_before_it(void)
{
    struct client c;

    begin(",reset=arduino");
    client_agree(&c);
    client_write(&c, "a");
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    fake_serial.untransmitted = 1;
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("write"));
    run_for(&c, 50);
    CHECK_TEXT(fake_serial.journal.text, "write 61\n");
    fake_serial.untransmitted = 0;
    RUN_UNTIL(&c, client_saw(&c, "SET-CONTROL reset"));
    client_close(&c);
    end();
}

static void other_ports_and_observers_are_answered_0(void)
{
    struct client owner, observer;

    begin("");
    client_agree(&owner);
    client_tell(&owner, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_flush(&owner);
    RUN_UNTIL(&owner, client_saw(&owner, "SET-CONTROL"));
    CHECK_TEXT(owner.end.journal.text, "SET-CONTROL flow?\n"); /* the words for 0 */
    CHECK_TEXT(fake_serial.journal.text, "");
    client_close(&owner);
    end();

    begin(",reset=esp,observers");
    client_agree(&owner);
    client_agree(&observer);
    client_tell(&observer, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_flush(&observer);
    RUN_UNTIL(&observer, client_saw(&observer, "SET-CONTROL flow?\n"));
    CHECK_TEXT(fake_serial.journal.text, "");
    client_close(&observer);
    client_close(&owner);
    end();
}

static void a_client_that_leaves_ends_its_reset(void)
{
    struct client c;

    begin(",hold,hupcl=off,9600,reset=touch1200");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("outputs RTS"));
    client_close(&c);
    RUN_UNTIL(NULL, device_saw("outputs DTR RTS"));
    CHECK_TEXT(fake_serial.journal.text,
               "configure 1200 8N1\noutputs RTS\nconfigure 9600 8N1\noutputs DTR RTS\n");
    CHECK(strstr(logged, "reset touch1200 has ended early"));
    run_for(NULL, 600);
    CHECK(fake_serial.outputs == LINE_OUTPUTS);
    client_agree(&c); /* and the next one can do it anew */
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SET-CONTROL reset\n"));
    client_close(&c);
    end();
}

static void a_takeover_ends_a_reset(void)
{
    struct client first, second;

    begin(",takeover,hupcl=off,reset=esp");
    client_agree(&first);
    client_tell(&first, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_flush(&first);
    RUN_UNTIL(&first, device_saw("outputs RTS"));
    client_agree(&second);
    CHECK(fake_serial.outputs == 0);
    run_for(&second, 200);
    CHECK_TEXT(fake_serial.journal.text, "");
    client_close(&first);
    client_close(&second);
    end();
}

static void an_unplug_ends_a_reset(void)
{
    struct client c;

    begin(",reset=esp");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("outputs RTS"));
    fake_serial_unplug();
    RUN_UNTIL(&c, c.ended);
    CHECK(!client_saw(&c, "reset"));
    client_close(&c);
    run_for(NULL, 200);
    end();

    begin(",hotplug,reset=esp");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_write(&c, "after");
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("outputs RTS"));
    fake_serial_unplug();
    journal_clear(&fake_serial.journal);
    RUN_UNTIL(&c, client_saw(&c, "SET-CONTROL flow?\n"));
    RUN_UNTIL(&c, device_saw("write"));
    run_for(&c, 200);
    CHECK_TEXT(fake_serial.journal.text, "open\noutputs none\nwrite 61 66 74 65 72\n");
    client_close(&c);
    end();
}

static void a_board_that_leaves_as_its_bootloader_is_reset(void)
{
    struct client c;

    begin(",hotplug,57600,reset=touch1200");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("outputs RTS"));
    fake_serial.outputs = 0;
    fake_serial_unplug();
    RUN_UNTIL(&c, client_saw(&c, "SET-CONTROL reset\n"));
    RUN_UNTIL(&c, device_saw("configure 57600"));
    CHECK(fake_serial.outputs == LINE_OUTPUTS);
    client_close(&c);
    end();
}

static void a_port_that_refuses_the_speed_is_answered_0(void)
{
    struct client c;

    begin(",reset=touch1200");
    client_agree(&c);
    fake_serial.configure_error = -EINVAL;
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
    client_tell(&c, RFC2217_SET_DATASIZE, 0);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SET-CONTROL flow?\nSET-DATASIZE 8\n"));
    CHECK(fake_serial.outputs == LINE_OUTPUTS);
    client_close(&c);
    end();
}

static const struct test tests[] = {
    TEST(reset_recipes_run_and_end_with_a_running_board),
    TEST(steps_of_a_reset_last),
    TEST(a_reset_is_in_order_and_may_be_repeated),
    TEST(a_reset_waits_for_the_bytes_before_it),
    TEST(other_ports_and_observers_are_answered_0),
    TEST(a_client_that_leaves_ends_its_reset),
    TEST(a_takeover_ends_a_reset),
    TEST(an_unplug_ends_a_reset),
    TEST(a_board_that_leaves_as_its_bootloader_is_reset),
    TEST(a_port_that_refuses_the_speed_is_answered_0),
};

STAGE_MAIN(tests)
