/*
 * The server's sessions and ports: clients over loopback connections, the device in memory. What a
 * client sees and what is done to the device are two journals.
 */
#include "proto/telnet_gate.h"
#include "serial_stage.h"

/* --- settings ------------------------------------------------------------------------------- */

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
    CHECK(os_recv(c.fd, got, sizeof got) == sizeof want);
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
    RUN_UNTIL(NULL, strstr(logged, "gone: it has closed"));
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

/* --- order ----------------------------------------------------------------------------------- */

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
    uint64_t before = os_now_ms();
    RUN_UNTIL(&c, client_saw(&c, "SET-BAUDRATE 300"));
    CHECK(os_now_ms() - before >= 1900);
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

/* --- lines with the client's time ---------------------------------------------------------------
 */

static void client_set_lines(struct client *c, uint32_t stamp, unsigned mask, unsigned lines)
{
    comport_send(c->end.comport, (struct rfc2217_message){.command = RFC2217_SET_LINES,
                                                          .value = stamp,
                                                          .mask = (uint8_t)mask,
                                                          .lines = (uint8_t)lines});
}

/* Waits for the outputs to become these, and returns when that was. */
static uint64_t outputs_become(struct client *c, unsigned outputs)
{
    RUN_UNTIL(c, fake_serial.outputs == outputs);
    return fake_serial.outputs_us;
}

