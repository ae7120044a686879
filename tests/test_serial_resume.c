/*
 * A session of com2net that outlives its connection: what was under way is sent again, once, and
 * nothing of the client's is lost or done twice.
 */
#include <errno.h>

#include "proto/serial_ext.h"
#include "serial_stage.h"
#include "stream.h"

static const char token[] = "0123456789abcdef";
static uint64_t counted_from;

static void say(struct client *c, uint8_t kind, const char *of, uint64_t received)
{
    struct serial_ext_resume r = {.kind = kind, .received = received};
    uint8_t payload[SERIAL_EXT_MAX];

    memcpy(r.token, of, sizeof r.token);
    const size_t len = serial_ext_put_resume(&r, payload);
    comport_send(c->end.comport, (struct rfc2217_message){
                                     .command = RFC2217_RESUME, .text = payload, .text_len = len});
}

/* Begins as net2pty does, and has its session kept. */
static void begin_kept(struct client *c)
{
    client_begin_telnet(c);
    comport_send_text(c->end.comport, "net2pty/9 ext=1");
    client_flush(c);
    RUN_UNTIL(c, client_saw(c, "STATE yours\n"));
    say(c, SERIAL_EXT_BEGIN, token, 0);
    client_flush(c);
    RUN_UNTIL(c, client_saw(c, "RESUME grant 0\n"));
    counted_from = comport_taken(c->end.comport);
    journal_clear(&c->end.journal);
}

static uint64_t received(const struct client *c)
{
    return comport_taken(c->end.comport) - counted_from;
}

/* Comes again, over another connection. */
static void come_again(struct client *c, const char *of, uint64_t count)
{
    client_begin_telnet(c);
    comport_send_text(c->end.comport, "net2pty/9 ext=1");
    comport_send_text(c->end.comport, "");
    client_flush(c);
    RUN_UNTIL(c, client_saw(c, " ext=1\n"));
    say(c, SERIAL_EXT_RESUME, of, count);
    client_flush(c);
}

static void what_was_under_way_is_sent_again(void)
{
    struct client a, b;

    begin("");
    begin_kept(&a);
    client_write(&a, "abc");
    client_flush(&a);
    RUN_UNTIL(&a, device_saw("write 61 62 63\n"));
    fake_serial_send("one");
    RUN_UNTIL(&a, client_saw(&a, "data 6f 6e 65\n"));
    const uint64_t count = received(&a);
    fake_serial_send("two"); /* which this connection does not deliver any more */
    run_for(NULL, 20);
    come_again(&b, token, count);
    RUN_UNTIL(&b, client_saw(&b, "data 74 77 6f\n"));
    CHECK(client_saw(&b, "RESUME grant 3\n")); /* abc */
    CHECK(!client_saw(&b, "6f 6e 65") && !client_saw(&b, "busy"));
    CHECK(strstr(logged, "is back, and continues"));
    journal_clear(&fake_serial.journal);
    comport_send_data(b.end.comport, (const uint8_t *)"def", 3);
    client_flush(&b);
    RUN_UNTIL(&b, device_saw("write"));
    CHECK_TEXT(fake_serial.journal.text, "write 64 65 66\n"); /* not opened again, no line moved */
    client_close(&a);
    run_for(&b, 20);
    CHECK(!b.ended);
    client_close(&b);
    end();
}

static void commands_are_done_once(void)
{
    struct client a, b;

    begin("");
    begin_kept(&a);
    client_tell(&a, RFC2217_SET_BAUDRATE, 300);
    client_flush(&a);
    RUN_UNTIL(&a, device_saw("configure 300 8N1\n"));
    run_for(NULL, 20); /* the answer is under way */
    come_again(&b, token, 0);
    RUN_UNTIL(&b, client_saw(&b, "SET-BAUDRATE 300\n"));
    journal_clear(&fake_serial.journal);
    run_for(&b, 20);
    CHECK_TEXT(fake_serial.journal.text, "");
    client_close(&a);
    client_close(&b);
    end();
}

static void who_has_not_the_token_is_told_busy(void)
{
    struct client a, b;

    begin("");
    begin_kept(&a);
    come_again(&b, "0123456789abcdeX", 0);
    RUN_UNTIL(&b, b.ended);
    CHECK(client_saw(&b, "RESUME refuse 0\n") && client_saw(&b, "SIGNATURE busy\n"));
    client_close(&b);
    come_again(&b, token, 1000000); /* and who has received what was never sent */
    RUN_UNTIL(&b, b.ended);
    CHECK(client_saw(&b, "RESUME refuse 0\n"));
    client_close(&b);
    fake_serial_send("one");
    RUN_UNTIL(&a, client_saw(&a, "data 6f 6e 65\n"));
    client_close(&a);
    end();
}

/* It would take a server that lets it wait for one that works. */
static void who_has_no_session_yet_is_told_busy_at_once(void)
{
    struct client a, b;

    begin("");
    begin_kept(&a);
    client_begin_telnet(&b);
    comport_send_text(b.end.comport, "net2pty/9 ext=1");
    client_flush(&b);
    RUN_UNTIL(&b, comport_agreed(b.end.comport));
    comport_send_text(b.end.comport, "");
    client_tell(&b, RFC2217_SET_BAUDRATE, 0);
    client_flush(&b);
    RUN_UNTIL(&b, b.ended);
    CHECK(client_saw(&b, "SIGNATURE busy\n") && client_saw(&b, "STATE busy"));
    CHECK(!client_saw(&b, " ext=1\n") && !client_saw(&b, "SET-BAUDRATE"));
    client_close(&b);
    come_again(&b, "0123456789abcdeX", 0); /* whose session is gone, so that it has none either */
    RUN_UNTIL(&b, client_saw(&b, "RESUME refuse 0\n"));
    run_for(&b, 100);
    CHECK(b.ended && client_saw(&b, "SIGNATURE busy\n"));
    client_close(&b);
    client_close(&a);
    end();
}

