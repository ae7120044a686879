/*
 * What a client of a serial port speaks: told by its first bytes, by its silence, by its end. And
 * strangers, who are told apart before they touch anything.
 */
#include "proto/telnet_gate.h"
#include "serial_stage.h"

struct beginning {
    const char *name;
    const char *bytes;
    size_t len;
    const char *answer; /* a part of it, as the journal writes it; "" is none */
};

#define BEGINNING(name, bytes, answer)                                                             \
    {                                                                                              \
        name, bytes, sizeof bytes - 1, answer                                                      \
    }

static const struct beginning strangers[] = {
    BEGINNING("HTTP", "POST / HTTP/1.1\r\nHost: x\r\n\r\nAT+RESET\r\n",
              "48 54 54 50 2f 31 2e 31 20 34 30 30"),
    BEGINNING("HTTP", "GET /", "48 54 54 50 2f 31 2e 31 20 34 30 30"),
    BEGINNING("HTTP", "OPTIONS /x", "48 54 54 50 2f 31 2e 31 20 34 30 30"),
    BEGINNING("USB/IP", "\001\021\200\005\0\0\0\0", "raw 01 11 00 05 00 00 00 05\n"),
    BEGINNING("USB/IP", "\001\021\200\003\0\0\0\0001-1", "raw 01 11 00 03 00 00 00 05\n"),
    BEGINNING("USB/IP", "\001\021\214\001\0\0\0\0", "raw 01 11 0c 01 00 00 00 05\n"),
    BEGINNING("SSH", "SSH-2.0-OpenSSH_9.2\r\n", "52 46 43 20 32 32 31 37"),
    BEGINNING("TLS", "\026\003\001\002\0\001\0\001\374\003\003", "raw 15 03 01 00 02 02 28\n"),
};

static const struct beginning likenesses[] = {
    BEGINNING("a robot's ping", "\377\377\375\000\376\003\000\0011B", ""),
    BEGINNING("a robot's broadcast", "\377\377\376\002\001\373", ""),
    BEGINNING("a camera", "\377\001\000\010 \000)", ""),
    BEGINNING("a camera at 253", "\377\375\000\010 \000%", ""),
    BEGINNING("a camera at 254", "\377\376\000\010 \000&", ""),
    BEGINNING("sound", "\377\373\220d\000\001", ""),
    BEGINNING("a subnegotiation of nothing", "\377\372\001\002", ""),
    BEGINNING("an option of nobody's", "\377\373\120x", ""),
    BEGINNING("a command of Telnet", "\377\361ab", ""),
    BEGINNING("a control character", "\001A", ""),
    BEGINNING("another operation", "\001\021\200\004\0\0\0\0", ""),
    BEGINNING("a status", "\001\021\200\005\0\0\0\1", ""),
    BEGINNING("an answer", "\001\021\000\005\0\0\0\0", ""),
    BEGINNING("a record of no ClientHello", "\026\003\001\002\0\002\0\001\374\003\003", ""),
    BEGINNING("words", "GET x", ""),
    BEGINNING("small letters", "get /", ""),
    BEGINNING("a greeting", "SSH:", ""),
    BEGINNING("part of a greeting", "SSH", ""),
};

enum {
    STRANGERS = sizeof strangers / sizeof *strangers,
    LIKENESSES = sizeof likenesses / sizeof *likenesses,
};

/* What the device's journal says of bytes. */
static const char *as_written(const void *bytes, size_t len)
{
    static struct journal j;

    journal_clear(&j);
    journal_bytes(&j, "write", bytes, len);
    return j.text;
}

static void raw_clients_get_bytes_only(void)
{
    struct client c;
    static const uint8_t bytes[] = {'A', 255, 251, 44, 255, 255, 0};

    begin("");
    client_connect(&c);
    client_send(&c, bytes, sizeof bytes);
    RUN_UNTIL(&c, device_saw("write 41 ff fb 2c ff ff 00"));
    RUN_UNTIL(&c, fake_serial.reading);
    fake_serial_send("\377x");
    RUN_UNTIL(&c, strcmp(c.raw.text, "raw ff 78\n") == 0);
    client_close(&c);
    end();
}

static void silence_means_raw(void)
{
    struct client c;

    begin("");
    client_connect(&c);
    RUN_UNTIL(&c, fake_serial.open);
    RUN_UNTIL(&c, fake_serial.reading);
    CHECK_TEXT(c.raw.text, "");
    client_close(&c);
    end();
}

/* Sends a beginning, and whatever follows it, in two pieces, cut at `cut`. */
static void send_cut(struct client *c, const struct beginning *b, size_t cut)
{
    client_connect(c);
    if (cut > 0)
        client_send(c, b->bytes, cut);
    run_for(NULL, cut > 0 ? 2 : 0);
    client_send(c, b->bytes + cut, b->len - cut);
}

