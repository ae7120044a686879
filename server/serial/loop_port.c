/*
 * Bytes that were written wait in `wire`. Unpaced, all of them arrive in the next turn of the loop.
 * Paced, a timer lets as many arrive as the line would have carried since the last time. While the
 * reader pauses they stay, and writes fill the queue.
 */
#include "loop_port.h"

#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "loop.h"
#include "proto/buf.h"
#include "timer.h"

enum {
    WIRE_MAX = 16384,
    BATCH_MAX = 4096,
    TICK_MS = 5,
};

struct loop_port {
    struct serial base;
    struct event_base *loop;
    bool paced;
    bool reading;
    bool write_refused; /* somebody waits for room */
    bool watch_errors;
    bool closed;
    unsigned outputs;
    struct line_settings line;
    struct buf wire;
    struct timer arrival;
    struct timeval last; /* paced: when bytes arrived up to */
    uint64_t credit_us;  /* paced: time on the wire that no byte has used yet */
    unsigned late_edges; /* to tell from the loop */
    bool late_break;
    struct timer late;
};

static struct loop_port *port_of(struct serial *s)
{
    return (struct loop_port *)(void *)s;
}

static unsigned loop_inputs(unsigned outputs)
{
    return (outputs & LINE_RTS ? (unsigned)LINE_CTS : 0) |
           (outputs & LINE_DTR ? (unsigned)(LINE_DSR | LINE_CD) : 0);
}

static void schedule(struct loop_port *p)
{
    if (p->reading && p->wire.len > 0 && !timer_is_set(&p->arrival))
        timer_in_ms(&p->arrival, p->paced ? TICK_MS : 0);
}

/* How many bytes the line has carried since the last time. */
static size_t carried(struct loop_port *p)
{
    struct timeval now, passed;

    if (!p->paced)
        return p->wire.len;
    event_base_gettimeofday_cached(p->loop, &now);
    evutil_timersub(&now, &p->last, &passed);
    p->last = now;
    if (passed.tv_sec >= 0 && passed.tv_sec < 10)
        p->credit_us += (uint64_t)passed.tv_sec * 1000000 + (uint64_t)passed.tv_usec;

    uint64_t per_thousand = line_wire_time_us(&p->line, 1000);
    uint64_t bytes = p->credit_us * 1000 / (per_thousand ? per_thousand : 1);
    if (bytes >= p->wire.len) {
        p->credit_us = 0;
        return p->wire.len;
    }
    p->credit_us -= bytes * per_thousand / 1000;
    return (size_t)bytes;
}

static void on_arrival(void *ctx)
{
    struct loop_port *p = ctx;
    uint8_t batch[BATCH_MAX];
    size_t left = carried(p);

    while (left > 0 && p->reading && !p->closed) {
        size_t n = left < sizeof batch ? left : sizeof batch;

        /* a copy: the receiver may write, which moves the queue */
        for (size_t i = 0; i < n; i++)
            batch[i] = buf_head(&p->wire)[i];
        buf_drain(&p->wire, n);
        left -= n;
        p->base.callbacks->received(p->base.ctx, batch, n);
    }
    if (p->closed)
        return;
    if (p->write_refused && p->wire.len < WIRE_MAX / 2) {
        p->write_refused = false;
        p->base.callbacks->writable(p->base.ctx);
    }
    if (!p->closed)
        schedule(p);
}

static void on_late(void *ctx)
{
    struct loop_port *p = ctx;
    unsigned edges = p->late_edges;
    bool broken = p->late_break;

    p->late_edges = 0;
    p->late_break = false;
    if (edges)
        p->base.callbacks->lines(p->base.ctx, loop_inputs(p->outputs), edges);
    if (broken && p->watch_errors && !p->closed)
        p->base.callbacks->errors(p->base.ctx, LINE_STATE_BREAK);
}

static void tell_late(struct loop_port *p)
{
    timer_in_ms(&p->late, 0);
}

