/*
 * What a client sends is done in the order in which it comes: bytes, settings, lines.
 */
#include "serial_stage.h"

static void settings_are_in_order_with_the_data(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    client_write(&c, "old");
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_write(&c, "new");
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_BREAK_ON);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_BREAK_OFF);
    client_write(&c, "last");
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("write 6c 61 73 74"));
    CHECK_TEXT(fake_serial.journal.text, "write 6f 6c 64\nconfigure 300 8N1\nwrite 6e 65 77\n"
                                         "break on\nbreak off\nwrite 6c 61 73 74\n");
    client_close(&c);
    end();
}

static void a_setting_waits_until_the_bytes_before_it_are_out(void)
{
    struct client c;

    begin(",115200");
    client_agree(&c);
    client_write(&c, "old");
    client_tell(&c, RFC2217_SET_PARITY, 3);
    client_write(&c, "new");
    fake_serial.untransmitted = 3;
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("write"));
    run_for(&c, 50);
    CHECK_TEXT(fake_serial.journal.text, "write 6f 6c 64\n");
    CHECK_TEXT(c.end.journal.text, "");
    fake_serial.untransmitted = 0;
    RUN_UNTIL(&c, device_saw("6e 65 77"));
    CHECK_TEXT(fake_serial.journal.text, "write 6f 6c 64\nconfigure 115200 8E1\nwrite 6e 65 77\n");
    client_close(&c);
    end();
}

static void a_drain_without_progress_ends_after_two_seconds(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    client_write(&c, "stuck");
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_flush(&c);
    fake_serial.untransmitted = 5;
    uint64_t before = clock_now_ms();
    RUN_UNTIL(&c, client_saw(&c, "SET-BAUDRATE 300"));
    CHECK(clock_now_ms() - before >= 1900);
    CHECK(strstr(logged, "SET-BAUDRATE 300 applied with 5 bytes before it unsent"));
    client_close(&c);
    fake_serial.untransmitted = 0;
    end();
}

static void dtr_and_rts_together_are_one_change(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_OFF);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "RTS off"));
    CHECK_TEXT(fake_serial.journal.text, "outputs none\n");
    CHECK_TEXT(c.end.journal.text, "SET-CONTROL DTR off\nSET-CONTROL RTS off\n");
    client_close(&c);
    end();
}

static void no_edge_of_a_line_is_dropped(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_ON);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_OFF);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    client_write(&c, "x");
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_ON);
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_ON);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SET-BAUDRATE") && device_saw("DTR RTS"));
    CHECK_TEXT(fake_serial.journal.text, "outputs RTS\noutputs DTR\noutputs none\nwrite 78\n"
                                         "outputs RTS\nconfigure 300 8N1\noutputs DTR RTS\n");
    client_close(&c);
    end();
}

/* All of a conversation byte by byte does to the device what it does in one segment, but that DTR
 * and RTS cannot be seen to belong together. */
static void how_the_reads_fall_does_not_matter(void)
{
    struct client c;
    uint8_t bytes[512];

    begin("");
    client_agree(&c);
    client_write(&c, "a\377b");
    client_tell(&c, RFC2217_SET_BAUDRATE, 255);
    client_write(&c, "c");
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_ON);
    client_write(&c, "d");
    struct buf *out = comport_output(c.end.comport);
    size_t len = out->len;
    memcpy(bytes, buf_head(out), len);
    buf_drain(out, len);
    for (size_t i = 0; i < len; i++) {
        client_send(&c, bytes + i, 1);
        turn(&c);
    }
    RUN_UNTIL(&c, device_saw("write 64"));
    CHECK_TEXT(fake_serial.journal.text, "write 61 ff 62\nconfigure 255 8N1\nwrite 63\n"
                                         "outputs RTS\noutputs DTR RTS\nwrite 64\n");
    client_close(&c);
    end();
}

static void a_hundred_commands_in_a_segment_get_a_hundred_answers(void)
{
    struct client c;
    int answers = 0;

    begin("");
    client_agree(&c);
    for (int i = 0; i < 100; i++)
        client_tell(&c, RFC2217_SET_CONTROL,
                    i % 2 ? RFC2217_CONTROL_RTS_ON : RFC2217_CONTROL_RTS_OFF);
    client_tell(&c, RFC2217_PURGE_DATA, 1);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "PURGE-DATA 1"));
    for (const char *p = c.end.journal.text; (p = strstr(p, "RTS o")); p++)
        answers++;
    CHECK(answers == 100);
    answers = 0;
    for (const char *p = fake_serial.journal.text; (p = strstr(p, "outputs")); p++)
        answers++;
    CHECK(answers == 100);
    client_close(&c);
    end();
}

static const struct test tests[] = {
    TEST(settings_are_in_order_with_the_data),
    TEST(a_setting_waits_until_the_bytes_before_it_are_out),
    TEST(a_drain_without_progress_ends_after_two_seconds),
    TEST(dtr_and_rts_together_are_one_change),
    TEST(no_edge_of_a_line_is_dropped),
    TEST(how_the_reads_fall_does_not_matter),
    TEST(a_hundred_commands_in_a_segment_get_a_hundred_answers),
};

STAGE_MAIN(tests)