static void who_leaves_at_once_has_touched_nothing(void)
{
    struct client c;

    begin("");
    for (int i = 0; i < 20; i++) {
        client_connect(&c);
        client_close(&c);
    }
    run_for(NULL, 300);
    CHECK_TEXT(fake_serial.journal.text, "");
    end();
}

static void strangers_touch_nothing_wherever_they_are_cut(void)
{
    struct client c;

    begin(",takeover,reset=arduino");
    for (size_t i = 0; i < STRANGERS; i++) {
        for (size_t cut = 0; cut < strangers[i].len; cut++) {
            send_cut(&c, &strangers[i], cut);
            RUN_UNTIL(&c, c.ended);
            CHECK(strstr(c.raw.text, strangers[i].answer));
            client_close(&c);
        }
        CHECK(strstr(logged, strangers[i].name));
        logged[0] = '\0';
    }
    CHECK_TEXT(fake_serial.journal.text, "");
    end();
}

static void strangers_who_waited_write_nothing(void)
{
    struct client c;

    begin("");
    for (size_t i = 0; i < STRANGERS; i++) { /* as a browser does, which connects in advance */
        client_connect(&c);
        RUN_UNTIL(&c, fake_serial.reading);
        client_send(&c, strangers[i].bytes, strangers[i].len);
        RUN_UNTIL(&c, c.ended);
        CHECK(strstr(c.raw.text, strangers[i].answer));
        client_close(&c);
        RUN_UNTIL(NULL, !fake_serial.open);
    }
    CHECK(!device_saw("write"));
    end();
}

static void what_begins_like_a_protocol_is_data(void)
{
    struct client c;

    begin("");
    for (size_t i = 0; i < LIKENESSES; i++) {
        for (size_t cut = 0; cut < likenesses[i].len; cut++) {
            const struct beginning *b = &likenesses[i];

            send_cut(&c, b, cut);
            RUN_UNTIL(&c, device_saw(as_written(b->bytes, b->len)));
            CHECK_TEXT(c.raw.text, "");
            client_abort(&c);
            RUN_UNTIL(NULL, !fake_serial.open);
            journal_clear(&fake_serial.journal);
        }
    }
    end();
}

/* IAC DO BINARY, a pause, and then no answer to offers but the rest of a camera's command. */
static void what_turns_out_to_be_no_telnet_is_handed_on(void)
{
    static const uint8_t frame[] = {255, 253, 0, 8, 32, 0, 37};
    struct client c;

    begin("");
    client_connect(&c);
    client_send(&c, frame, 3);
    RUN_UNTIL(&c, c.raw.len > 0); /* taken for Telnet */
    client_send(&c, frame + 3, 4);
    RUN_UNTIL(&c, device_saw("write ff fd 00 08 20 00 25"));
    client_close(&c);
    end();
}

static void a_lone_negotiation_and_its_answers_are_telnet(void)
{
    static const uint8_t asks[] = {255, 253, 3};
    static const uint8_t answers[] = {255, 253, 0, 255, 251, 0, 'x'};
    struct client c;

    begin("");
    client_connect(&c);
    client_send(&c, asks, sizeof asks);
    RUN_UNTIL(&c, c.raw.len > 0);
    client_send(&c, answers, sizeof answers);
    RUN_UNTIL(&c, device_saw("write 78\n"));
    CHECK(!device_saw("write ff"));
    client_close(&c);
    end();
}

static void the_end_decides_too(void)
{
    static const char *const lasts[] = {"\377", "\377\375", "G", "SSH", "\026\003"};
    struct client c;

    begin("");
    for (size_t i = 0; i < sizeof lasts / sizeof *lasts; i++) {
        client_connect(&c);
        client_send(&c, lasts[i], strlen(lasts[i]));
        socket_shut_down_sending(c.fd);
        RUN_UNTIL(&c, device_saw(as_written(lasts[i], strlen(lasts[i]))));
        RUN_UNTIL(&c, c.ended);
        client_close(&c);
        RUN_UNTIL(NULL, !fake_serial.open);
        journal_clear(&fake_serial.journal);
    }
    end();
}

static void who_toggles_telnet_options_does_not_fill_the_log(void)
{
    static const uint8_t toggle[] = {255, 252, 44, 255, 251, 44};
    struct client c;

    begin("");
    client_agree(&c);
    infos = 0;
    for (int i = 0; i < 50; i++)
        client_send(&c, toggle, sizeof toggle);
    run_for(NULL, 50);
    CHECK(infos <= 1);
    CHECK(strstr(logged, "speaks telnet"));
    client_close(&c);
    end();
}

static void a_silent_client_may_still_become_telnet(void)
{
    struct client c;

    begin("");
    client_connect(&c);
    RUN_UNTIL(&c, fake_serial.reading);
    c.telnet = true;
    end_begin(&c.end, COMPORT_CLIENT);
    comport_start(c.end.comport);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "NOTIFY-MODEMSTATE"));
    CHECK(!device_saw("write"));
    client_close(&c);
    end();
}

