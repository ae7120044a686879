/*
 * A published port with its gate and sessions: several clients that come, speak (raw, Telnet, RFC
 * 2217, or what they like), stop to read and go, on a paced or an unpaced loop port, in virtual
 * time. Whatever they do: nothing crashes, and when all have gone for a while the next client is
 * served. The first byte chooses the port; then each two bytes are a step.
 */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "crowd.h"
#include "endpoint.h"
#include "fakes/fake_listener.h"
#include "log.h"
#include "loop.h"
#include "port.h"
#include "source.h"
#include "virtual_time.h"

enum { CLIENTS = 4 };

static struct event_base *base;
static int client[CLIENTS];

static void turn(unsigned ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_base_loopexit(base, &delay);
    event_base_dispatch(base);
}

static void say(int c, const void *data, size_t len)
{
    (void)!send(c, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void hear(int c)
{
    char bytes[4096];

    while (recv(c, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

static void leave(int i)
{
    if (client[i] >= 0)
        close(client[i]);
    client[i] = -1;
}

static void step(uint8_t what, uint8_t arg, const uint8_t *rest, size_t left)
{
    static const uint8_t offer[] = {255, 251, 44, 255, 253, 44, 255, 251, 0, 255, 253, 0};
    static uint8_t many[2000];
    const int i = what >> 4 & (CLIENTS - 1);
    uint8_t message[16] = {255, 250, 44, arg & 63, 0, 0, arg, 128, 255, 240};

    if ((what & 15) == 0) {
        leave(i);
        client[i] = fake_listener_connect();
        return;
    }
    if ((what & 15) == 1) {
        leave(i);
        return;
    }
    if ((what & 15) == 2) {
        turn(arg);
        return;
    }
    if ((what & 15) == 3) {
        turn(arg * 20u);
        return;
    }
    if (client[i] < 0)
        return;
    switch (what & 15) {
    case 4:
        say(client[i], many, arg * 7u);
        break;
    case 5:
        say(client[i], offer, sizeof offer);
        break;
    case 6:
        say(client[i], message, 10);
        break;
    case 7: /* one byte of argument */
        message[4] = rest && left ? rest[0] & 15 : 1;
        message[5] = 255;
        message[6] = 240;
        say(client[i], message, 7);
        break;
    case 8:
        say(client[i], rest, left < arg ? left : arg);
        break;
    case 9:
        hear(client[i]);
        break;
    case 10:
        for (int k = 0; k < arg; k++)
            say(client[i], many, sizeof many);
        break;
    case 11:
        shutdown(client[i], SHUT_WR);
        break;
    default:
        turn(1);
    }
}

/* Those before it may have left much for a slow line: that has to get on. */
static void check_served(const struct port *p, bool observers)
{
    static char got[1 << 22];             /* what those before it had sent comes back, too */
    enum { STILL = 1500, MOST = 500000 }; /* turns in which nothing gets on, and in all */
    uint64_t taken = port_taken(p);
    size_t n = 0;
    unsigned still = 0;
    int c = fake_listener_connect();

    say(c, "@ping@", 6);
    for (unsigned turns = 0; turns < MOST && still < STILL; turns++) {
        ssize_t r;

        turn(200);
        still = port_taken(p) != taken ? 0 : still + 1;
        taken = port_taken(p);
        while ((r = recv(c, got + n, sizeof got - 1 - n, MSG_DONTWAIT)) > 0)
            n += (size_t)r;
        /* busy: it tries again; so does one who came while an owner was ending, and observes */
        if (r == 0 || (r < 0 && errno != EAGAIN) || (observers && turns % 100 == 99)) {
            close(c);
            c = fake_listener_connect();
            say(c, "@ping@", 6);
        }
        if (memmem(got, n, "@ping@", 6)) {
            close(c);
            turn(8000);
            return;
        }
    }
    fprintf(stderr, "the next client is not served\n");
    abort();
}

static void on_log(enum log_level level, const char *line)
{
    (void)level;
    (void)line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct source source = {.port = {.loop = true,
                                     .selector = "loop:",
                                     .name = "loop:",
                                     .interface = -1,
                                     .line = line_default,
                                     .line_delay_ms = 30}};
    struct port_options *o = &source.port;
    char error[CLI_ERROR_MAX];

    if (len < 3 || len > 400)
        return 0;
    log_init("fuzz", LOG_LEVEL_ERROR);
    log_set_sink(on_log);
    virtual_begin();
    o->paced = data[0] & 1;
    o->hold = data[0] & 2;
    o->takeover = data[0] & 4;
    o->observers = data[0] & 8 && !o->takeover;
    o->mode = data[0] >> 4 & 3;
    o->has_baud = true;
    o->line.baud = data[0] & 64 ? 115200 : 9600;
    o->idle_s = data[0] & 128 ? 3 : 0;
    base = loop_new(false);
    struct crowd *crowd = crowd_new(16);
    struct endpoint *e = endpoint_new(base, crowd, &source, NULL, error);
    if (!e)
        abort();
    for (int i = 0; i < CLIENTS; i++)
        client[i] = -1;
    for (size_t at = 1; at + 1 < len; at += 2)
        step(data[at], data[at + 1], data + at + 2, len - at - 2);
    for (int i = 0; i < CLIENTS; i++)
        leave(i);
    turn(o->paced ? 1000 : 200);
    if (o->mode == PORT_MODE_AUTO || o->mode == PORT_MODE_RAW)
        check_served(endpoint_port(e), o->observers);
    endpoint_free(e);
    turn(5000);
    loop_free(base);
    crowd_free(crowd);
    virtual_end();
    return 0;
}
