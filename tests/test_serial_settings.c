/*
 * A client's settings of a port: applied, answered, put back at its end.
 */
#include "serial_stage.h"

static void settings_are_applied_and_answered(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_BAUDRATE, 115200);
    client_tell(&c, RFC2217_SET_DATASIZE, 7);
    client_tell(&c, RFC2217_SET_PARITY, 3);
    client_tell(&c, RFC2217_SET_STOPSIZE, 2);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_HARDWARE);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_IN_QUERY);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "inbound"));
    CHECK_TEXT(fake_serial.journal.text,
               "configure 115200 8N1\nconfigure 115200 7N1\nconfigure 115200 7E1\n"
               "configure 115200 7E2\nconfigure 115200 7E2 rtscts\n");
    CHECK_TEXT(c.end.journal.text,
               "SET-BAUDRATE 115200\nSET-DATASIZE 7\nSET-PARITY even\nSET-STOPSIZE 2\n"
               "SET-CONTROL flow rtscts\nSET-CONTROL inbound flow rtscts\n");
    client_close(&c);
    end();
}

static void queries_and_nonsense_are_answered_with_what_is_in_force(void)
{
    struct client c;

    begin(",19200,7o1");
    client_agree(&c);
    for (unsigned command = RFC2217_SET_BAUDRATE; command <= RFC2217_SET_STOPSIZE; command++)
        client_tell(&c, command, 0);
    client_tell(&c, RFC2217_SET_DATASIZE, 9);
    client_tell(&c, RFC2217_SET_PARITY, 77);
    client_tell(&c, RFC2217_SET_STOPSIZE, 4);
    client_tell(&c, RFC2217_SET_CONTROL, 200);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_BREAK_QUERY);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_QUERY);
    client_tell(&c, RFC2217_PURGE_DATA, 9);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "PURGE-DATA 9"));
    CHECK_TEXT(c.end.journal.text,
               "SET-BAUDRATE 19200\nSET-DATASIZE 7\nSET-PARITY odd\nSET-STOPSIZE 1\n"
               "SET-DATASIZE 7\nSET-PARITY odd\nSET-STOPSIZE 1\nSET-CONTROL flow none\n"
               "SET-CONTROL break off\nSET-CONTROL DTR on\nPURGE-DATA 9\n");
    CHECK_TEXT(fake_serial.journal.text, "purge\n");
    client_close(&c);
    end();
}

static void one_and_a_half_stop_bits_end_with_five_data_bits(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_DATASIZE, 5);
    client_tell(&c, RFC2217_SET_STOPSIZE, 3);
    client_tell(&c, RFC2217_SET_DATASIZE, 8);
    client_tell(&c, RFC2217_SET_STOPSIZE, 0);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SET-STOPSIZE 2"));
    CHECK_TEXT(fake_serial.journal.text,
               "configure 9600 5N1\nconfigure 9600 5N1.5\nconfigure 9600 8N2\n");
    client_close(&c);
    end();
}

static void a_refusing_driver_is_answered_with_the_old_value(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    fake_serial.configure_error = -EINVAL;
    client_tell(&c, RFC2217_SET_PARITY, 4);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_DCD);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SET-CONTROL"));
    CHECK_TEXT(c.end.journal.text, "SET-PARITY none\nSET-CONTROL flow none\n");
    CHECK(strstr(logged, "refuses SET-PARITY mark"));
    client_close(&c);
    end();
}

static void malformed_commands_are_answered_too(void)
{
    static const uint8_t bytes[] = {255, 250, 44,  1,   9,   9,   255, 240, 255, 250,
                                    44,  5,   255, 240, 255, 250, 44,  11,  255, 240};
    struct client c;

    begin("");
    client_agree(&c);
    client_send(&c, bytes, sizeof bytes);
    RUN_UNTIL(&c, client_saw(&c, "MODEMSTATE-MASK"));
    CHECK_TEXT(c.end.journal.text, "SET-BAUDRATE 9600\nSET-CONTROL flow none\n"
                                   "SET-MODEMSTATE-MASK 255 CD RI DSR CTS dCD tRI dDSR dCTS\n");
    client_close(&c);
    end();
}

