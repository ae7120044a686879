/*
 * A published port whose client's connection is lost again and again, in virtual time: the network
 * takes one direction or both, the server notices or not, the client comes back at once or late,
 * and is lost again while it asks; strangers come meanwhile. What must hold, whatever the schedule:
 *
 *   - each byte of the client reaches the device once, in order, at the speed it was sent for
 *   - each byte of the device reaches the client once, in order
 *   - each of its commands is answered once, in order
 *   - a stranger's bytes reach nobody, nor is the session a stranger's
 *   - who comes back later than the server waits is told so, and has the port as a new client
 *
 * model_resume [SECONDS [SEED]]: as model_serial.
 */
#include <errno.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "crowd.h"
#include "endpoint.h"
#include "fakes/fake_listener.h"
#include "fakes/fake_serial.h"
#include "log.h"
#include "loop.h"
#include "proto/buf.h"
#include "proto/comport.h"
#include "proto/serial_ext.h"
#include "source.h"
#include "tcp.h"
#include "test.h"
#include "virtual_time.h"

enum {
    DRIVER = 512, /* bytes that the driver takes */
    STEP_MS = 5,
    MARKS = 4000, /* commands of a schedule */
    LOST = 200,   /* connections of a schedule */
    LATE_MS = 125000,
};

/* A command: what was sent before it, and what it sets. */
struct mark {
    uint64_t behind;
    unsigned baud;
};

static struct event_base *base;
static struct endpoint *endpoint;
static char logged[1 << 16];
static uint64_t seed, state;
static bool silent; /* the server's system hears nothing of its peers */

/* the device */
static uint8_t driver[DRIVER];
static size_t driver_len;
static unsigned rate; /* bytes a second */
static uint64_t credit, at_wire;
static size_t at_mark;
static int said; /* digits */
static bool talks;

/* the client */
static struct comport *session;
static struct buf kept;  /* sent, and not acknowledged */
static bool keeps;       /* counts have begun */
static uint64_t acked;   /* bytes before those in `kept` */
static size_t given;     /* of `kept`, to the connection that there is */
static uint64_t counted; /* what the session had taken when counts began */
static uint64_t told;    /* acknowledged to the server */
static uint64_t sent;    /* bytes of data */
static int heard;        /* digits, in all, since the first; -1: none */
static struct mark marks[MARKS];
static size_t mark_count, answers;
static bool granted, refused;
static struct comport *asking; /* while a new connection asks for the session */
static int fd;                 /* the connection that there is, or -1 */
static bool up, down;          /* the network carries bytes that way */
static int parked[LOST];       /* connections that are lost and not closed */
static int parked_count;
static int stranger;

