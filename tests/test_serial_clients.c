/*
 * Who has a port: its owner, one who takes over, observers, and who is turned away or ended.
 */
#include "serial_stage.h"

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

/* Whether a client without Telnet of its own has seen a text. */
static bool saw_raw(const struct client *c, const char *text)
{
    char hex[200] = "";

    for (size_t i = 0; text[i]; i++)
        snprintf(hex + 3 * i, sizeof hex - 3 * i, " %02x", (unsigned char)text[i]);
    return strstr(c->raw.text, hex);
}

/* Which knows Telnet, and no COM-PORT option, as telnet(1). */
static void a_person_is_told_busy_in_a_line(void)
{
    struct client first, second;

    begin(",mode=telnet,name=esp32");
    client_agree(&first);
    client_connect(&second);
    client_send(&second, "\xff\xfc\x2c\xff\xfe\x2c", 6); /* WONT, DONT */
    RUN_UNTIL(&second, second.ended);
    CHECK(saw_raw(&second, "com2net: esp32: busy: 127.0.0.1:"));
    CHECK(saw_raw(&second, " has it, for 0 s\r\n"));
    client_close(&second);
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
    RUN_UNTIL(&observer, strstr(logged, "disconnected"));
    CHECK(fake_serial.open); /* an observer keeps it open */
    client_close(&observer);
    RUN_UNTIL(NULL, !fake_serial.open);
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

static const struct test tests[] = {
    TEST(the_second_client_is_told_busy),
    TEST(a_person_is_told_busy_in_a_line),
    TEST(the_end_does_not_wait_for_a_refused_client),
    TEST(with_takeover_the_new_client_has_it),
    TEST(observers_read_and_change_nothing),
    TEST(an_owner_in_silence_is_ended),
    TEST(an_owner_that_does_not_read_is_in_silence),
};

STAGE_MAIN(tests)