static void after_a_data_byte_a_client_stays_raw(void)
{
    static const uint8_t will[] = {255, 251, 44};
    struct client c;

    begin("");
    client_connect(&c);
    RUN_UNTIL(&c, fake_serial.reading);
    client_send(&c, "x", 1);
    RUN_UNTIL(&c, device_saw("write 78"));
    client_send(&c, will, sizeof will);
    RUN_UNTIL(&c, device_saw("write 78 ff fb 2c"));
    client_close(&c);
    end();
}

static void an_iac_alone_is_data_in_the_end(void)
{
    static const uint8_t iac[] = {255};
    struct client c;

    begin("");
    client_connect(&c);
    client_send(&c, iac, 1);
    RUN_UNTIL(&c, device_saw("write ff"));
    client_send(&c, iac, 1);
    RUN_UNTIL(&c, device_saw("write ff ff"));
    client_close(&c);
    end();
}

static void the_first_two_bytes_may_come_apart(void)
{
    static const uint8_t will[] = {255, 251, 44};
    struct client c;

    begin("");
    client_connect(&c);
    client_send(&c, will, 1);
    run_for(NULL, 20);
    client_send(&c, will + 1, 1);
    run_for(NULL, 20);
    client_send(&c, will + 2, 1);
    RUN_UNTIL(&c, strstr(logged, "speaks RFC 2217"));
    CHECK(!device_saw("write"));
    client_close(&c);
    end();
}

static void telnet_mode_serves_plain_telnet(void)
{
    static const uint8_t refuses[] = {255, 252, 44, 255, 254, 0, 255, 252, 0, 'a', 13, 0};
    struct client c;

    begin(",mode=telnet");
    client_connect(&c);
    RUN_UNTIL(&c, c.raw.len > 0); /* it speaks first */
    client_send(&c, refuses, sizeof refuses);
    RUN_UNTIL(&c, device_saw("write 61 0d\n"));
    RUN_UNTIL(&c, fake_serial.reading);
    journal_clear(&c.raw);
    fake_serial_send("\rb");
    RUN_UNTIL(&c, strcmp(c.raw.text, "raw 0d 00 62\n") == 0);
    client_close(&c);
    end();
}

static void rfc2217_mode_sends_others_away(void)
{
    static const uint8_t refuses[] = {255, 252, 44};
    struct client c;

    begin(",mode=rfc2217");
    client_connect(&c);
    RUN_UNTIL(&c, c.raw.len > 0);
    client_send(&c, refuses, sizeof refuses);
    RUN_UNTIL(&c, c.ended);
    client_close(&c);
    end();
}

static void are_you_there_and_break_of_telnet(void)
{
    static const uint8_t bytes[] = {255, 246, 255, 243};
    struct client c;

    begin("");
    client_agree(&c);
    client_send(&c, bytes, sizeof bytes);
    RUN_UNTIL(&c, client_saw(&c, "command 241"));
    RUN_UNTIL(&c, device_saw("break on\nbreak off\n"));
    client_close(&c);
    end();
}

static void a_break_of_telnet_is_in_order_with_the_data(void)
{
    struct client c;

    begin("");
    client_agree(&c);
    fake_serial.untransmitted = 2;
    client_write(&c, "ab");
    comport_send_command(c.end.comport, TELNET_BYTE_BRK);
    client_write(&c, "cd");
    client_flush(&c);
    RUN_UNTIL(&c, device_saw("write 61 62\n"));
    run_for(&c, 50);
    CHECK(!device_saw("break on"));
    fake_serial.untransmitted = 0;
    RUN_UNTIL(&c, device_saw("write 61 62\nbreak on\nwrite 63 64\nbreak off\n"));
    client_close(&c);
    end();
}

static const struct test tests[] = {
    TEST(raw_clients_get_bytes_only),
    TEST(silence_means_raw),
    TEST(who_leaves_at_once_has_touched_nothing),
    TEST(strangers_touch_nothing_wherever_they_are_cut),
    TEST(strangers_who_waited_write_nothing),
    TEST(what_begins_like_a_protocol_is_data),
    TEST(what_turns_out_to_be_no_telnet_is_handed_on),
    TEST(a_lone_negotiation_and_its_answers_are_telnet),
    TEST(the_end_decides_too),
    TEST(who_toggles_telnet_options_does_not_fill_the_log),
    TEST(a_silent_client_may_still_become_telnet),
    TEST(after_a_data_byte_a_client_stays_raw),
    TEST(an_iac_alone_is_data_in_the_end),
    TEST(the_first_two_bytes_may_come_apart),
    TEST(telnet_mode_serves_plain_telnet),
    TEST(rfc2217_mode_sends_others_away),
    TEST(are_you_there_and_break_of_telnet),
    TEST(a_break_of_telnet_is_in_order_with_the_data),
};

STAGE_MAIN(tests)