static unsigned pick(unsigned below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

static void fail(const char *what)
{
    fprintf(stderr,
            "%s\nseed %llu: %llu bytes sent, %llu at the device, %d said, %d heard, %zu commands, "
            "%zu answers\nlog:\n%s\n",
            what, (unsigned long long)seed, (unsigned long long)sent, (unsigned long long)at_wire,
            said, heard, mark_count, answers, logged);
    exit(1);
}

static void on_log(enum log_level level, const char *line)
{
    size_t n = strlen(logged);

    (void)level;
    if (n > sizeof logged / 2)
        n = 0;
    snprintf(logged + n, sizeof logged - n, "%llu %s\n", (unsigned long long)virtual_ms(), line);
}

unsigned __wrap_tcp_silence_ms(evutil_socket_t socket);
size_t __wrap_tcp_unacknowledged(evutil_socket_t socket);

unsigned __wrap_tcp_silence_ms(evutil_socket_t socket)
{
    (void)socket;
    return silent ? 1000000 : 0;
}

size_t __wrap_tcp_unacknowledged(evutil_socket_t socket)
{
    (void)socket;
    return silent ? 1 : 0;
}

/* --- the device ------------------------------------------------------------------------------- */

static void on_wrote(const uint8_t *data, size_t len)
{
    if (len > DRIVER - driver_len)
        fail("the driver is given more than it takes");
    memcpy(driver + driver_len, data, len);
    driver_len += len;
    fake_serial.untransmitted = driver_len;
}

static void check_byte(uint8_t byte)
{
    while (at_mark < mark_count && marks[at_mark].behind <= at_wire)
        at_mark++;
    if (byte != 'a' + at_wire % 26)
        fail("a byte is missing at the device, or there twice, or a stranger's");
    if (at_mark > 0 && fake_serial.line.baud != marks[at_mark - 1].baud)
        fail("a byte goes out at another speed than it was sent for");
    at_wire++;
}

static void transmit(void)
{
    credit += (uint64_t)rate * STEP_MS;
    const size_t n = credit / 1000 < driver_len ? (size_t)(credit / 1000) : driver_len;
    credit = n == driver_len ? 0 : credit - n * 1000;
    for (size_t i = 0; i < n; i++)
        check_byte(driver[i]);
    memmove(driver, driver + n, driver_len - n);
    driver_len -= n;
    fake_serial.untransmitted = driver_len;
    if (n > 0 && fake_serial.open)
        fake_serial_make_room(DRIVER - driver_len);
    for (int i = 0; fake_serial.open && fake_serial.reading && talks && i < 3; i++) {
        const char digit[] = {(char)('0' + said++ % 10), '\0'};

        fake_serial_send(digit);
    }
}

/* --- what the client hears -------------------------------------------------------------------- */

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    if (asking) /* too late: it has the port as a new client */
        return;
    for (size_t i = 0; i < len; i++) {
        if (data[i] != '0' + (heard + 1) % 10)
            fail("a byte of the device is missing at the client, or there twice");
        heard++;
    }
}

static void on_resume(const struct rfc2217_message *m)
{
    struct serial_ext_resume r;

    if (serial_ext_get_resume(m->text, m->text_len, &r) < 0)
        fail("a message of RESUME has not its layout");
    if (r.kind == SERIAL_EXT_REFUSE) {
        refused = true;
    } else if (r.kind == SERIAL_EXT_GRANT || r.kind == SERIAL_EXT_ACK) {
        if (r.kind == SERIAL_EXT_ACK && r.received < acked)
            return; /* sent again */
        if (r.received < acked || r.received - acked > kept.len)
            fail("the server says that it has what it was not sent, or has no more what it had");
        given -= r.received - acked < given ? (size_t)(r.received - acked) : given;
        buf_drain(&kept, (size_t)(r.received - acked));
        acked = r.received;
        granted = granted || r.kind == SERIAL_EXT_GRANT;
        if (asking)
            comport_pause(asking);
        else if (r.kind == SERIAL_EXT_GRANT)
            counted = comport_taken(session);
    }
}

static void on_message(void *ctx, const struct rfc2217_message *m)
{
    (void)ctx;
    if (m->command == RFC2217_RESUME)
        on_resume(m);
    if (m->command != RFC2217_SET_BAUDRATE)
        return;
    if (answers == mark_count || m->value != marks[answers].baud)
        fail("a command is answered twice, or not in order");
    answers++;
}

static void on_malformed(void *ctx, const struct rfc2217_message *m)
{
    (void)ctx;
    (void)m;
    fail("what the server says has not its form");
}

static void on_option(void *ctx, bool agreed)
{
    (void)ctx;
    (void)agreed;
}

static void on_command(void *ctx, uint8_t command)
{
    (void)ctx;
    (void)command;
}

static const struct comport_callbacks callbacks = {.data = on_data,
                                                   .message = on_message,
                                                   .malformed = on_malformed,
                                                   .option = on_option,
                                                   .command = on_command};

static struct comport *new_comport(void)
{
    static struct comport_scratch scratch;
    struct comport *c = comport_new(COMPORT_CLIENT, 1 << 20, &scratch, &callbacks, NULL);

    CHECK(c);
    return c;
}

/* --- its connection --------------------------------------------------------------------------- */

static void say_resume(struct comport *c, enum serial_ext_resume_kind kind, uint64_t received)
{
    struct serial_ext_resume r = {.kind = (uint8_t)kind, .received = received, .token = "a token"};
    uint8_t payload[SERIAL_EXT_MAX];
    const size_t len = serial_ext_put_resume(&r, payload);

    comport_send(
        c, (struct rfc2217_message){.command = RFC2217_RESUME, .text = payload, .text_len = len});
}

