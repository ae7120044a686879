/*
 * The stage of tests of a serial port: clients over loopback connections, the device in memory.
 * What a client sees and what is done to the device are two journals.
 */
#ifndef TESTS_SERIAL_STAGE_H
#define TESTS_SERIAL_STAGE_H

#include <errno.h>

#include <event2/event.h>

#include "clock.h"
#include "comport_journal.h"
#include "crowd.h"
#include "endpoint.h"
#include "fakes/fake_serial.h"
#include "log.h"
#include "loop.h"
#include "patience.h"
#include "port.h"
#include "socket.h"
#include "source.h"
#include "stage_time.h"
#include "startup.h"
#include "tcp.h"
#include "test.h"

static struct event_base *base;
static struct crowd *crowd;
static struct endpoint *endpoint;
static struct source source;
static char address[64]; /* what the port listens on */
static char logged[65536];
static unsigned infos; /* lines of that level */

struct client {
    evutil_socket_t fd;
    bool ended;         /* the server has closed */
    struct end end;     /* of a Telnet client */
    struct journal raw; /* bytes of a raw one */
    bool telnet;
};

/* In place of TEST_MAIN: sockets work on all systems. */
#define STAGE_MAIN(tests)                                                                          \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        CHECK(startup_init(&argc, &argv) == 0);                                                    \
        return test_main(argc, argv, tests, sizeof(tests) / sizeof *(tests));                      \
    }

/* --- the stage ------------------------------------------------------------------------------ */

static inline void on_log(enum log_level level, const char *line)
{
    const char *at = strstr(line, "listening on ");

    infos += level == LOG_LEVEL_INFO;
    if (at)
        snprintf(address, sizeof address, "%s", at + strlen("listening on "));
    size_t n = strlen(logged);
    snprintf(logged + n, sizeof logged - n, "%s\n", line);
}

/* `words` is what is published, such as "serial=A1,hotplug", on a machine that has these ports. */
static inline void begin_among(const struct serial_info *ports, size_t count, const char *words)
{
    static char text[256];
    char *args[2] = {text, (char[]){"0"}};
    char error[CLI_ERROR_MAX];

    log_init("test", LOG_LEVEL_DEBUG);
    log_set_sink(on_log);
    logged[0] = '\0';
    fake_serial_reset();
    fake_serial.ports = ports;
    fake_serial.port_count = count;
    stage_time_begin();
    base = loop_new(STAGE_TIME_IS_REAL);
    snprintf(text, sizeof text, "%s", words);
    CHECK(source_parse_all(2, args, &source, 1, error) == 1);
    crowd = crowd_new(64);
    endpoint = endpoint_new(base, crowd, &source, NULL, error);
    if (!endpoint)
        fprintf(stderr, "%s\n", error);
    CHECK(endpoint);
}

static inline void begin(const char *arguments)
{
    char words[256];

    snprintf(words, sizeof words, "/dev/fake%s", arguments);
    begin_among(NULL, 0, words);
}

static inline void end(void)
{
    endpoint_free(endpoint);
    crowd_free(crowd);
    loop_free(base);
    CHECK(!fake_serial.open);
}

static inline void client_connect(struct client *c)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    memset(c, 0, sizeof *c);
    in.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    c->fd = socket_connect((struct sockaddr *)&in, sizeof in);
    CHECK(c->fd >= 0);
    for (uint64_t limit = patience_ms() + 5000; socket_send(c->fd, "", 0) < 0;)
        CHECK(patience_ms() < limit);
    tcp_tune(c->fd, false); /* nothing waits for an acknowledgement, whose delay is real */
}

static inline void client_send(struct client *c, const void *data, size_t len)
{
    CHECK(socket_send(c->fd, data, len) == (int)len);
}

static inline void client_flush(struct client *c)
{
    struct buf *out = comport_output(c->end.comport);

    if (out->len > 0)
        client_send(c, buf_head(out), out->len);
    buf_drain(out, out->len);
}

