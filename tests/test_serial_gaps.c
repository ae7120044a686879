/*
 * Changes of DTR and RTS that carry the client's time: their gaps are kept.
 */
#include "serial_stage.h"

static void gaps_of_lines_with_a_time_are_kept(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    client_set_lines(&c, 0xffffff00, LINE_OUTPUTS, LINE_RTS);
    client_set_lines(&c, 0xffffff00 + 100000, LINE_OUTPUTS, LINE_DTR);
    client_set_lines(&c, 0xffffff00 + 150000, LINE_DTR, 0);
    client_tell(&c, RFC2217_SET_DATASIZE, 0);
    uint64_t sent = clock_now_us();
    client_flush(&c);
    uint64_t first = outputs_become(&c, LINE_RTS);
    CHECK(first - sent >= 30000); /* the delay */
    uint64_t second = outputs_become(&c, LINE_DTR);
    uint64_t third = outputs_become(&c, 0);
    CHECK(second - first >= 95000); /* how much more they are is e2e/lines_gaps.py's to measure */
    CHECK(third - second >= 45000);
    RUN_UNTIL(&c, client_saw(&c, "SET-DATASIZE 8"));
    CHECK_TEXT(fake_serial.journal.text, "outputs RTS\noutputs DTR\noutputs none\n");
    CHECK_TEXT(c.end.journal.text,
               "SET-CONTROL DTR off\nSET-CONTROL RTS on\nSET-CONTROL DTR on\nSET-CONTROL RTS off\n"
               "SET-CONTROL DTR off\nSET-DATASIZE 8\n");
    client_close(&c);
    end();
}

static void lines_with_a_time_are_in_order_with_the_data(void)
{
    struct client c;

    begin(",115200");
    client_agree(&c);
    client_write(&c, "a");
    client_set_lines(&c, 1, LINE_DTR, 0);
    client_write(&c, "b");
    client_set_lines(&c, 20001, LINE_DTR, LINE_DTR);
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_set_lines(&c, 20002, LINE_RTS, 0);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_ON);
    client_set_lines(&c, 20003, LINE_RTS, 0);
    client_write(&c, "c");
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("write 63"));
    CHECK_TEXT(fake_serial.journal.text,
               "write 61\noutputs RTS\nwrite 62\noutputs DTR RTS\nconfigure 300 8N1\n"
               "outputs DTR\noutputs DTR RTS\noutputs DTR\nwrite 63\n");
    client_close(&c);
    end();
}

static void a_change_that_is_due_still_waits_for_the_bytes_before_it(void)
{
    struct client c;

    begin(",115200");
    client_agree(&c);
    client_write(&c, "a");
    client_set_lines(&c, 0, LINE_DTR, 0);
    fake_serial.untransmitted = 1;
    client_flush(&c);
    run_for(&c, 60);
    CHECK_TEXT(fake_serial.journal.text, "write 61\n");
    fake_serial.untransmitted = 0;
    RUN_UNTIL(&c, device_saw("outputs RTS"));
    client_close(&c);
    end();
}

static void both_lines_are_one_change_however_the_message_is_cut(void)
{
    uint8_t bytes[64];
    size_t len = 2;

    for (size_t cut = 1; cut < len; cut++) {
        struct client c;

        begin(",linedelay=0");
        client_agree(&c);
        client_set_lines(&c, 0xff00ff00, LINE_OUTPUTS, 0);
        struct buf *out = comport_output(c.end.comport);
        len = out->len;
        memcpy(bytes, buf_head(out), len);
        buf_drain(out, len);
        client_send(&c, bytes, cut);
        run_for(&c, 2);
        CHECK_TEXT(fake_serial.journal.text, "");
        client_send(&c, bytes + cut, len - cut);
        RUN_UNTIL(&c, client_saw(&c, "RTS off"));
        CHECK_TEXT(fake_serial.journal.text, "outputs none\n");
        client_close(&c);
        end();
    }
    CHECK(len == 14); /* two IACs are doubled */
}

static void lines_without_a_time_are_not_delayed(void)
{
    struct client c;

    begin(",linedelay=1000");
    client_agree(&c);
    uint64_t sent = patience_ms();
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    client_flush(&c);
    outputs_become(&c, LINE_RTS);
    CHECK(patience_ms() - sent < 900);
    client_close(&c);
    end();
}

static void what_an_owner_left_waiting_ends_with_it(void)
{
    struct client first, second;

    begin(",takeover,linedelay=1000");
    client_agree(&first);
    client_set_lines(&first, 0, LINE_DTR, 0);
    client_flush(&first);
    RUN_UNTIL(&first, strstr(logged, "SET-LINES"));
    client_agree(&second);
    run_for(&second, 1100);
    CHECK(!device_saw("outputs RTS"));
    client_close(&first);
    client_close(&second);
    end();
}

static const struct test tests[] = {
    TEST(gaps_of_lines_with_a_time_are_kept),
    TEST(lines_with_a_time_are_in_order_with_the_data),
    TEST(a_change_that_is_due_still_waits_for_the_bytes_before_it),
    TEST(both_lines_are_one_change_however_the_message_is_cut),
    TEST(lines_without_a_time_are_not_delayed),
    TEST(what_an_owner_left_waiting_ends_with_it),
};

STAGE_MAIN(tests)