static void loop_port_read(struct serial *s, bool on)
{
    struct loop_port *p = port_of(s);

    p->reading = on;
    if (on)
        schedule(p);
    else
        timer_stop(&p->arrival);
}

static int loop_port_write(struct serial *s, const uint8_t *data, size_t len)
{
    struct loop_port *p = port_of(s);
    size_t room = p->wire.max - p->wire.len;
    size_t n = len < room ? len : room;

    if (p->wire.len == 0)
        event_base_gettimeofday_cached(p->loop, &p->last);
    int r = buf_add(&p->wire, data, n);
    if (r < 0)
        return r;
    p->write_refused = n < len;
    schedule(p);
    return (int)n;
}

static int loop_port_configure(struct serial *s, const struct line_settings *want,
                               struct line_settings *got)
{
    struct loop_port *p = port_of(s);

    p->line = *want;
    *got = p->line;
    return 0;
}

static int loop_port_set_outputs(struct serial *s, unsigned mask, unsigned values)
{
    struct loop_port *p = port_of(s);
    unsigned before = loop_inputs(p->outputs);

    p->outputs = (p->outputs & ~mask) | (values & mask);
    p->late_edges |= before ^ loop_inputs(p->outputs);
    if (p->late_edges)
        tell_late(p);
    return 0;
}

static unsigned loop_port_lines(struct serial *s)
{
    unsigned outputs = port_of(s)->outputs;

    return outputs | loop_inputs(outputs);
}

static int loop_port_set_break(struct serial *s, bool on)
{
    struct loop_port *p = port_of(s);

    if (on) {
        p->late_break = true;
        tell_late(p);
    }
    return 0;
}

static int loop_port_purge(struct serial *s, bool rx, bool tx)
{
    struct loop_port *p = port_of(s);

    /* one wire: bytes not sent yet are the bytes not received yet */
    if (rx || tx)
        buf_drain(&p->wire, p->wire.len);
    return 0;
}

static size_t loop_port_untransmitted(struct serial *s)
{
    struct loop_port *p = port_of(s);

    return p->paced ? p->wire.len : 0;
}

static void loop_port_watch_errors(struct serial *s, bool on)
{
    port_of(s)->watch_errors = on;
}

static void loop_port_free(void *arg)
{
    struct loop_port *p = arg;

    buf_free(&p->wire);
    free(p);
}

static void loop_port_stop(struct serial *s)
{
    struct loop_port *p = port_of(s);

    p->closed = true;
    timer_stop(&p->arrival);
    timer_stop(&p->late);
}

static void loop_port_close(struct serial *s)
{
    struct loop_port *p = port_of(s);

    loop_defer(p->loop, loop_port_free, p);
}

static void loop_port_hold(struct serial *s, bool on)
{
    (void)s; /* never: it does not block */
    (void)on;
}

static const struct serial_ops loop_port_ops = {
    .stop = loop_port_stop,
    .close = loop_port_close,
    .hold = loop_port_hold,
    .read = loop_port_read,
    .write = loop_port_write,
    .configure = loop_port_configure,
    .set_outputs = loop_port_set_outputs,
    .lines = loop_port_lines,
    .set_break = loop_port_set_break,
    .purge = loop_port_purge,
    .untransmitted = loop_port_untransmitted,
    .watch_errors = loop_port_watch_errors,
};

struct serial *loop_port_open(struct event_base *base, bool paced,
                              const struct serial_callbacks *callbacks, void *ctx,
                              struct line_settings *current)
{
    struct loop_port *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->base = (struct serial){.ops = &loop_port_ops, .callbacks = callbacks, .ctx = ctx};
    p->loop = base;
    p->paced = paced;
    p->line = line_default;
    p->outputs = LINE_OUTPUTS;
    buf_init(&p->wire, WIRE_MAX);
    timer_make(&p->arrival, base, on_arrival, p);
    timer_make(&p->late, base, on_late, p);
    *current = p->line;
    return &p->base;
}
