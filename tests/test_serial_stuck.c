/*
 * A serial device that takes nothing, or little: what its client commands is done all the same, in
 * its place among the data, and the client is held all the same when too much waits. In virtual
 * time.
 */
#include "comport_journal.h"
#include "crowd.h"
#include "endpoint.h"
#include "fakes/fake_listener.h"
#include "fakes/fake_serial.h"
#include "log.h"
#include "loop.h"
#include "port.h"
#include "source.h"
#include "startup.h"
#include "test.h"
#include "virtual_stage.h"

enum {
    MUCH = 150000,      /* bytes: more than a port keeps of a client that it does not read ahead */
    ENDLESS = 16 << 20, /* more than it keeps of any */
    MOST = 1 << 20,     /* of what it keeps, with what the socket does */
    MOST_UNREAD = 400000, /* likewise of a client that is not read ahead */
};

static struct crowd *crowd;
static struct endpoint *endpoint;
static struct source source;
static char logged[1 << 16];
static int client = -1;
static struct end client_end;
static size_t wrote;  /* bytes that the device took */
static bool in_order; /* and they are those that the client sent */
static size_t sent;   /* bytes of data */

/* --- the stage ------------------------------------------------------------------------------- */

static void keep_log(enum log_level level, const char *line)
{
    size_t n = strlen(logged);

    if (level != LOG_LEVEL_DEBUG)
        snprintf(logged + n, sizeof logged - n, "%s\n", line);
}

static unsigned said(const char *text)
{
    unsigned n = 0;

    for (const char *at = logged; (at = strstr(at, text)); at += strlen(text))
        n++;
    return n;
}

static uint8_t letter_at(size_t i)
{
    return (uint8_t)('a' + i % 26);
}

static void on_wrote(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        in_order = in_order && data[i] == letter_at(wrote + i);
    wrote += len;
}

static void begin(const char *options)
{
    static char text[128], number[] = "0";
    char *args[] = {text, number};
    char error[CLI_ERROR_MAX];

    log_set_sink(keep_log);
    logged[0] = '\0';
    snprintf(text, sizeof text, "/dev/fake%s", options);
    fake_serial_reset();
    fake_serial.wrote = on_wrote;
    wrote = sent = 0;
    in_order = true;
    base = loop_new(false);
    crowd = crowd_new(8);
    CHECK(source_parse_all(2, args, &source, 1, error) == 1);
    endpoint = endpoint_new(base, crowd, &source, NULL, error);
    CHECK(endpoint);
}

static void end(void)
{
    if (client >= 0)
        close(client);
    client = -1;
    comport_free(client_end.comport);
    client_end.comport = NULL;
    endpoint_free(endpoint);
    loop_free(base);
    crowd_free(crowd);
}