static void old_cisco_is_answered_in_kind(void)
{
    static const uint8_t bytes[] = {255, 250, 44, 1, 13, 255, 240};
    static const uint8_t want[] = {255, 250, 44, 101, 13, 255, 240};
    struct client c;
    uint8_t got[64];

    begin("");
    client_agree(&c);
    client_send(&c, bytes, sizeof bytes);
    RUN_UNTIL(NULL, device_saw("configure 57600 8N1"));
    run_for(NULL, 5);
    CHECK(socket_recv(c.fd, got, sizeof got) == sizeof want);
    CHECK(memcmp(got, want, sizeof want) == 0);
    client_close(&c);
    end();
}

static void the_state_is_put_back_at_the_end(void)
{
    struct client c;

    begin(",hold,38400");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_BREAK_ON);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "break on"));
    client_close(&c);
    RUN_UNTIL(NULL, device_saw("outputs none"));
    CHECK_TEXT(fake_serial.journal.text,
               "configure 300 8N1\nbreak on\nbreak off\noutputs none\nconfigure 38400 8N1\n");
    end();
}

static void the_first_client_opens_and_the_last_closes(void)
{
    struct client c;

    begin(",57600,7e1,rtscts,dtr=off");
    CHECK(!fake_serial.open);
    client_agree(&c);
    CHECK(fake_serial.open && fake_serial.outputs == LINE_RTS);
    CHECK(fake_serial.line.baud == 57600 && fake_serial.line.parity == LINE_PARITY_EVEN);
    client_close(&c);
    RUN_UNTIL(NULL, !fake_serial.open);
    end();
}

static void with_no_touch_lines_only_clients_move_them(void)
{
    struct client c;

    begin(",no-touch-lines,takeover");
    CHECK_TEXT(fake_serial.journal.text, "open\n");
    client_agree(&c);
    client_close(&c);
    RUN_UNTIL(NULL, strstr(logged, "disconnected: it has closed"));
    run_for(NULL, 50);
    CHECK_TEXT(fake_serial.journal.text, "");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    client_tell(&c, RFC2217_SET_BAUDRATE, 300);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SET-BAUDRATE 300"));
    client_close(&c);
    RUN_UNTIL(NULL, device_saw("configure 9600"));
    client_begin_telnet(&c);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_QUERY);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "DTR off"));
    CHECK_TEXT(fake_serial.journal.text, "outputs RTS\nconfigure 300 8N1\nconfigure 9600 8N1\n");
    client_close(&c);
    journal_clear(&fake_serial.journal);
    end();
    CHECK_TEXT(fake_serial.journal.text, "close\n");
    CHECK(!fake_serial.hupcl);
}

static void with_no_touch_lines_a_line_may_be_set_at_the_start(void)
{
    begin(",no-touch-lines,rts=off");
    CHECK_TEXT(fake_serial.journal.text, "open\noutputs DTR\n");
    end();
}

static const struct test tests[] = {
    TEST(settings_are_applied_and_answered),
    TEST(queries_and_nonsense_are_answered_with_what_is_in_force),
    TEST(one_and_a_half_stop_bits_end_with_five_data_bits),
    TEST(a_refusing_driver_is_answered_with_the_old_value),
    TEST(malformed_commands_are_answered_too),
    TEST(old_cisco_is_answered_in_kind),
    TEST(the_state_is_put_back_at_the_end),
    TEST(the_first_client_opens_and_the_last_closes),
    TEST(with_no_touch_lines_only_clients_move_them),
    TEST(with_no_touch_lines_a_line_may_be_set_at_the_start),
};

STAGE_MAIN(tests)
