/*
 * What a client leaves to the next one: its last bytes go out first, a break ends.
 */
#include "proto/telnet_gate.h"
#include "serial_stage.h"

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
    RUN_UNTIL(NULL, strstr(logged, "disconnected"));
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
    RUN_UNTIL(NULL, strstr(logged, "disconnected"));
    client_begin_telnet(&second);
    client_tell(&second, RFC2217_SET_BAUDRATE, 600);
    client_flush(&second);
    uint64_t since = clock_now_ms(), limit = patience_ms() + 3000;
    RUN_UNTIL(&second, client_saw(&second, "SET-BAUDRATE 600"));
    CHECK(clock_now_ms() - since > 1500 && patience_ms() < limit);
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
    RUN_UNTIL(NULL, strstr(logged, "disconnected"));
    client_agree(&second);
    client_write(&second, "ef");
    client_flush(&second);
    run_for(&second, 50);
    logged[0] = '\0';
    client_close(&second);
    RUN_UNTIL(NULL, strstr(logged, "disconnected"));
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
    RUN_UNTIL(NULL, strstr(logged, "disconnected"));
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

/* A client purges while bytes of two that have gone still wait. */
static void a_purge_drops_what_clients_before_have_left(void)
{
    struct client first, second, third;

    begin("");
    client_agree(&first);
    fake_serial.room = 2;
    client_write(&first, "abcd");
    client_flush(&first);
    RUN_UNTIL(&first, device_saw("write 61 62"));
    fake_serial.untransmitted = 2;
    client_close(&first);
    RUN_UNTIL(NULL, strstr(logged, "disconnected"));
    client_agree(&second);
    client_write(&second, "ef");
    client_flush(&second);
    run_for(&second, 20);
    logged[0] = '\0';
    client_close(&second);
    RUN_UNTIL(NULL, strstr(logged, "disconnected"));
    client_agree(&third);
    client_tell(&third, RFC2217_PURGE_DATA, RFC2217_PURGE_TX);
    client_write(&third, "g");
    client_flush(&third);
    RUN_UNTIL(&third, client_saw(&third, "PURGE-DATA"));
    run_for(&third, 20);
    fake_serial.untransmitted = 0;
    fake_serial_make_room(SIZE_MAX);
    RUN_UNTIL(&third, device_saw("write"));
    run_for(&third, 50);
    CHECK(device_saw("outputs DTR RTS\nwrite 67\n"));
    CHECK(!device_saw("63 64") && !device_saw("65 66"));
    client_close(&third);
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
    RUN_UNTIL(NULL, strstr(logged, "disconnected"));
    client_agree(&second);
    for (int i = 0; i < 3 && !strstr(logged, " waits for "); i++) {
        run_for(&second, 900);
        fake_serial_make_room(1);
    }
    CHECK(strstr(logged, " waits for ") && strstr(logged, "of the client before to go out"));
    client_close(&second);
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

static const struct test tests[] = {
    TEST(a_takeover_drops_what_its_predecessor_left),
    TEST(what_a_client_sent_before_it_left_still_goes_out),
    TEST(the_last_bytes_of_a_client_have_its_settings),
    TEST(bytes_that_are_stuck_do_not_keep_the_next_client_waiting),
    TEST(clients_come_and_go_while_a_device_is_slow),
    TEST(a_telnet_break_leaves_no_bytes_behind),
    TEST(a_purge_drops_what_clients_before_have_left),
    TEST(a_wait_for_what_the_client_before_left_is_told),
    TEST(a_break_ends_with_its_client),
};

STAGE_MAIN(tests)
