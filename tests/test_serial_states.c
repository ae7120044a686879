/*
 * What a client of our own is told besides RFC 2217, and what others are not: packaging/doc/
 * serial-extensions.md.
 */
#include "proto/serial_ext.h"
#include "serial_stage.h"

/* Begins as net2pty does: its SIGNATURE comes with its offers. */
static void begin_ours(struct client *c)
{
    client_begin_telnet(c);
    comport_send_text(c->end.comport, "net2pty/9 ext=1");
    client_flush(c);
}

static void ask(struct client *c, enum rfc2217_command command, const void *payload, size_t len)
{
    comport_send(
        c->end.comport,
        (struct rfc2217_message){.command = (uint8_t)command, .text = payload, .text_len = len});
    client_flush(c);
}

static void an_owner_is_told_that_it_is_one(void)
{
    struct client c;

    begin("");
    begin_ours(&c);
    RUN_UNTIL(&c, client_saw(&c, "STATE yours\n"));
    comport_send_text(c.end.comport, "");
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, " ext=1\n"));
    CHECK(client_saw(&c, "SIGNATURE com2net/"));
    client_close(&c);
    end();
}

static void a_stranger_is_told_nothing(void)
{
    struct client c;

    begin(",hotplug");
    client_agree(&c);
    comport_send_text(c.end.comport, "pyserial");
    client_flush(&c);
    run_for(&c, 20);
    fake_serial.open_error = -ENODEV;
    fake_serial_unplug();
    run_for(&c, 20);
    CHECK(!client_saw(&c, "STATE"));
    client_close(&c);
    end();
}

static void an_unplugged_device_is_said_and_its_return(void)
{
    struct client c;

    begin(",hotplug");
    begin_ours(&c);
    RUN_UNTIL(&c, client_saw(&c, "STATE yours\n"));
    journal_clear(&c.end.journal);
    fake_serial.open_error = -ENODEV;
    fake_serial_unplug();
    RUN_UNTIL(&c, client_saw(&c, "STATE away: "));
    CHECK(client_saw(&c, "unplugged\n") && !client_saw(&c, "yours"));
    journal_clear(&c.end.journal);
    fake_serial.open_error = 0;
    RUN_UNTIL(&c, client_saw(&c, "STATE yours\n"));
    CHECK(!client_saw(&c, "away")); /* once */
    client_close(&c);
    end();
}

static void a_device_that_is_not_there_yet_is_away(void)
{
    struct client c;

    begin(",hotplug");
    fake_serial.open_error = -ENOENT;
    begin_ours(&c);
    RUN_UNTIL(&c, client_saw(&c, "STATE away: "));
    fake_serial.open_error = 0;
    RUN_UNTIL(&c, client_saw(&c, "STATE yours\n"));
    client_close(&c);
    end();
}

static void who_is_refused_is_told_by_whom(void)
{
    struct client first, second;

    begin("");
    begin_ours(&first);
    RUN_UNTIL(&first, client_saw(&first, "STATE yours\n"));
    begin_ours(&second);
    RUN_UNTIL(&second, second.ended);
    CHECK(client_saw(&second, "SIGNATURE busy\nSTATE busy: 127.0.0.1:"));
    CHECK(client_saw(&second, " has it, for 0 s\n"));
    client_close(&second);
    client_close(&first);
    end();
}

static void an_observer_is_told_who_has_it(void)
{
    struct client first, second;

    begin(",observers");
    begin_ours(&first);
    RUN_UNTIL(&first, client_saw(&first, "STATE yours\n"));
    begin_ours(&second);
    RUN_UNTIL(&second, client_saw(&second, "you read along\n"));
    CHECK(client_saw(&second, "STATE busy: 127.0.0.1:"));
    client_close(&second);
    client_close(&first);
    end();
}

static void a_device_that_cannot_be_opened_is_said_with_the_reason(void)
{
    static const struct {
        int error;
        const char *state;
    } cases[] = {{-EACCES, "STATE failed: "}, {-ENOENT, "STATE away: "}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client c;

        begin("");
        fake_serial.open_error = cases[i].error;
        begin_ours(&c);
        RUN_UNTIL(&c, c.ended);
        const char *state = strstr(c.end.journal.text, cases[i].state);
        CHECK(state && strlen(state) > strlen(cases[i].state) + 1);
        client_close(&c);
        end();
    }
}

