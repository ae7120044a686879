#include "gate.h"

#include <stdio.h>
#include <stdlib.h>

#include "crowd.h"
#include "log.h"
#include "log_peer.h"
#include "stranger.h"
#include "stream.h"
#include "timer.h"

enum {
    SILENCE_MS = 200, /* of a serial client, since it came or since its first byte */
    USB_SILENCE_MS = 10000,
    FIRST_MAX = 65536, /* one read of the stream */
};

/* A connection that is not told apart yet. */
struct visitor {
    struct gate *gate;
    struct visitor *next;
    struct timer timer;
    struct newcomer newcomer;
};

struct gate {
    struct event_base *base;
    struct gate_options options;
    struct crowd_address *address;
    struct listener *listener;
    struct visitor *visitors;
    const struct gate_callbacks *callbacks;
    void *ctx;
};

/* --- one visitor ------------------------------------------------------------------------------ */

static void visitor_free(struct visitor *v)
{
    struct visitor **at = &v->gate->visitors;

    while (*at != v)
        at = &(*at)->next;
    *at = v->next;
    newcomer_close(&v->newcomer);
    timer_stop(&v->timer);
    free(v);
}

static void on_evicted(void *ctx, const char *why)
{
    struct visitor *v = ctx;

    log_debug("%s: %s: %s", v->gate->options.name, stream_peer(v->newcomer.stream), why);
    visitor_free(v);
}

static void let_in(struct visitor *v, enum protocol speech)
{
    struct gate *g = v->gate;
    struct newcomer n = v->newcomer;

    n.speech = speech;
    stream_read(n.stream, false);
    v->newcomer = (struct newcomer){0};
    visitor_free(v);
    g->callbacks->passed(g->ctx, &n);
    newcomer_close(&n);
}

static void refuse(struct visitor *v, enum protocol speech)
{
    struct newcomer *n = &v->newcomer;
    struct stream *stream = n->stream;

    stranger_refuse(stream, speech, buf_head(&n->first),
                    v->gate->options.mode == GATE_USB ? STRANGER_AT_USB : STRANGER_AT_SERIAL,
                    v->gate->options.name);
    n->stream = NULL;
    crowd_leave(n->place);
    buf_free(&n->first);
    visitor_free(v);
}

/* Does what a decision says. */
static void decide(struct visitor *v, enum protocol speech)
{
    const bool usb = v->gate->options.mode == GATE_USB;

    switch (speech) {
    case PROTOCOL_OPEN:
        break;
    case PROTOCOL_DATA: /* a USB session says what is wrong with it */
        let_in(v, speech);
        break;
    case PROTOCOL_TELNET:
        if (usb)
            refuse(v, speech);
        else
            let_in(v, speech);
        break;
    case PROTOCOL_USBIP:
        if (usb)
            let_in(v, speech);
        else
            refuse(v, speech);
        break;
    case PROTOCOL_TLS:
    case PROTOCOL_SSH:
    case PROTOCOL_HTTP:
        refuse(v, speech);
        break;
    }
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct visitor *v = ctx;
    struct buf *first = &v->newcomer.first;
    const bool begins = first->len == 0;

    if (buf_add(first, data, len) < 0) {
        visitor_free(v);
        return;
    }
    if (begins && v->gate->options.mode == GATE_SERIAL)
        timer_in_ms(&v->timer, SILENCE_MS);
    decide(v, protocol_tell(buf_head(first), first->len));
}

/* Nothing came: a serial client may be one that listens first. */
static void on_silence(void *ctx)
{
    struct visitor *v = ctx;
    const struct buf *first = &v->newcomer.first;

    if (v->gate->options.mode != GATE_USB) {
        let_in(v, protocol_tell_resting(first->len > 0 ? buf_head(first) : NULL, first->len));
        return;
    }
    log_peer_info(stream_peer(v->newcomer.stream), "%s: %s: it asks for nothing",
                  v->gate->options.name, stream_peer(v->newcomer.stream));
    visitor_free(v);
}

