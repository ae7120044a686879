/*
 * What a client is told unasked: modem lines, line errors, an empty transmitter.
 */
#include "serial_stage.h"

static void modem_lines_are_notified_with_their_deltas(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    fake_serial_set_inputs(LINE_CTS, LINE_CTS);
    fake_serial_set_inputs(LINE_CTS | LINE_RI, 0);
    fake_serial_set_inputs(LINE_CTS, LINE_RI);
    fake_serial_set_inputs(LINE_CTS, LINE_DSR); /* there and back */
    fake_serial_set_inputs(0, LINE_CTS);
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE 1 dCTS"));
    CHECK_TEXT(c.end.journal.text, "NOTIFY-MODEMSTATE 17 CTS dCTS\nNOTIFY-MODEMSTATE 80 RI CTS\n"
                                   "NOTIFY-MODEMSTATE 20 CTS tRI\nNOTIFY-MODEMSTATE 18 CTS dDSR\n"
                                   "NOTIFY-MODEMSTATE 1 dCTS\n");
    client_close(&c);
    end();
}

static void masks_hide_lines_and_show_errors(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    CHECK(!fake_serial.watches_errors);
    fake_serial_report_errors(LINE_STATE_BREAK); /* the mask begins as 0 */
    client_tell(&c, RFC2217_SET_MODEMSTATE_MASK, LINE_DSR);
    client_tell(&c, RFC2217_SET_LINESTATE_MASK, LINE_STATE_BREAK | LINE_STATE_PARITY);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SET-LINESTATE-MASK"));
    CHECK(fake_serial.watches_errors);
    journal_clear(&c.end.journal);
    fake_serial_set_inputs(LINE_CTS, LINE_CTS);
    fake_serial_set_inputs(LINE_CTS | LINE_DSR, LINE_DSR);
    fake_serial_set_inputs(LINE_CTS, LINE_DSR); /* falls: told although nothing is left to send */
    fake_serial_report_errors(LINE_STATE_FRAMING);
    fake_serial_report_errors(LINE_STATE_BREAK | LINE_STATE_FRAMING);
    RUN_UNTIL(&c, client_saw(&c, "break"));
    CHECK_TEXT(c.end.journal.text, "NOTIFY-MODEMSTATE 32 DSR\nNOTIFY-MODEMSTATE 0\n"
                                   "NOTIFY-LINESTATE 16 break\n");
    client_close(&c);
    end();
}

static void an_empty_transmitter_is_notified(void)
{
    struct client c;

    begin(",115200");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_LINESTATE_MASK, LINE_STATE_TSR_EMPTY);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-LINESTATE 64 tsr-empty"));
    journal_clear(&c.end.journal);
    fake_serial.untransmitted = 10;
    client_write(&c, "ten bytes!");
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("write"));
    run_for(&c, 20);
    CHECK_TEXT(c.end.journal.text, "");
    fake_serial.untransmitted = 0;
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-LINESTATE 64 tsr-empty"));
    client_close(&c);
    end();
}

static void a_transmitter_is_asked_for_those_who_want_to_know(void)
{
    struct client c;

    begin(",4000000");
    client_agree(&c);
    fake_serial.asked = 0;
    client_write(&c, "a");
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("write 61"));
    CHECK(fake_serial.asked == 0);
    fake_serial.untransmitted = 1; /* and stays */
    client_tell(&c, RFC2217_SET_LINESTATE_MASK, LINE_STATE_TSR_EMPTY);
    client_flush(&c);
    uint64_t since = clock_now_ms();
    RUN_UNTIL(&c, client_saw(&c, "SET-LINESTATE-MASK"));
    run_for(&c, 100);
    CHECK(fake_serial.asked > 0 && fake_serial.asked <= (clock_now_ms() - since) / 5 + 2);
    client_close(&c);
    fake_serial.untransmitted = 0;
    end();
}

static void received_data_is_notified_ahead_of_it(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_LINESTATE_MASK, LINE_STATE_DATA_READY);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SET-LINESTATE-MASK"));
    journal_clear(&c.end.journal);
    fake_serial_send("x");
    RUN_UNTIL(&c, client_saw(&c, "data 78"));
    CHECK_TEXT(c.end.journal.text, "NOTIFY-LINESTATE 1 data\ndata 78\n");
    client_close(&c);
    end();
}

static void a_poll_is_answered(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    fake_serial.inputs = LINE_CD;
    client_tell(&c, RFC2217_NOTIFY_MODEMSTATE, 0);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE 128 CD\n"));
    client_close(&c);
    end();
}

static void a_suspended_server_says_nothing_until_resumed(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    comport_send(c.end.comport, (struct rfc2217_message){.command = RFC2217_FLOWCONTROL_SUSPEND});
    client_tell(&c, RFC2217_SET_DATASIZE, 0); /* answers still come */
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SET-DATASIZE 8"));
    CHECK(!fake_serial.reading);
    fake_serial_set_inputs(LINE_CTS, LINE_CTS);
    fake_serial_set_inputs(0, LINE_CTS);
    run_for(&c, 20);
    CHECK_TEXT(c.end.journal.text, "SET-DATASIZE 8\n");
    comport_send(c.end.comport, (struct rfc2217_message){.command = RFC2217_FLOWCONTROL_RESUME});
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE 1 dCTS"));
    RUN_UNTIL(&c, fake_serial.reading);
    client_close(&c);
    end();
}

static const struct test tests[] = {
    TEST(modem_lines_are_notified_with_their_deltas),
    TEST(masks_hide_lines_and_show_errors),
    TEST(an_empty_transmitter_is_notified),
    TEST(a_transmitter_is_asked_for_those_who_want_to_know),
    TEST(received_data_is_notified_ahead_of_it),
    TEST(a_poll_is_answered),
    TEST(a_suspended_server_says_nothing_until_resumed),
};

STAGE_MAIN(tests)