static void hear(void)
{
    uint8_t bytes[32768];
    ssize_t n;

    while ((n = recv(client, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        comport_receive(client_end.comport, bytes, (size_t)n);
}

static void live(unsigned ms)
{
    pass(ms);
    hear();
}

/* Sends of what its comport has written what the connection takes; returns whether it was any. */
static bool send_some(void)
{
    struct buf *out = comport_output(client_end.comport);
    ssize_t n = send(client, buf_head(out), out->len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n > 0)
        buf_drain(out, (size_t)n);
    return n > 0;
}

/* Sends all of it, as the server takes it; returns whether it took all. */
static bool flush(void)
{
    struct buf *out = comport_output(client_end.comport);

    for (int still = 0; out->len > 0 && still < 20; live(10))
        still = send_some() ? 0 : still + 1;
    return out->len == 0;
}

static void agree(void)
{
    client = fake_listener_connect();
    end_begin(&client_end, COMPORT_CLIENT);
    comport_start(client_end.comport);
    CHECK(flush());
    live(300);
    CHECK(strstr(client_end.journal.text, "NOTIFY-MODEMSTATE"));
    journal_clear(&client_end.journal);
    journal_clear(&fake_serial.journal);
}

static void tell(enum rfc2217_command command, uint32_t value)
{
    comport_send_value(client_end.comport, command, value);
}

/* The client writes so many bytes, each of which tells its place. */
static void write_bytes(size_t len)
{
    uint8_t data[1000];

    while (len > 0) {
        const size_t n = len < sizeof data ? len : sizeof data;

        for (size_t i = 0; i < n; i++)
            data[i] = letter_at(sent + i);
        CHECK(comport_send_data(client_end.comport, data, n) == 0);
        sent += n;
        len -= n;
    }
}

static bool heard(const char *text)
{
    return strstr(client_end.journal.text, text) != NULL;
}

static bool done(const char *text)
{
    return strstr(fake_serial.journal.text, text) != NULL;
}

/* The device takes `rate` bytes each 10 ms, until it has all. */
static void let_out(size_t rate)
{
    for (int still = 0; wrote < sent && still < 100;) {
        const size_t before = wrote;

        send_some();
        fake_serial_make_room(rate);
        live(10);
        still = wrote > before ? 0 : still + 1;
    }
    CHECK(wrote == sent && in_order);
}

/* --- commands --------------------------------------------------------------------------------- */

static void a_purge_drops_what_is_stuck_before_it(void)
{
    begin("");
    agree();
    fake_serial.room = 0;
    write_bytes(MUCH);
    tell(RFC2217_PURGE_DATA, RFC2217_PURGE_TX);
    CHECK(flush());
    live(200);
    CHECK(heard("PURGE-DATA 2") && done("purge tx"));
    sent = wrote = 0; /* nothing of that comes any more */
    write_bytes(1000);
    CHECK(flush());
    let_out(SIZE_MAX);
    end();
}

static void what_only_asks_does_not_wait_for_what_is_stuck(void)
{
    begin("");
    agree();
    fake_serial.room = 0;
    write_bytes(MUCH);
    tell(RFC2217_SET_BAUDRATE, 0);
    tell(RFC2217_NOTIFY_MODEMSTATE, 0);
    comport_send_text(client_end.comport, "");
    comport_send_command(client_end.comport, 246); /* AYT */
    CHECK(flush());
    live(200);
    CHECK(heard("SET-BAUDRATE 9600") && heard("NOTIFY-MODEMSTATE 0") && heard("com2net"));
    CHECK(heard("command 241")); /* NOP */
    let_out(5000);
    end();
}

static void a_keep_alive_is_answered_behind_what_is_stuck(void)
{
    static const uint8_t do_timing_mark[] = {255, 253, 6}, wont[] = {255, 252, 6};
    uint8_t answer[16];

    begin("");
    agree();
    fake_serial.room = 0;
    write_bytes(MUCH);
    CHECK(flush());
    say(client, do_timing_mark, sizeof do_timing_mark);
    pass(200);
    CHECK(recv(client, answer, sizeof answer, MSG_DONTWAIT) == sizeof wont);
    CHECK(memcmp(answer, wont, sizeof wont) == 0);
    let_out(SIZE_MAX);
    end();
}

static void lines_and_break_go_ahead_of_what_is_stuck(void)
{
    begin("");
    agree();
    fake_serial.room = 0;
    write_bytes(MUCH);
    tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_OFF);
    tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_OFF);
    tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_BREAK_ON);
    tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_BREAK_OFF);
    CHECK(flush());
    live(1500); /* the bytes before them may still get on */
    CHECK(!done("outputs") && !done("break"));
    live(1000);
    CHECK(done("outputs none\nbreak on\nbreak off\n"));
    CHECK(heard("DTR off") && heard("RTS off") && heard("break on") && heard("break off"));
    CHECK(strstr(logged, "the device has taken none for 2 s"));
    let_out(SIZE_MAX);
    end();
}

static void several_settings_wait_for_what_is_stuck_once(void)
{
    begin("");
    agree();
    fake_serial.room = 0;
    write_bytes(MUCH);
    tell(RFC2217_SET_BAUDRATE, 115200);
    tell(RFC2217_SET_DATASIZE, 7);
    tell(RFC2217_SET_PARITY, 3);
    tell(RFC2217_SET_STOPSIZE, 2);
    tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_HARDWARE);
    CHECK(flush());
    live(2500);
    CHECK(heard("SET-STOPSIZE 2") && heard("flow rtscts"));
    journal_clear(&client_end.journal);
    write_bytes(1); /* what comes behind more bytes waits for these, as they may get on */
    tell(RFC2217_SET_STOPSIZE, 1);
    CHECK(flush());
    live(1500);
    CHECK(!heard("SET-STOPSIZE"));
    live(1000);
    CHECK(heard("SET-STOPSIZE 1"));
    let_out(SIZE_MAX);
    end();
}

static void the_end_of_flow_control_lets_everything_out(void)
{
    begin(",rtscts");
    agree();
    fake_serial.room = 0;
    write_bytes(MUCH);
    tell(RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_NONE);
    CHECK(flush());
    for (int i = 0; i < 300 && fake_serial.line.flow_out != LINE_FLOW_NONE; i++)
        live(10);
    CHECK(fake_serial.line.flow_out == LINE_FLOW_NONE);
    let_out(SIZE_MAX);
    end();
}

static void commands_flow_while_a_device_is_unplugged(void)
{
    begin(",hotplug");
    agree();
    fake_serial.open_error = -ENODEV;
    fake_serial_unplug();
    write_bytes(MUCH);
    tell(RFC2217_SET_BAUDRATE, 115200);
    CHECK(flush());
    live(200);
    CHECK(heard("SET-BAUDRATE 115200"));
    fake_serial.open_error = 0;
    live(600);
    CHECK(wrote == sent && in_order && fake_serial.line.baud == 115200);
    end();
}