static void the_port_is_chosen_by_its_name(void)
{
    struct client c;

    begin(",name=esp32");
    begin_ours(&c);
    RUN_UNTIL(&c, client_saw(&c, "STATE yours\n"));
    ask(&c, RFC2217_SELECT, "esp32", 5);
    RUN_UNTIL(&c, client_saw(&c, "SELECT "));
    CHECK(client_saw(&c, "SELECT .....\n")); /* state 0, place 0 */
    journal_clear(&c.end.journal);
    ask(&c, RFC2217_SELECT, "esp33", 5);
    ask(&c, RFC2217_SELECT, "", 0);
    comport_send_text(c.end.comport, "");
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SIGNATURE"));
    CHECK(client_saw(&c, "SELECT .....\nSELECT .....\n"));
    client_close(&c);
    end();
}

static void questions_are_answered_in_order(void)
{
    struct client c;

    begin(",name=esp32");
    begin_ours(&c);
    RUN_UNTIL(&c, client_saw(&c, "STATE yours\n"));
    journal_clear(&c.end.journal);
    ask(&c, RFC2217_LIST, NULL, 0);
    ask(&c, RFC2217_STATE, NULL, 0);
    ask(&c, RFC2217_IDENTITY, NULL, 0);
    ask(&c, RFC2217_RESUME,
        "\0"
        "0123456789abcdef",
        17); /* BEGIN */
    ask(&c, RFC2217_RESUME,
        "\4"
        "\0\0\0\0\0\0\0\0",
        9);                           /* ACK: no answer */
    ask(&c, RFC2217_RESUME, "\1", 1); /* cut short: none */
    comport_send_text(c.end.comport, "");
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SIGNATURE"));
    const char *text = c.end.journal.text;
    const char *list = strstr(text, "LIST ......esp32.serial.127.0.0.1:");
    const char *last = strstr(text, "\nLIST ?\n"), *state = strstr(text, "STATE yours\n");
    const char *identity = strstr(text, "IDENTITY ....."),
               *resume = strstr(text, "RESUME grant 0\n");
    CHECK(list && last && state && identity && resume);
    CHECK(list < last && last < state && state < identity && identity < resume);
    CHECK(!strstr(resume + 1, "RESUME"));
    client_close(&c);
    end();
}

/* Who asks as often as it can does not keep the loop from others. */
static void the_system_is_asked_once_who_a_device_is(void)
{
    struct client c;

    begin(",hotplug");
    begin_ours(&c);
    RUN_UNTIL(&c, client_saw(&c, "STATE yours\n"));
    for (int i = 0; i < 100; i++)
        ask(&c, RFC2217_IDENTITY, NULL, 0);
    comport_send_text(c.end.comport, "");
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "SIGNATURE"));
    CHECK(client_saw(&c, "IDENTITY ....."));
    CHECK(fake_serial.described == 1);
    fake_serial_unplug(); /* what comes back may be another one */
    RUN_UNTIL(&c, client_saw(&c, "STATE away"));
    journal_clear(&c.end.journal);
    RUN_UNTIL(&c, client_saw(&c, "STATE yours\n"));
    ask(&c, RFC2217_IDENTITY, NULL, 0);
    client_flush(&c);
    RUN_UNTIL(&c, client_saw(&c, "IDENTITY ....."));
    CHECK(fake_serial.described == 2);
    client_close(&c);
    end();
}

static const struct test tests[] = {
    TEST(an_owner_is_told_that_it_is_one),
    TEST(a_stranger_is_told_nothing),
    TEST(an_unplugged_device_is_said_and_its_return),
    TEST(a_device_that_is_not_there_yet_is_away),
    TEST(who_is_refused_is_told_by_whom),
    TEST(an_observer_is_told_who_has_it),
    TEST(a_device_that_cannot_be_opened_is_said_with_the_reason),
    TEST(the_port_is_chosen_by_its_name),
    TEST(questions_are_answered_in_order),
    TEST(the_system_is_asked_once_who_a_device_is),
};

STAGE_MAIN(tests)
