/*
 * A published port, its gate and its sessions against a model: clients that come, speak, send, hear
 * and leave at random moments, a device of random speed that stands still at times, and whose
 * driver takes its time for calls at times, in virtual time. What must hold, whatever the schedule:
 *
 *   - each byte of an owner reaches the device once, in order, at its owner's speed
 *   - a client that is refused has sent the device nothing
 *   - who comes when nobody is there and nothing is under way is served
 *   - who hears the device hears it without a gap, as long as it reads
 *   - what an owner asks is answered, and what it purges is gone, however much is stuck before it
 *   - at the end the device is closed, and everybody's bytes are where they belong
 *
 * model_serial [SECONDS [SEED]]: runs so long (COM2NET_RANDOM_SECONDS, or 3), and begins with that
 * schedule. A failure says the seed of its schedule.
 */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "crowd.h"
#include "endpoint.h"
#include "fakes/fake_listener.h"
#include "fakes/fake_serial.h"
#include "fakes/fake_worker.h"
#include "log.h"
#include "loop.h"
#include "port.h"
#include "proto/buf.h"
#include "source.h"
#include "test.h"
#include "virtual_time.h"

enum {
    SLOTS = 4,
    STUCK_MAX = 180000, /* bytes that wait of a client that has something to ask */
    CLIENTS = 60,       /* of a schedule */
    DRIVER = 512,       /* bytes that the driver takes */
    LETTERS = 26,
    STEP_MS = 5,
    RAW_BAUD = 9600,
};

struct client {
    int fd;
    bool telnet;
    bool expected; /* nobody was there, and nothing under way: it has to be served */
    bool refused;  /* it was ended before it had left */
    unsigned baud;
    size_t sent;      /* bytes of data */
    size_t at_wire;   /* of these at the device */
    uint8_t awaits;   /* the command of an answer, */
    unsigned answers; /* and how often that came */
    uint8_t last[3];  /* that it has heard */
    int heard;        /* the last digit of the device, or -1 */
};

static struct event_base *base;
static struct endpoint *endpoint;
static char logged[1 << 16];
static uint64_t seed, state;
static struct client clients[CLIENTS];
static int slots[SLOTS]; /* clients that are connected, or -1 */
static int came;         /* how many clients have */
static uint64_t left_ms; /* when the last one left */
static uint8_t driver[DRIVER];
static size_t driver_len;
static unsigned rate; /* bytes a second */
static uint64_t credit;
static bool has_room; /* to tell */
static int said;      /* digits that the device has said */
static bool talks;
static bool holds;     /* the device stays open */
static bool had_owner; /* somebody was served */
static bool purges;    /* somebody asks for that */
static bool is_slow;   /* the driver, in some calls */