static uint64_t received(void)
{
    return comport_taken(session) - counted;
}

/* Sends as much as the connection takes. */
static size_t give(const uint8_t *data, size_t len)
{
    const ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    return n > 0 ? (size_t)n : 0;
}

/* What the session says is kept, and goes out as far as there is a connection that takes it. */
static void flush(void)
{
    struct buf *out = comport_output(session);

    if (keeps) {
        CHECK(buf_add(&kept, buf_head(out), out->len) == 0);
        buf_drain(out, out->len);
    }
    if (fd < 0 || !up || refused)
        return;
    if (asking)
        buf_drain(comport_output(asking),
                  give(buf_head(comport_output(asking)), comport_output(asking)->len));
    else if (keeps)
        given += give(buf_head(&kept) + given, kept.len - given);
    else
        buf_drain(out, give(buf_head(out), out->len));
}

/* The answer to one that asks; behind a grant the session goes on. Returns how much is used. */
static size_t take_answer(const uint8_t *data, size_t len)
{
    const size_t used = comport_receive(asking, data, len);

    if (!granted && !refused)
        return used;
    comport_free(asking);
    asking = NULL;
    given = 0;
    for (int i = 0; i < parked_count; i++)
        close(parked[i]);
    parked_count = 0;
    return granted ? used : len;
}

static void hear(void)
{
    uint8_t bytes[4096];
    ssize_t n;

    while (fd >= 0 && down && !refused &&
           (n = recv(fd, bytes, 1 + pick(sizeof bytes), MSG_DONTWAIT)) > 0) {
        const size_t used = asking ? take_answer(bytes, (size_t)n) : 0;

        if (!asking && used < (size_t)n)
            comport_receive(session, bytes + used, (size_t)n - used);
    }
    if (keeps && !asking && received() - told > 20000) {
        told = received();
        say_resume(session, SERIAL_EXT_ACK, told);
    }
}

static void pass(unsigned ms)
{
    const struct timeval step = {0, STEP_MS * 1000};

    for (unsigned i = 0; i < ms / STEP_MS + 1; i++) {
        flush();
        event_base_loopexit(base, &step);
        loop_run(base);
        transmit();
        hear();
    }
}

static void begin_client(void)
{
    session = new_comport();
    fd = fake_listener_connect();
    comport_start(session);
    comport_send_text(session, "net2pty/9 ext=1");
    pass(500);
    say_resume(session, SERIAL_EXT_BEGIN, 0);
    flush();
    keeps = true;
    pass(500);
    if (!granted)
        fail("the session is not kept");
}

/* The network takes it: not both directions at once, and what is under way with them. */
static void lose(void)
{
    if (fd < 0 || parked_count == LOST)
        return;
    up = pick(2);
    down = !up && pick(2);
    pass(pick(2) ? pick(400) : 0);
    parked[parked_count++] = fd;
    fd = -1;
    up = down = true;
    silent = pick(2);
    if (asking)
        comport_free(asking);
    asking = NULL;
}

static void come_again(void)
{
    if (fd >= 0)
        return;
    silent = false;
    granted = refused = false;
    fd = fake_listener_connect();
    asking = new_comport();
    comport_start(asking);
    comport_send_text(asking, "net2pty/9 ext=1");
    comport_send_text(asking, "");
    pass(pick(50));
    say_resume(asking, SERIAL_EXT_RESUME, received());
    pass(pick(50));
}

/* --- schedules -------------------------------------------------------------------------------- */

static void say(size_t len)
{
    uint8_t text[3000];

    for (size_t i = 0; i < len; i++)
        text[i] = (uint8_t)('a' + sent++ % 26);
    comport_send_data(session, text, len);
}

static void command(void)
{
    if (mark_count == MARKS)
        return;
    const unsigned baud = 1200 + (unsigned)mark_count;

    marks[mark_count++] = (struct mark){sent, baud};
    comport_send_value(session, RFC2217_SET_BAUDRATE, baud);
}