/* Lets the loop and the clients run for a turn. */
static inline void turn(struct client *c)
{
    const struct timeval pause = {0, 200};
    uint8_t bytes[32768]; /* so that what is said of them fits a journal */

    event_base_loopexit(base, &pause);
    loop_run(base);
    if (!c || c->fd < 0)
        return;
    int n = socket_recv(c->fd, bytes, sizeof bytes);
    if (n == 0 || n == -ECONNRESET)
        c->ended = true;
    if (n <= 0)
        return;
    if (!c->telnet) {
        journal_bytes(&c->raw, "raw", bytes, (size_t)n);
        return;
    }
    comport_receive(c->end.comport, bytes, (size_t)n);
    client_flush(c);
}

/* Runs until a condition holds; fails after five seconds. */
#define RUN_UNTIL(client, condition)                                                               \
    do {                                                                                           \
        uint64_t limit_ = patience_ms() + 5000;                                                    \
        while (!(condition)) {                                                                     \
            if (patience_ms() > limit_) {                                                          \
                fprintf(stderr, "device:\n%s\nlog:\n%s\n", fake_serial.journal.text, logged);      \
                CHECK(condition);                                                                  \
            }                                                                                      \
            turn(client);                                                                          \
        }                                                                                          \
    } while (0)

static inline void run_for(struct client *c, uint64_t ms)
{
    uint64_t limit = clock_now_ms() + ms;

    while (clock_now_ms() < limit)
        turn(c);
}

static inline bool device_saw(const char *text)
{
    return strstr(fake_serial.journal.text, text) != NULL;
}

static inline bool client_saw(const struct client *c, const char *text)
{
    return strstr(c->end.journal.text, text) != NULL;
}

static inline void client_begin_telnet(struct client *c)
{
    client_connect(c);
    c->telnet = true;
    end_begin(&c->end, COMPORT_CLIENT);
    comport_start(c->end.comport);
    client_flush(c);
}

/* Connects and agrees on RFC 2217; both journals begin anew. */
static inline void client_agree(struct client *c)
{
    client_begin_telnet(c);
    RUN_UNTIL(c, client_saw(c, "NOTIFY-MODEMSTATE"));
    journal_clear(&c->end.journal);
    journal_clear(&fake_serial.journal);
}

static inline void client_close(struct client *c)
{
    if (c->fd >= 0)
        evutil_closesocket(c->fd);
    c->fd = -1;
    if (c->telnet)
        comport_free(c->end.comport);
    c->telnet = false;
}

/* Ends it by a reset: its port does not wait for more that the device has to say. */
static inline void client_abort(struct client *c)
{
    const struct linger none = {.l_onoff = 1};

    CHECK(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, (const void *)&none, sizeof none) == 0);
    client_close(c);
}

static inline void client_tell(struct client *c, enum rfc2217_command command, uint32_t value)
{
    comport_send_value(c->end.comport, command, value);
}

static inline void client_write(struct client *c, const char *text)
{
    comport_send_data(c->end.comport, (const uint8_t *)text, strlen(text));
}

/* Tells it the lines of `mask`, with the client's time in microseconds. */
static inline void client_set_lines(struct client *c, uint32_t stamp, unsigned mask, unsigned lines)
{
    comport_send(c->end.comport, (struct rfc2217_message){.command = RFC2217_SET_LINES,
                                                          .value = stamp,
                                                          .mask = (uint8_t)mask,
                                                          .lines = (uint8_t)lines});
}

/* Waits for the outputs to become these, and returns when that was. */
static inline uint64_t outputs_become(struct client *c, unsigned outputs)
{
    RUN_UNTIL(c, fake_serial.outputs == outputs);
    return fake_serial.outputs_us;
}

/* Sends until the server does not read any more; returns how much that was. */
static inline size_t client_fill(struct client *c)
{
    static uint8_t block[16384];
    size_t sent = 0;

    for (int idle = 0; idle < 100;) {
        int n = socket_send(c->fd, block, sizeof block);

        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        turn(NULL);
        CHECK(sent < 64 * 1024 * 1024);
    }
    return sent;
}

#endif