static void gaps_of_lines_with_a_time_are_kept(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    client_set_lines(&c, 0xffffff00, LINE_OUTPUTS, LINE_RTS);
    client_set_lines(&c, 0xffffff00 + 100000, LINE_OUTPUTS, LINE_DTR);
    client_set_lines(&c, 0xffffff00 + 150000, LINE_DTR, 0);
    client_tell(&c, RFC2217_SET_DATASIZE, 0);
    uint64_t sent = os_now_us();
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

/* --- resets -------------------------------------------------------------------------------------
 */

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
        uint64_t before = os_now_ms();
        client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
        client_flush(&c);
        RUN_UNTIL(&c, client_saw(&c, "SET-CONTROL"));
        CHECK(os_now_ms() - before >= recipes[i].ms - 5u);
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

/* --- notifications ---------------------------------------------------------------------------- */

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
    uint64_t since = os_now_ms();
    RUN_UNTIL(&c, client_saw(&c, "SET-LINESTATE-MASK"));
    run_for(&c, 100);
    CHECK(fake_serial.asked > 0 && fake_serial.asked <= (os_now_ms() - since) / 5 + 2);
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

/* --- several clients ---------------------------------------------------------------------------
 */

static void the_second_client_is_told_busy(void)
{
    struct client first, second;

    begin("");
    client_agree(&first);
    client_begin_telnet(&second);
    RUN_UNTIL(&second, second.ended);
    CHECK_TEXT(second.end.journal.text, "option agreed\nSIGNATURE busy\n");
    client_close(&second);
    client_connect(&second);
    RUN_UNTIL(&second, second.ended);
    CHECK_TEXT(second.raw.text, "");
    client_close(&second);
    client_write(&first, "still here");
    client_flush(&first);
    RUN_UNTIL(&first, device_saw("write"));
    client_close(&first);
    end();
}

static void the_end_does_not_wait_for_a_refused_client(void)
{
    struct client first, second;

    begin("");
    client_agree(&first);
    client_begin_telnet(&second);
    RUN_UNTIL(&second, second.ended); /* and has not closed: the stream is finishing, and freed */
    end();
    client_close(&first);
    client_close(&second);
}

static void with_takeover_the_new_client_has_it(void)
{
    struct client first, second;

    begin(",takeover");
    client_agree(&first);
    client_agree(&second);
    RUN_UNTIL(&first, first.ended);
    client_write(&second, "mine");
    client_flush(&second);
    RUN_UNTIL(&second, device_saw("write"));
    CHECK(!device_saw("close")); /* the device stays open in between */
    client_close(&first);
    client_close(&second);
    end();
}

static void observers_read_and_change_nothing(void)
{
    struct client owner, observer;

    begin(",observers");
    client_agree(&owner);
    client_agree(&observer);
    client_write(&observer, "no");
    client_tell(&observer, RFC2217_SET_BAUDRATE, 300);
    client_tell(&observer, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    client_set_lines(&observer, 0, LINE_RTS, 0);
    client_tell(&observer, RFC2217_PURGE_DATA, 3);
    client_flush(&observer);
    RUN_UNTIL(&observer, client_saw(&observer, "PURGE-DATA 3"));
    CHECK_TEXT(observer.end.journal.text,
               "SET-BAUDRATE 9600\nSET-CONTROL DTR on\nSET-CONTROL RTS on\nPURGE-DATA 3\n");
    CHECK_TEXT(fake_serial.journal.text, "");
    RUN_UNTIL(&owner, fake_serial.reading);
    fake_serial_send("hi");
    RUN_UNTIL(&owner, client_saw(&owner, "data 68 69"));
    RUN_UNTIL(&observer, client_saw(&observer, "data 68 69"));
    client_close(&owner);
    RUN_UNTIL(&observer, strstr(logged, "gone"));
    CHECK(fake_serial.open); /* an observer keeps it open */
    client_close(&observer);
    RUN_UNTIL(NULL, !fake_serial.open);
    end();
}

/* Sends until the server does not read any more; returns how much that was. */
static size_t client_fill(struct client *c)
{
    static uint8_t block[16384];
    size_t sent = 0;

    for (int idle = 0; idle < 100;) {
        int n = os_send(c->fd, block, sizeof block);

        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        turn(NULL);
        CHECK(sent < 64 * 1024 * 1024);
    }
    return sent;
}

static void a_full_device_is_no_matter_for_others_than_its_owner(void)
{
    struct client owner, observer;

    begin(",observers");
    client_connect(&owner);
    fake_serial.room = 0;
    client_fill(&owner);
    client_agree(&observer);
    client_tell(&observer, RFC2217_SET_BAUDRATE, 0);
    client_write(&observer, "no");
    client_tell(&observer, RFC2217_SET_DATASIZE, 0);
    client_flush(&observer);
    RUN_UNTIL(&observer, client_saw(&observer, "SET-BAUDRATE 9600\nSET-DATASIZE 8"));
    end();
    CHECK(strstr(logged, "bytes that a client had sent are dropped: com2net ends"));
    client_close(&owner);
    client_close(&observer);

    begin("");
    client_connect(&owner);
    fake_serial.room = 0;
    client_fill(&owner);
    client_begin_telnet(&observer);
    RUN_UNTIL(&observer, observer.ended);
    CHECK_TEXT(observer.end.journal.text, "option agreed\nSIGNATURE busy\n");
    client_close(&owner);
    client_close(&observer);
    end();
}

static void a_takeover_drops_what_its_predecessor_left(void)
{
    struct client first, second;

    begin(",takeover");
    client_connect(&first);
    fake_serial.room = 3;
    client_fill(&first);
    client_agree(&second);
    CHECK(strstr(logged, "bytes of the client before are dropped"));
    client_write(&second, "mine");
    client_flush(&second);
    run_for(&second, 30);
    fake_serial_make_room(SIZE_MAX);
    RUN_UNTIL(&second, device_saw("write"));
    CHECK_TEXT(fake_serial.journal.text, "write 6d 69 6e 65\n");
    client_close(&first);
    client_close(&second);
    end();
}

static void the_last_bytes_of_a_client_have_its_settings(void)
{
    struct client first, second;

    begin("");
    client_agree(&first);
    fake_serial.room = 2;
    client_tell(&first, RFC2217_SET_BAUDRATE, 300);
    client_write(&first, "abcd");
    client_flush(&first);
    RUN_UNTIL(&first, device_saw("write 61 62"));
    fake_serial.untransmitted = 2;
    client_close(&first);
    RUN_UNTIL(NULL, strstr(logged, "gone"));
    client_begin_telnet(&second);
    client_write(&second, "ef");
    client_tell(&second, RFC2217_SET_BAUDRATE, 0);
    client_tell(&second, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_QUERY);
    client_tell(&second, RFC2217_SET_DATASIZE, 7);
    client_flush(&second);
    RUN_UNTIL(&second, client_saw(&second, "SET-BAUDRATE 9600\nSET-CONTROL DTR on\n"));
    run_for(&second, 50);
    fake_serial_make_room(SIZE_MAX);
    run_for(&second, 50);
    CHECK(device_saw("configure 300 8N1\nwrite 61 62 63 64\n"));
    CHECK(!device_saw("configure 9600"));
    fake_serial.untransmitted = 0;
    RUN_UNTIL(&second, client_saw(&second, "SET-DATASIZE 7"));
    CHECK(device_saw("write 61 62 63 64\noutputs none\nconfigure 9600 8N1\noutputs DTR RTS\n"
                     "write 65 66\nconfigure 9600 7N1\n"));
    client_close(&second);
    end();
}

static void bytes_that_are_stuck_do_not_keep_the_next_client_waiting(void)
{
    struct client first, second;

    begin("");
    client_agree(&first);
    fake_serial.room = 0;
    client_tell(&first, RFC2217_SET_BAUDRATE, 300);
    client_write(&first, "abcd");
    client_flush(&first);
    RUN_UNTIL(&first, device_saw("configure 300 8N1"));
    run_for(&first, 20);
    client_close(&first);
    RUN_UNTIL(NULL, strstr(logged, "gone"));
    client_begin_telnet(&second);
    client_tell(&second, RFC2217_SET_BAUDRATE, 600);
    client_flush(&second);
    uint64_t since = os_now_ms(), limit = patience_ms() + 3000;
    RUN_UNTIL(&second, client_saw(&second, "SET-BAUDRATE 600"));
    CHECK(os_now_ms() - since > 1500 && patience_ms() < limit);
    CHECK(strstr(logged, "4 bytes of the client before are dropped"));
    client_close(&second);
    end();
}

/* Each comes before the bytes of the one before are out. */
static void clients_come_and_go_while_a_device_is_slow(void)
{
    struct client first, second, third;

    begin("");
    client_agree(&first);
    fake_serial.room = 2;
    client_tell(&first, RFC2217_SET_BAUDRATE, 300);
    client_write(&first, "abcd");
    client_flush(&first);
    RUN_UNTIL(&first, device_saw("write 61 62"));
    client_close(&first);
    RUN_UNTIL(NULL, strstr(logged, "gone"));
    client_agree(&second);
    client_write(&second, "ef");
    client_flush(&second);
    run_for(&second, 50);
    logged[0] = '\0';
    client_close(&second);
    RUN_UNTIL(NULL, strstr(logged, "gone"));
    client_connect(&third); /* a raw one, which gives no command that would hurry anything */
    client_send(&third, "gh", 2);
    RUN_UNTIL(&third, strstr(logged, "speaks raw"));
    fake_serial_make_room(SIZE_MAX);
    RUN_UNTIL(&third, device_saw("write 63 64\noutputs none\nconfigure 9600 8N1\n"
                                 "write 65 66\noutputs DTR RTS\nwrite 67 68\n"));
    CHECK(!strstr(logged, "dropped"));
    client_close(&third);
    end();
}

/* IAC BRK ends the settling at once; what its client had written before goes out all the same. */
static void a_telnet_break_leaves_no_bytes_behind(void)
{
    struct client first, second;

    begin("");
    client_agree(&first);
    client_write(&first, "ab");
    client_flush(&first);
    RUN_UNTIL(&first, device_saw("write 61 62"));
    fake_serial.untransmitted = 2;
    client_close(&first);
    RUN_UNTIL(NULL, strstr(logged, "gone"));
    client_agree(&second);
    client_write(&second, "cd");
    comport_send_command(second.end.comport, TELNET_BYTE_BRK);
    client_flush(&second);
    RUN_UNTIL(&second, device_saw("break on"));
    RUN_UNTIL(&second, device_saw("write 63 64"));
    client_write(&second, "ef");
    client_flush(&second);
    RUN_UNTIL(&second, device_saw("65 66"));
    fake_serial.untransmitted = 0;
    client_close(&second);
    end();
}

static void a_wait_for_what_the_client_before_left_is_told(void)
{
    struct client first, second;

    begin("");
    client_agree(&first);
    fake_serial.room = 1;
    client_write(&first, "abcd");
    client_flush(&first);
    RUN_UNTIL(&first, device_saw("write 61"));
    client_close(&first);
    RUN_UNTIL(NULL, strstr(logged, "gone"));
    client_agree(&second);
    for (int i = 0; i < 3 && !strstr(logged, " waits for "); i++) {
        run_for(&second, 900);
        fake_serial_make_room(1);
    }
    CHECK(strstr(logged, " waits for ") && strstr(logged, "of the client before to go out"));
    client_close(&second);
    end();
}

static void an_owner_in_silence_is_ended(void)
{
    struct client first, second;

    begin(",idle=1,observers");
    client_agree(&first);
    client_agree(&second);         /* who observes may be silent */
    for (int i = 0; i < 15; i++) { /* of either direction one is enough */
        run_for(&first, 100);
        if (i % 2 == 0)
            client_write(&first, "x");
        else
            fake_serial_send("y");
        client_flush(&first);
    }
    CHECK(!first.ended);
    RUN_UNTIL(&first, first.ended);
    CHECK(strstr(logged, "as long as idle= allows"));
    run_for(&second, 1200);
    CHECK(!second.ended);
    client_close(&first);
    client_close(&second);
    end();
}

static void an_owner_that_does_not_read_is_in_silence(void)
{
    const uint64_t limit = patience_ms() + 20000;
    static char block[16384];
    struct client owner, observer;

    begin(",idle=1,observers");
    client_agree(&owner);
    client_agree(&observer); /* for whom the device is read on */
    memset(block, 'y', sizeof block - 1);
    while (!strstr(logged, "as long as idle= allows")) {
        CHECK(patience_ms() < limit);
        fake_serial_send(block);
        turn(&observer);
        journal_clear(&observer.end.journal);
    }
    CHECK(!observer.ended);
    client_close(&owner);
    client_close(&observer);
    end();
}

static void a_break_ends_with_its_client(void)
{
    const struct linger reset = {.l_onoff = 1};
    struct client c;

    begin("");
    client_agree(&c);
    client_tell(&c, RFC2217_SET_CONTROL, RFC2217_CONTROL_BREAK_ON);
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("break on"));
    setsockopt(c.fd, SOL_SOCKET, SO_LINGER, (const char *)&reset, sizeof reset);
    client_close(&c);
    RUN_UNTIL(NULL, device_saw("break off"));
    RUN_UNTIL(NULL, !fake_serial.open);
    end();
}

/* --- back-pressure and loss ---------------------------------------------------------------------
 */

static void a_slow_device_pauses_its_client_and_loses_nothing(void)
{
    static uint8_t block[16384];
    struct client c;
    size_t sent = 0;

    begin("");
    client_connect(&c);
    fake_serial.room = 0;
    for (int idle = 0; idle < 100;) { /* until the server does not read any more */
        int n = os_send(c.fd, block, sizeof block);

        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        turn(NULL);
        CHECK(sent < 64 * 1024 * 1024);
    }
    size_t got = 0;
    uint64_t limit = patience_ms() + 5000; /* without any */
    while (got < sent && patience_ms() < limit) {
        journal_clear(&fake_serial.journal);
        fake_serial_make_room(5000);
        turn(NULL);
        got += 5000 - fake_serial.room;
        if (fake_serial.room < 5000)
            limit = patience_ms() + 5000;
    }
    CHECK(got == sent);
    client_close(&c);
    fake_serial.room = SIZE_MAX;
    end();
}

/* Nor is one who waits for it and gives up. */
static void who_has_closed_is_not_in_the_way_of_the_next_one(void)
{
    static uint8_t block[16384];
    struct client first, second, third;

    begin("");
    client_connect(&first);
    fake_serial.room = 0;
    for (int i = 0; i < 8; i++) { /* until the server does not read any more, and then some */
        client_send(&first, block, sizeof block);
        run_for(NULL, 5);
    }
    client_close(&first);
    client_connect(&second);
    run_for(NULL, 10);
    client_close(&second);
    client_connect(&third);
    run_for(&third, 10);
    CHECK(!third.ended);
    client_send(&third, "mine", 4);
    fake_serial_make_room(SIZE_MAX);
    const char *gone = NULL;
    RUN_UNTIL(&third, third.ended || (gone = strstr(logged, "gone: ")) != NULL);
    RUN_UNTIL(&third, third.ended || strstr(gone, "speaks raw"));
    CHECK(!third.ended);
    client_close(&third);
    end();
}

static void what_a_client_sent_before_it_left_still_goes_out(void)
{
    struct client c;

    begin("");
    client_connect(&c);
    fake_serial.room = 2;
    client_send(&c, "parting", 7);
    RUN_UNTIL(&c, device_saw("write 70 61"));
    client_close(&c);
    run_for(NULL, 30);
    CHECK(fake_serial.open);
    CHECK(fake_serial.reading); /* or a device that wants to be heard first would not take them */
    fake_serial_send("dropped");
    fake_serial_make_room(SIZE_MAX);
    RUN_UNTIL(NULL, !fake_serial.open);
    CHECK(device_saw("write 70 61 72 74 69 6e 67"));
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
            RUN_UNTIL(NULL, strstr(logged, "gone: "));
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

static void who_asks_and_does_not_fetch_is_not_read(void)
{
    static uint8_t questions[6 * 4096];
    struct client c;
    size_t sent = 0;

    begin("");
    client_agree(&c);
    for (size_t i = 0; i < sizeof questions; i += 6)
        memcpy(questions + i, (const uint8_t[]){255, 250, 44, 0, 255, 240}, 6);
    for (int idle = 0; idle < 100;) {
        int n = os_send(c.fd, questions + sent % 6, sizeof questions - 6);

        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        turn(NULL);
        CHECK(sent < 64 * 1024 * 1024);
    }
    size_t answers = 0;
    uint64_t limit = patience_ms() + 20000; /* without any */
    while (answers < sent / 6 && patience_ms() < limit) {
        journal_clear(&c.end.journal);
        turn(&c);
        for (const char *p = c.end.journal.text; (p = strstr(p, "SIGNATURE")); p++) {
            answers++;
            limit = patience_ms() + 20000;
        }
    }
    CHECK(answers == sent / 6);
    client_close(&c);
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
    TEST(settings_are_in_order_with_the_data),
    TEST(a_setting_waits_until_the_bytes_before_it_are_out),
    TEST(a_drain_without_progress_ends_after_two_seconds),
    TEST(dtr_and_rts_together_are_one_change),
    TEST(no_edge_of_a_line_is_dropped),
    TEST(gaps_of_lines_with_a_time_are_kept),
    TEST(lines_with_a_time_are_in_order_with_the_data),
    TEST(a_change_that_is_due_still_waits_for_the_bytes_before_it),
    TEST(both_lines_are_one_change_however_the_message_is_cut),
    TEST(lines_without_a_time_are_not_delayed),
    TEST(what_an_owner_left_waiting_ends_with_it),
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
    TEST(how_the_reads_fall_does_not_matter),
    TEST(a_hundred_commands_in_a_segment_get_a_hundred_answers),
    TEST(modem_lines_are_notified_with_their_deltas),
    TEST(masks_hide_lines_and_show_errors),
    TEST(an_empty_transmitter_is_notified),
    TEST(a_transmitter_is_asked_for_those_who_want_to_know),
    TEST(received_data_is_notified_ahead_of_it),
    TEST(a_poll_is_answered),
    TEST(a_suspended_server_says_nothing_until_resumed),
    TEST(the_second_client_is_told_busy),
    TEST(the_end_does_not_wait_for_a_refused_client),
    TEST(with_takeover_the_new_client_has_it),
    TEST(observers_read_and_change_nothing),
    TEST(a_full_device_is_no_matter_for_others_than_its_owner),
    TEST(a_takeover_drops_what_its_predecessor_left),
    TEST(the_last_bytes_of_a_client_have_its_settings),
    TEST(bytes_that_are_stuck_do_not_keep_the_next_client_waiting),
    TEST(clients_come_and_go_while_a_device_is_slow),
    TEST(a_telnet_break_leaves_no_bytes_behind),
    TEST(a_wait_for_what_the_client_before_left_is_told),
    TEST(an_owner_in_silence_is_ended),
    TEST(an_owner_that_does_not_read_is_in_silence),
    TEST(a_break_ends_with_its_client),
    TEST(a_slow_device_pauses_its_client_and_loses_nothing),
    TEST(who_has_closed_is_not_in_the_way_of_the_next_one),
    TEST(what_a_client_sent_before_it_left_still_goes_out),
    TEST(an_unplugged_device_ends_the_session),
    TEST(with_hotplug_the_session_outlives_an_unplug),
    TEST(what_a_client_left_for_an_unplugged_device_is_dropped),
    TEST(a_takeover_of_an_unplugged_device_begins_with_its_own_settings),
    TEST(another_device_is_not_given_to_who_had_this_one),
    TEST(a_number_of_a_pseudo_terminal_is_never_opened_again),
    TEST(an_absent_device_is_said),
    TEST(who_asks_and_does_not_fetch_is_not_read),
};

int main(int argc, char **argv)
{
    CHECK(os_init(&argc, &argv) == 0);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