static void nobody_is_resumed_who_was_not_asked_for(void)
{
    struct client a, b;

    begin(",takeover"); /* the next one has it at once */
    client_begin_telnet(&a);
    comport_send_text(a.end.comport, "net2pty/9 ext=1");
    client_flush(&a);
    RUN_UNTIL(&a, client_saw(&a, "STATE yours\n"));
    say(&a, SERIAL_EXT_BEGIN, token, 0);
    client_flush(&a);
    RUN_UNTIL(&a, client_saw(&a, "RESUME refuse 0\n"));
    client_close(&a);
    end();

    begin("");
    come_again(&b, token, 5); /* nobody is there */
    RUN_UNTIL(&b, client_saw(&b, "RESUME refuse 0\n"));
    CHECK(client_saw(&b, "STATE yours\n")); /* and it is served as a new one */
    client_close(&b);
    end();
}

static void a_session_is_kept_once(void)
{
    struct client a, b;

    begin("");
    begin_kept(&a);
    fake_serial_send("one");
    say(&a, SERIAL_EXT_BEGIN, "another token...", 0);
    client_flush(&a);
    RUN_UNTIL(&a, client_saw(&a, "data 6f 6e 65\n") && client_saw(&a, "RESUME refuse 0\n"));
    come_again(&b, token, 0);
    RUN_UNTIL(&b, client_saw(&b, "data 6f 6e 65\n"));
    client_close(&a);
    client_close(&b);
    end();
}

static void what_is_acknowledged_is_not_kept(void)
{
    static char much[40000];
    struct client a, b;

    memset(much, 'x', sizeof much - 1);
    begin("");
    begin_kept(&a);
    fake_serial_send(much);
    RUN_UNTIL(&a, received(&a) >= sizeof much - 1);
    say(&a, SERIAL_EXT_ACK, token, received(&a));
    client_flush(&a);
    run_for(&a, 20);
    come_again(&b, token, 0); /* before what was acknowledged */
    RUN_UNTIL(&b, client_saw(&b, "RESUME refuse 0\n"));
    client_close(&b);
    client_write(&a, much);
    client_flush(&a);
    RUN_UNTIL(&a, strstr(logged, "< RESUME ack 4")); /* it is acknowledged in turn */
    say(&a, SERIAL_EXT_ACK, token, 10000000);
    client_flush(&a);
    RUN_UNTIL(&a, a.ended);
    CHECK(strstr(logged, "it acknowledges what it was not sent"));
    client_close(&a);
    end();
}

/* It is not read, as others are not, and gets all answers when it fetches them. */
static void who_does_not_fetch_answers_is_held_up(void)
{
    static const uint8_t ask[] = {255, 250, 44, 0, 255, 240};
    static uint8_t asks[1000 * sizeof ask], answers[65536];
    struct client a;
    size_t asked = 0, answered = 0;

    for (size_t i = 0; i < sizeof asks; i++)
        asks[i] = ask[i % sizeof ask];
    begin("");
    begin_kept(&a);
    log_init("test", LOG_LEVEL_INFO);
    for (int refused = 0; refused < 200 && asked < 30000000; run_for(NULL, 1)) {
        const int n = socket_send(a.fd, asks + asked % sizeof ask, sizeof asks - sizeof ask);

        refused = n > 0 ? 0 : refused + 1;
        asked += n > 0 ? (size_t)n : 0;
    }
    CHECK(!strstr(logged, "does not fetch the answers"));
    CHECK(asked < 30000000);
    for (const uint64_t limit = patience_ms() + 20000; answered <= 4 * asked; run_for(NULL, 1)) {
        const int n = socket_recv(a.fd, answers, sizeof answers);

        CHECK(patience_ms() < limit);
        answered += n > 0 ? (size_t)n : 0;
    }
    CHECK(!strstr(logged, "gone"));
    client_close(&a);
    end();
}

static void the_network_loses_connections_and_the_client_ends_them(void)
{
    CHECK(stream_error_is_networks(-ETIMEDOUT) && stream_error_is_networks(-EHOSTUNREACH));
    CHECK(stream_error_is_networks(-ECONNABORTED) && stream_error_is_networks(-ENETRESET));
    CHECK(!stream_error_is_networks(0) && !stream_error_is_networks(-ECONNRESET));
    CHECK(!stream_error_is_networks(-EPIPE));
}

static const struct test tests[] = {
    TEST(what_was_under_way_is_sent_again),
    TEST(commands_are_done_once),
    TEST(who_has_not_the_token_is_told_busy),
    TEST(who_has_no_session_yet_is_told_busy_at_once),
    TEST(nobody_is_resumed_who_was_not_asked_for),
    TEST(what_is_acknowledged_is_not_kept),
    TEST(a_session_is_kept_once),
    TEST(who_does_not_fetch_answers_is_held_up),
    TEST(the_network_loses_connections_and_the_client_ends_them),
};

STAGE_MAIN(tests)