static unsigned pick(unsigned below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

static void fail(const char *what, const struct client *c)
{
    fprintf(stderr, "%s\nseed %llu, client %d (%s, %zu sent, %zu at the device)\nlog:\n%s\n", what,
            (unsigned long long)seed, c ? (int)(c - clients) : -1,
            !c          ? "-"
            : c->telnet ? "RFC 2217"
                        : "raw",
            c ? c->sent : 0, c ? c->at_wire : 0, logged);
    exit(1);
}

static void on_log(enum log_level level, const char *line)
{
    size_t n = strlen(logged);

    (void)level;
    had_owner |=
        strstr(line, ": client ") && !strstr(line, " observes") && !strstr(line, " refused");
    if (n > sizeof logged / 2)
        n = 0;
    snprintf(logged + n, sizeof logged - n, "%llu %s\n", (unsigned long long)virtual_ms(), line);
}

/* --- the device ------------------------------------------------------------------------------- */

/* The client whose letter this is: the last one that has begun with it. */
static struct client *owner_of(uint8_t letter)
{
    int i = came - 1;

    while (i >= 0 && 'a' + i % LETTERS != letter)
        i--;
    if (i < 0)
        fail("a byte of nobody's is at the device", NULL);
    return &clients[i];
}

static void on_wrote(const uint8_t *data, size_t len)
{
    if (len > DRIVER - driver_len)
        fail("the driver is given more than it takes", NULL);
    memcpy(driver + driver_len, data, len);
    driver_len += len;
    fake_serial.untransmitted = driver_len;
}

static void on_purged(void)
{
    if (!purges)
        fail("what is under way is dropped", NULL);
    driver_len = 0;
    fake_serial.untransmitted = 0;
    has_room = true;
}

static void transmit(void)
{
    credit += (uint64_t)rate * STEP_MS;
    size_t n = credit / 1000 < driver_len ? (size_t)(credit / 1000) : driver_len;
    credit = n == driver_len ? 0 : credit - n * 1000;
    for (size_t i = 0; i < n; i++) {
        struct client *c = owner_of(driver[i]);

        c->at_wire++;
        if (c->at_wire > c->sent)
            fail("a byte is sent twice", c);
        if (c->refused)
            fail("a byte of one who was refused is at the device", c);
        if (fake_serial.line.baud != c->baud)
            fail("a byte goes out at another speed than its owner's", c);
    }
    memmove(driver, driver + n, driver_len - n);
    driver_len -= n;
    fake_serial.untransmitted = driver_len;
    has_room = has_room || n > 0;
    const bool tells = fake_serial.open && !fake_serial.held && !fake_serial.stopped;
    if (has_room && tells)
        fake_serial_make_room(DRIVER - driver_len);
    has_room = has_room && fake_serial.held;
    if (tells && fake_serial.reading && talks && pick(4) == 0) {
        const char digit[] = {(char)('0' + said++ % 10), '\0'};

        fake_serial_send(digit);
    }
}

/* --- clients ---------------------------------------------------------------------------------- */

/* Whether all that those who have gone had sent is at the device. */
static bool has_all(void)
{
    for (int i = 0; i < came; i++)
        if (clients[i].at_wire < clients[i].sent && !clients[i].refused)
            return false;
    return true;
}

/* Whether nobody is there, and nothing under way: of one who is not served, or observes, what it
 * has sent is under way for some seconds. */
static bool is_quiet(void)
{
    for (int i = 0; i < SLOTS; i++)
        if (slots[i] >= 0)
            return false;
    if (!has_all() && virtual_ms() - left_ms < 8000)
        return false;
    return driver_len == 0 &&
           (holds ? port_untransmitted(endpoint_port(endpoint)) == 0 : !fake_serial.open);
}

static void send_all(struct client *c, const void *data, size_t len)
{
    /* what the server has ended is refused, or will be */
    (void)!send(c->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void come(int slot)
{
    static const uint8_t offers[] = {255, 251, 44, 255, 253, 44, 255, 251, 0,
                                     255, 253, 0,  255, 251, 3,  255, 253, 3};
    struct client *c = &clients[came];

    if (came == CLIENTS)
        return;
    for (int i = 0; i < SLOTS; i++) /* which of two that come together is served is open */
        if (slots[i] >= 0 && clients[slots[i]].at_wire == 0)
            clients[slots[i]].expected = false;
    *c = (struct client){.expected = is_quiet(), .telnet = pick(2), .heard = -1, .baud = RAW_BAUD};
    slots[slot] = came++;
    c->fd = fake_listener_connect();
    if (!c->telnet)
        return;
    c->baud = 1200 * (1 + (unsigned)came % 7);
    const uint8_t speed[] = {255, 250, 44, 1, 0, 0, (uint8_t)(c->baud >> 8), (uint8_t)c->baud,
                             255, 240};
    send_all(c, offers, sizeof offers);
    send_all(c, speed, sizeof speed);
}

static void say(struct client *c, size_t len)
{
    char text[2000];

    memset(text, 'a' + (int)(c - clients) % LETTERS, sizeof text);
    ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    c->sent += n > 0 ? (size_t)n : 0;
}

/* Notes the answer that it waits for. */
static void hear_answer(struct client *c, uint8_t byte)
{
    static const uint8_t begin[] = {255, 250, 44};

    if (c->awaits && byte == c->awaits && memcmp(c->last, begin, sizeof begin) == 0)
        c->answers++;
    memmove(c->last, c->last + 1, 2);
    c->last[2] = byte;
}

/* Reads what there is; notes the end. */
static void hear(struct client *c)
{
    char bytes[4096];
    ssize_t n;

    while ((n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            hear_answer(c, (uint8_t)bytes[i]);
            if (bytes[i] < '0' || bytes[i] > '9')
                continue;
            /* digits of messages are none: their bytes are below, or letters */
            if (c->heard >= 0 && bytes[i] - '0' != (c->heard + 1) % 10)
                fail("a byte of the device is missing, or there twice", c);
            c->heard = bytes[i] - '0';
        }
    }
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        if (c->expected)
            fail("one who came when nobody was there is refused", c);
        c->refused = true;
    }
}

static void leave(int slot)
{
    struct client *c = &clients[slots[slot]];

    hear(c);
    close(c->fd);
    c->fd = -1;
    left_ms = virtual_ms();
    slots[slot] = -1;
}

/* --- schedules -------------------------------------------------------------------------------- */

/* Holds calls of the driver up, or lets them be made. */
static void call_slowly(bool may_hold)
{
    if (fake_worker.holds && (!may_hold || pick(12) == 0)) {
        fake_worker.holds = false;
        fake_worker_release();
    } else if (is_slow && may_hold && pick(20) == 0) {
        fake_worker.holds = true;
    }
}

static void pass(unsigned ms)
{
    const struct timeval step = {0, STEP_MS * 1000};

    for (unsigned i = 0; i < ms / STEP_MS + 1; i++) {
        event_base_loopexit(base, &step);
        loop_run(base);
        call_slowly(rate > 0);
        transmit();
        for (int s = 0; s < SLOTS; s++)
            if (slots[s] >= 0)
                hear(&clients[slots[s]]);
    }
}

/* The device stands still, and its owner says much, and then something that does not wait for it.
 */
static void get_stuck(struct client *c)
{
    static const struct {
        uint8_t command, value;
        unsigned ms; /* within which it is answered */
    } asks[] = {{7, 0, 300}, {5, 10, 300}, {12, 2, 300}, {5, 11, 2500}, {5, 6, 2500}};
    const unsigned ask = pick(sizeof asks / sizeof *asks);
    const uint8_t message[] = {255, 250, 44, asks[ask].command, asks[ask].value, 255, 240};
    const size_t most = pick(2) ? STUCK_MAX : 3000;

    rate = 0;
    for (int i = 0; i < 300 && c->sent - c->at_wire < most && !c->refused; i++) {
        say(c, 2000);
        pass(0);
    }
    c->answers = 0;
    c->awaits = (uint8_t)(100 + message[3]);
    purges = message[3] == 12;
    send_all(c, message, sizeof message);
    pass(asks[ask].ms);
    if (c->answers != 1 && !c->refused)
        fail("what an owner asks is not answered, or twice", c);
    if (purges)
        c->sent = c->at_wire;
    purges = false;
    c->awaits = 0;
    rate = 100000;
}

static void step(void)
{
    const int slot = (int)pick(SLOTS);
    const bool there = slots[slot] >= 0;
    struct client *c = there ? &clients[slots[slot]] : NULL;

    switch (pick(there ? 9 : 4)) {
    case 0:
        if (!there)
            come(slot);
        else
            leave(slot);
        break;
    case 1:
        pass(pick(300));
        break;
    case 2:
        if (pick(4) == 0)
            pass(pick(6000));
        break;
    case 3: /* never still for so long that bytes are given up */
        rate = (unsigned[]){60, 300, 1000, 100000}[pick(4)];
        talks = pick(2);
        break;
    case 4: /* who is served for sure */
        if (c->telnet && c->at_wire > 0 && !c->refused && fake_serial.open && pick(3) == 0)
            get_stuck(c);
        break;
    default:
        if (!c->refused)
            say(c, 1 + pick(pick(3) ? 40 : 2000));
        break;
    }
}

static void check_end(void)
{
    for (int s = 0; s < SLOTS; s++)
        if (slots[s] >= 0)
            leave(s);
    rate = 100000; /* much may be under way */
    for (int i = 0, quiet = 0; i < 300 && quiet < 4; i++) {
        pass(2000); /* a raw client is given time to hear the answers */
        quiet = is_quiet() ? quiet + 1 : 0;
    }
    if (fake_serial.open != holds)
        fail("the device is not closed though everybody has gone, or not held", NULL);
    if (holds && fake_serial.line.baud != RAW_BAUD)
        fail("the speed of a client is not put back", NULL);
    if (holds && had_owner && fake_serial.outputs != 0)
        fail("lines that a client has raised are not put back", NULL);
    for (int i = 0; i < came; i++) {
        const struct client *c = &clients[i];

        if (c->at_wire != c->sent && !c->refused && c->at_wire > 0)
            fail("bytes of an owner are lost", c);
        if (c->at_wire != c->sent && c->expected)
            fail("bytes of one who came when nobody was there are lost", c);
    }
}

static void run_schedule(void)
{
    static const char *const options[] = {"", "", ",hold", ",observers", ",hold,observers,hotplug"};
    char text[64], number[] = "0", error[CLI_ERROR_MAX];
    char *args[] = {text, number};
    struct source source;
    struct crowd *crowd = crowd_new(64);

    state = seed * 2654435761u + 12345;
    logged[0] = '\0';
    snprintf(text, sizeof text, "/dev/fake%s", options[pick(5)]);
    is_slow = pick(2);
    fake_worker = (struct fake_worker){0};
    holds = strstr(text, "hold") != NULL;
    fake_serial_reset();
    fake_serial.blocks = is_slow;
    fake_serial.wrote = on_wrote;
    fake_serial.purged = on_purged;
    fake_serial.room = DRIVER;
    memset(clients, 0, sizeof clients);
    driver_len = 0;
    purges = false;
    credit = left_ms = 0;
    came = said = 0;
    had_owner = false;
    rate = 1000;
    talks = false;
    for (int i = 0; i < SLOTS; i++)
        slots[i] = -1;
    base = loop_new(false);
    CHECK(source_parse_all(2, args, &source, 1, error) == 1);
    endpoint = endpoint_new(base, crowd, &source, NULL, error);
    CHECK(endpoint);
    for (unsigned i = 20 + pick(150); i > 0; i--)
        step();
    check_end();
    endpoint_free(endpoint);
    loop_free(base);
    crowd_free(crowd);
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