/* One who knows what a session's client says, but not its token; or knows nothing. */
static void come_as_stranger(void)
{
    if (stranger >= 0)
        close(stranger);
    stranger = fake_listener_connect();
    (void)!send(stranger, "ZZZ", 3, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void step(void)
{
    switch (pick(9)) {
    case 0:
        lose();
        break;
    case 1:
    case 2:
        come_again();
        break;
    case 3:
        pass(pick(3) ? pick(300) : pick(20000));
        break;
    case 4: /* never still for so long that bytes are given up */
        rate = (unsigned[]){60, 300, 1000, 100000}[pick(4)];
        talks = pick(2);
        break;
    case 5:
        come_as_stranger();
        break;
    case 6:
        command();
        break;
    default:
        say(1 + pick(pick(4) ? 40 : 2999));
        break;
    }
    if (refused)
        fail("the session is gone though its client was back in time");
}

/* It comes back, however often it has to, and everything is where it belongs. */
static void check_all_is_there(void)
{
    talks = false;
    rate = 100000;
    for (int i = 0; i < 10 && (fd < 0 || asking); i++) {
        come_again();
        pass(3000);
    }
    pass(120000);
    if (refused || fd < 0 || asking)
        fail("the session does not go on");
    if (at_wire != sent || answers != mark_count)
        fail("bytes or commands of the client are lost");
    if (heard + 1 != said)
        fail("bytes of the device are lost");
    if (kept.len > 64 * 1024)
        fail("the server does not acknowledge what it has");
}

/* It comes back when the server, which knows that it was lost, does not wait any more. */
static void check_too_late(void)
{
    lose();
    if (fd >= 0)
        return;
    silent = talks = true;
    pass(LATE_MS);
    come_again();
    pass(3000);
    if (strstr(logged, "its connection is lost") && !refused)
        fail("a session is kept for ever");
}

static void run_schedule(void)
{
    static const char *const options[] = {"", ",hold", ",observers", ",hotplug"};
    char text[64], number[] = "0", error[CLI_ERROR_MAX];
    char *args[] = {text, number};
    struct source source;
    struct crowd *crowd = crowd_new(64);

    state = seed * 2654435761u + 12345;
    logged[0] = '\0';
    snprintf(text, sizeof text, "/dev/fake%s", options[pick(4)]);
    fake_serial_reset();
    fake_serial.wrote = on_wrote;
    fake_serial.room = DRIVER;
    silent = keeps = granted = refused = talks = false;
    driver_len = at_mark = given = mark_count = answers = 0;
    credit = at_wire = acked = counted = told = sent = 0;
    said = 0;
    heard = -1;
    rate = 1000;
    up = down = true;
    parked_count = 0;
    stranger = -1;
    buf_init(&kept, 1 << 24);
    base = loop_new(false);
    CHECK(source_parse_all(2, args, &source, 1, error) == 1);
    endpoint = endpoint_new(base, crowd, &source, NULL, error);
    CHECK(endpoint);
    begin_client();
    for (unsigned i = 20 + pick(150); i > 0; i--)
        step();
    if (pick(4))
        check_all_is_there();
    else
        check_too_late();
    endpoint_free(endpoint);
    loop_free(base);
    crowd_free(crowd);
    comport_free(session);
    comport_free(asking);
    asking = NULL;
    buf_free(&kept);
    for (int i = 0; i < parked_count; i++)
        close(parked[i]);
    close(fd);
    close(stranger);
}

int main(int argc, char **argv)
{
    const char *seconds = getenv("COM2NET_RANDOM_SECONDS");
    const uint64_t end = real_ms() + 1000 * strtoull(argc > 1  ? argv[1]
                                                     : seconds ? seconds
                                                               : "3",
                                                     NULL, 10);
    unsigned long long first = argc > 2 ? strtoull(argv[2], NULL, 10) : real_ms();

    log_init("model", LOG_LEVEL_DEBUG);
    log_set_sink(on_log);
    virtual_begin();
    seed = first;
    do {
        run_schedule();
        seed++;
    } while (real_ms() < end);
    printf("%llu schedules hold, from seed %llu on\n", (unsigned long long)seed - first, first);
    return 0;
}