static void on_ended(void *ctx, int error)
{
    struct visitor *v = ctx;
    const struct buf *first = &v->newcomer.first;

    if (error == 0 && first->len > 0) { /* and its end says that this was all */
        v->newcomer.ended = true;
        decide(v, protocol_tell_resting(buf_head(first), first->len));
        return;
    }
    log_debug("%s: %s came and went", v->gate->options.name, stream_peer(v->newcomer.stream));
    visitor_free(v);
}

static void on_drained(void *ctx)
{
    (void)ctx;
}

static const struct stream_callbacks serial_callbacks = {
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

/* A stream with room for its input is one that carries bulk; here it has none yet. */
static size_t no_room(void *ctx, uint8_t **into)
{
    (void)ctx;
    *into = NULL;
    return 0;
}

static const struct stream_callbacks usb_callbacks = {
    .received = on_received,
    .room = no_room,
    .drained = on_drained,
    .ended = on_ended,
};

/* --- the gate --------------------------------------------------------------------------------- */

static struct visitor *visitor_new(struct gate *g, struct stream *stream)
{
    struct visitor *v = calloc(1, sizeof *v);
    struct newcomer *n = v ? &v->newcomer : NULL;
    char network[ADDR_TEXT_MAX];

    if (!v) {
        stream_close(stream);
        return NULL;
    }
    stream_set_owner(stream, g->options.mode == GATE_USB ? &usb_callbacks : &serial_callbacks, v);
    stream_network(stream, network);
    v->gate = g;
    v->next = g->visitors;
    g->visitors = v;
    buf_init(&n->first, FIRST_MAX + PROTOCOL_BEGINNING_MAX);
    timer_make(&v->timer, g->base, on_silence, v);
    n->stream = stream;
    n->place = crowd_enter(g->address, network, on_evicted, v);
    if (n->place)
        return v;
    visitor_free(v);
    return NULL;
}

static void on_accepted(void *ctx, struct stream *stream)
{
    struct gate *g = ctx;
    struct visitor *v = visitor_new(g, stream);

    if (!v) {
        log_peer_warn(g->options.name,
                      "%s: a connection is refused: there are too many, or no memory",
                      g->options.name);
    } else if (g->options.mode == GATE_RAW) {
        let_in(v, PROTOCOL_DATA);
    } else {
        timer_in_ms(&v->timer, g->options.mode == GATE_USB ? USB_SILENCE_MS : SILENCE_MS);
        stream_read(v->newcomer.stream, true);
    }
}

static void on_opened(void *ctx)
{
    const struct gate *g = ctx;

    g->callbacks->opened(g->ctx);
}

static const struct listener_callbacks listener_callbacks = {on_accepted, on_opened};

struct gate *gate_new(struct event_base *base, struct crowd *crowd, const struct addr *addr,
                      const struct gate_options *options, const struct gate_callbacks *callbacks,
                      void *ctx, char error[static LISTENER_ERROR_MAX])
{
    const struct stream_options streams = {.queue_max = options->queue_max,
                                           .bulk = options->mode == GATE_USB};
    struct gate *g = calloc(1, sizeof *g);

    snprintf(error, LISTENER_ERROR_MAX, "out of memory");
    if (!g)
        return NULL;
    *g = (struct gate){.base = base, .options = *options, .callbacks = callbacks, .ctx = ctx};
    g->address = crowd_address_new(crowd);
    if (g->address)
        g->listener = listener_new(base, addr, &streams, &listener_callbacks, g, error);
    if (g->listener)
        return g;
    gate_free(g);
    return NULL;
}

void gate_close(struct gate *g)
{
    if (!g)
        return;
    listener_free(g->listener);
    g->listener = NULL;
    while (g->visitors)
        visitor_free(g->visitors);
}

void gate_free(struct gate *g)
{
    if (!g)
        return;
    gate_close(g);
    crowd_address_free(g->address);
    free(g);
}

const char *gate_text(const struct gate *g)
{
    return g->listener ? listener_text(g->listener) : g->options.name;
}

bool gate_is_waiting(const struct gate *g)
{
    return !g->listener || listener_is_waiting(g->listener);
}