/* --- order ------------------------------------------------------------------------------------ */

static void a_setting_keeps_its_place_while_bytes_get_on(void)
{
    const size_t rate = 500;

    begin("");
    agree();
    fake_serial.room = 0;
    write_bytes(MUCH);
    tell(RFC2217_SET_BAUDRATE, 300);
    write_bytes(MUCH);
    tell(RFC2217_SET_BAUDRATE, 600);
    flush();
    for (bool first = false, second = false; wrote < sent;) {
        fake_serial_make_room(rate);
        live(100);
        flush();
        CHECK(wrote <= MUCH || first || fake_serial.line.baud == 300);
        first = first || fake_serial.line.baud == 300;
        second = second || fake_serial.line.baud == 600;
        CHECK(!first || wrote >= MUCH);
        CHECK(!second || wrote >= 2 * MUCH);
    }
    live(1000);
    CHECK(in_order && fake_serial.line.baud == 600);
    CHECK(!strstr(logged, "unsent"));
    end();
}

/* --- bounds ----------------------------------------------------------------------------------- */

/* Writes until nothing is taken any more; how much was. */
static size_t fill(void)
{
    do {
        CHECK(sent < ENDLESS);
        write_bytes(100000);
    } while (flush());
    return sent - comport_output(client_end.comport)->len;
}

static void a_client_is_held_when_too_much_waits(void)
{
    begin("");
    agree();
    fake_serial.room = 0;
    CHECK(fill() < MOST);
    live(60000);
    CHECK(!flush()); /* and stays so */
    let_out(5000);
    end();
}

static void a_client_goes_on_as_its_device_does(void)
{
    begin("");
    agree();
    fake_serial.room = 0;
    fill();
    for (int i = 0; i < 20; i++) { /* of what waits, a part */
        fake_serial_make_room(10000);
        live(10);
    }
    CHECK(send_some());
    let_out(SIZE_MAX);
    end();
}

static void a_raw_client_is_not_read_ahead(void)
{
    static const uint8_t block[10000];
    size_t taken = 0;

    begin(",mode=raw");
    client = fake_listener_connect();
    fake_serial.room = 0;
    for (int still = 0; still < 100; live(10)) {
        ssize_t n = send(client, block, sizeof block, MSG_NOSIGNAL | MSG_DONTWAIT);

        taken += n > 0 ? (size_t)n : 0;
        still = n > 0 ? 0 : still + 1;
    }
    CHECK(taken < MOST_UNREAD);
    end();
}

static void a_device_that_stands_still_is_told_once(void)
{
    begin("");
    agree();
    fake_serial.room = 0;
    write_bytes(MUCH);
    CHECK(flush());
    CHECK(said("the device takes nothing") == 0);
    live(30000);
    CHECK(said("the device takes nothing") == 1);
    fake_serial_make_room(1000);
    live(10000);
    CHECK(said("the device takes nothing") == 2); /* it has taken something in between */
    let_out(SIZE_MAX);
    live(10000);
    CHECK(said("the device takes nothing") == 2);
    end();
}

static void what_was_read_ahead_goes_out_after_its_client_has_gone(void)
{
    begin("");
    agree();
    fake_serial.room = 0;
    write_bytes(MUCH);
    CHECK(flush());
    live(500);
    close(client);
    client = -1;
    for (int i = 0; i < 1000 && wrote < sent; i++) {
        fake_serial_make_room(1000);
        pass(1000);
    }
    CHECK(wrote == sent && in_order);
    pass(1000);
    CHECK(!fake_serial.open);
    end();
}

static const struct test tests[] = {
    TEST(a_purge_drops_what_is_stuck_before_it),
    TEST(what_only_asks_does_not_wait_for_what_is_stuck),
    TEST(a_keep_alive_is_answered_behind_what_is_stuck),
    TEST(lines_and_break_go_ahead_of_what_is_stuck),
    TEST(several_settings_wait_for_what_is_stuck_once),
    TEST(the_end_of_flow_control_lets_everything_out),
    TEST(commands_flow_while_a_device_is_unplugged),
    TEST(a_setting_keeps_its_place_while_bytes_get_on),
    TEST(a_client_is_held_when_too_much_waits),
    TEST(a_client_goes_on_as_its_device_does),
    TEST(a_raw_client_is_not_read_ahead),
    TEST(a_device_that_stands_still_is_told_once),
    TEST(what_was_read_ahead_goes_out_after_its_client_has_gone),
};

int main(int argc, char **argv)
{
    CHECK(startup_init(&argc, &argv) == 0);
    log_init("test", LOG_LEVEL_DEBUG);
    virtual_begin();
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
