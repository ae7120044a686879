/*
 * A device that does not take what is sent, and a client that does not fetch.
 */
#include "serial_stage.h"

static void a_slow_device_pauses_its_client_and_loses_nothing(void)
{
    struct client c;

    begin("");
    client_connect(&c);
    fake_serial.room = 0;
    const size_t sent = client_fill(&c);
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

/* A client that waits for the port and gives up is not in the way either. */
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
    RUN_UNTIL(&third, third.ended || (gone = strstr(logged, "disconnected: ")) != NULL);
    RUN_UNTIL(&third, third.ended || strstr(gone, "speaks raw"));
    CHECK(!third.ended);
    client_close(&third);
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
        int n = socket_send(c.fd, questions + sent % 6, sizeof questions - 6);

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
    TEST(a_slow_device_pauses_its_client_and_loses_nothing),
    TEST(a_full_device_is_no_matter_for_others_than_its_owner),
    TEST(who_has_closed_is_not_in_the_way_of_the_next_one),
    TEST(who_asks_and_does_not_fetch_is_not_read),
};

STAGE_MAIN(tests)
