#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "addr.h"
#include "clock.h"
#include "log_peer.h"
#include "loop.h"
#include "proto/buf.h"
#include "timer.h"
#include "transport.h"

enum {
    READ_SIZE = 65536,
    READS_MAX = 4, /* of one turn */
    FINISH_MS = 2000,
    FINISHING_MAX = 16, /* descriptors that nobody else counts */
    DEAD_CHECK_MS = 5000,
    PAUSED_CHECKS = 3, /* so 10 to 15 s */
    WATCH_MS = 250,    /* while something is under way */
    STALLED_MS = 1000,
    SILENT_MS = 6000, /* five retransmissions, where the network is quick */
};

enum stream_state {
    STREAM_OPEN,
    STREAM_FINISHING, /* the owner is gone: the queue still goes out, input is dropped */
    STREAM_CLOSED,    /* waits to be freed */
};

struct stream {
    struct event_base *base;
    struct stream *next; /* finishing */
    struct transport *transport;
    const struct stream_callbacks *callbacks;
    void *ctx;
    enum stream_state state;
    struct timer timer;       /* looks for a dead peer; while finishing, the time left */
    struct timer watch;       /* while something is under way */
    uint64_t written;         /* bytes, in all */
    uint64_t acknowledged;    /* of them, at the last look */
    uint64_t acknowledged_ms; /* since when they are so many */
    bool stalled;
    struct buf queue;
    bool reading;
    int paused_checks;  /* of the timer, since reading was paused */
    int stalled_checks; /* the same, since the owner got on */
    bool eof;           /* the peer has closed its side */
    int send_error;     /* the first one: the system says each once, and then that all was read */
    bool mute;          /* the peer has gone: the rest of its bytes is read */
    size_t lost;        /* mute: bytes for it */
    bool shut;          /* finishing: our side is closed already */
    char peer[ADDR_TEXT_MAX];
};

/* Where every stream reads to: received bytes are valid during the callback only. */
static uint8_t read_buffer[READ_SIZE];

/* Those that have no owner any more. */
static struct stream *finishing;

static void tell_loss(const struct stream *s)
{
    const size_t lost = s->callbacks->tells_loss ? 0 : stream_unacknowledged(s);

    if (lost > 0)
        log_peer_info(s->peer, "%s: %zu bytes for it are lost: it has not acknowledged them",
                      s->peer, lost);
}

/* Nothing is called back any more. */
static void stop(struct stream *s)
{
    s->transport->ops->watch_reading(s->transport, false);
    s->transport->ops->watch_writing(s->transport, false);
    timer_stop(&s->timer);
    timer_stop(&s->watch);
}

static void end(struct stream *s, int error)
{
    if (s->state == STREAM_FINISHING) {
        stream_close(s);
        return;
    }
    stop(s);
    tell_loss(s);
    s->callbacks->ended(s->ctx, error);
}

/* While finishing: closes our side once everything is with the kernel. */
static void finish_when_sent(struct stream *s)
{
    if (s->queue.len == 0 && s->eof) {
        stream_close(s);
    } else if (s->queue.len == 0 && !s->shut) {
        s->shut = true;
        s->transport->ops->end_sending(s->transport);
    }
}

static void take_eof(struct stream *s)
{
    s->eof = true;
    s->transport->ops->watch_reading(s->transport, false);
    if (s->state == STREAM_FINISHING)
        finish_when_sent(s);
    else
        s->callbacks->ended(s->ctx, 0);
}

/* Hands on the bytes read: into the owner's room first. */
static void hand_on(struct stream *s, size_t len, size_t room)
{
    const size_t filled = len < room ? len : room;

    if (filled > 0)
        s->callbacks->filled(s->ctx, filled);
    if (len > filled && s->state == STREAM_OPEN)
        s->callbacks->received(s->ctx, read_buffer, len - filled);
}

/* Nothing is left to read. A reset that sending has found first was no end in order; -EPIPE was, as
 * the peer had closed its side before it. */
static void take_end(struct stream *s)
{
    if (s->send_error < 0 && s->send_error != -EPIPE)
        end(s, s->send_error);
    else
        take_eof(s);
}

/* Reads once. Returns whether the owner's room was too small for all the bytes. */
static bool read_once(struct stream *s)
{
    uint8_t *into = NULL;
    const bool asks = s->state == STREAM_OPEN && s->callbacks->room;
    const size_t room = asks ? s->callbacks->room(s->ctx, &into) : 0;
    const size_t more = room > 0 ? s->callbacks->beyond : sizeof read_buffer;
    int n = room > 0 ? s->transport->ops->receive(s->transport, into, room, read_buffer, more)
                     : s->transport->ops->receive(s->transport, read_buffer, more, NULL, 0);

    if (n == -EAGAIN)
        return false;
    if (n == 0)
        take_end(s);
    else if (n < 0)
        end(s, n);
    else if (s->state == STREAM_OPEN)
        hand_on(s, (size_t)n, room);
    return room > 0 && n > 0 && (size_t)n == room + more;
}

static void on_readable(void *ctx)
{
    struct stream *s = ctx;

    for (int i = 0; i < READS_MAX; i++)
        if (!read_once(s) || s->state != STREAM_OPEN || !s->reading)
            return;
}

/* Whether a peer that has gone may have left something to read, whose end then tells: it had sent
 * that before, and wants it done. All that we send from here on is lost. */
static bool can_only_hear(struct stream *s, int error)
{
    if ((error != -EPIPE && error != -ECONNRESET) || s->eof || s->state != STREAM_OPEN)
        return false;
    s->mute = true;
    s->lost += s->queue.len;
    return true;
}

static int send_now(struct stream *s, const void *data, size_t len)
{
    const int n = s->transport->ops->send(s->transport, data, len);

    if (n > 0)
        s->send_error = 0;
    else if (n < 0 && n != -EAGAIN && s->send_error == 0)
        s->send_error = n;
    return n;
}

static void on_writable(void *ctx)
{
    struct stream *s = ctx;

    int n = send_now(s, buf_head(&s->queue), s->queue.len);
    if (n == -EAGAIN)
        return;
    if (n < 0 && !can_only_hear(s, n)) {
        end(s, n);
        return;
    }
    buf_drain(&s->queue, n < 0 ? s->queue.len : (size_t)n);
    if (s->queue.len > 0)
        return;
    s->transport->ops->watch_writing(s->transport, false);
    if (s->state == STREAM_FINISHING)
        finish_when_sent(s);
    else
        s->callbacks->drained(s->ctx);
}

/* A paused stream cannot read that its peer has gone. It is given up when the owner stops taking
 * the peer's bytes, or the peer does not care for it any more. */
static bool is_abandoned(struct stream *s)
{
    if (s->reading)
        return false;
    s->paused_checks++;
    s->stalled_checks++;
    return (s->stalled_checks >= PAUSED_CHECKS &&
            s->transport->ops->peer_has_closed(s->transport)) ||
           (s->paused_checks >= PAUSED_CHECKS && s->transport->ops->is_reset(s->transport));
}

static void on_timer(void *ctx)
{
    struct stream *s = ctx;

    if (s->state == STREAM_FINISHING)
        stream_close(s);
    else if (s->transport->ops->is_dead(s->transport) || is_abandoned(s))
        end(s, -ETIMEDOUT);
    else
        timer_in_ms(&s->timer, DEAD_CHECK_MS);
}

static void set_stalled(struct stream *s, bool on)
{
    if (s->stalled == on)
        return;
    s->stalled = on;
    if (s->callbacks->stalled && s->state == STREAM_OPEN)
        s->callbacks->stalled(s->ctx, on);
}

/* Looks how far the peer has acknowledged what is under way. A long time since its last segment
 * tells nothing: before this it may have had no data. */
static void on_watch(void *ctx)
{
    struct stream *s = ctx;
    const size_t left = stream_unacknowledged(s);
    const uint64_t now_ms = clock_now_ms(), acknowledged = s->written - left;

    if (acknowledged != s->acknowledged || left == 0) {
        s->acknowledged = acknowledged;
        s->acknowledged_ms = now_ms;
    }
    uint64_t silence = s->transport->ops->silence_ms(s->transport);
    if (silence > now_ms - s->acknowledged_ms)
        silence = now_ms - s->acknowledged_ms;
    if (silence >= SILENT_MS) {
        end(s, -ETIMEDOUT);
        return;
    }
    if (left > 0)
        timer_in_ms(&s->watch, WATCH_MS);
    set_stalled(s, silence >= STALLED_MS);
}

/* Something is under way from now on. */
static void watch(struct stream *s)
{
    if (timer_is_set(&s->watch))
        return;
    s->acknowledged_ms = clock_now_ms();
    timer_in_ms(&s->watch, WATCH_MS);
}

static void name_peer(struct stream *s)
{
    struct sockaddr_storage storage;
    struct sockaddr *sa = (struct sockaddr *)&storage;
    struct addr addr = {.host = "local"};

    if (s->transport->ops->peer(s->transport, &storage) == 0 && sa->sa_family != AF_UNIX)
        addr_of_sockaddr(sa, &addr);
    addr_text(&addr, s->peer);
}

static void stream_free(void *arg)
{
    struct stream *s = arg;

    s->transport->ops->free(s->transport);
    buf_free(&s->queue);
    free(s);
}

/* The stream owns the transport, NULL without memory, from then on. */
static struct stream *stream_of_transport(struct event_base *base, struct transport *transport,
                                          size_t queue_max)
{
    struct stream *s = transport ? calloc(1, sizeof *s) : NULL;

    if (!s) {
        if (transport)
            transport->ops->free(transport);
        return NULL;
    }
    s->base = base;
    s->transport = transport;
    transport->readable = on_readable;
    transport->writable = on_writable;
    transport->ctx = s;
    buf_init(&s->queue, queue_max);
    name_peer(s);
    timer_make(&s->timer, base, on_timer, s);
    timer_make(&s->watch, base, on_watch, s);
    timer_in_ms(&s->timer, DEAD_CHECK_MS);
    return s;
}

struct stream *stream_of_socket(struct event_base *base, evutil_socket_t fd,
                                const struct stream_options *options)
{
    return stream_of_transport(base, transport_socket_new(base, fd, !options->bulk),
                               options->queue_max);
}

void stream_set_owner(struct stream *s, const struct stream_callbacks *callbacks, void *ctx)
{
    s->callbacks = callbacks;
    s->ctx = ctx;
}

void stream_read(struct stream *s, bool on)
{
    if (s->state != STREAM_OPEN || on == s->reading)
        return;
    s->reading = on;
    s->paused_checks = s->stalled_checks = 0;
    s->transport->ops->watch_reading(s->transport, on && !s->eof);
}

void stream_catch_up(struct stream *s)
{
    enum { READS = 3 }; /* the last bytes of a client, and its end */

    for (int i = 0; i < READS && s->state == STREAM_OPEN && s->reading && !s->eof; i++)
        on_readable(s);
}

bool stream_peer_has_closed(const struct stream *s)
{
    return s->eof || s->transport->ops->peer_has_closed(s->transport);
}

void stream_keep(struct stream *s)
{
    s->stalled_checks = 0;
}

int stream_write(struct stream *s, const void *data, size_t len)
{
    size_t sent = 0;

    if (s->state != STREAM_OPEN)
        return -EPIPE;
    if (len > s->queue.max - s->queue.len)
        return -ENOBUFS;
    if (s->mute) {
        s->lost += len;
        s->written += len;
        return 0;
    }
    if (s->queue.len == 0 && len > 0) {
        int n = send_now(s, data, len);

        /* the loop tells an error, when it writes or has read all */
        sent = n > 0 ? (size_t)n : 0;
    }
    if (sent < len) {
        int r = buf_add(&s->queue, (const uint8_t *)data + sent, len - sent);

        if (r < 0)
            return r;
        s->transport->ops->watch_writing(s->transport, true);
    }
    s->written += len;
    watch(s);
    return 0;
}

size_t stream_queued(const struct stream *s)
{
    return s->queue.len;
}

size_t stream_unacknowledged(const struct stream *s)
{
    return s->lost + s->queue.len + s->transport->ops->unacknowledged(s->transport);
}

void stream_close(struct stream *s)
{
    if (!s || s->state == STREAM_CLOSED)
        return;
    for (struct stream **at = &finishing; *at && s->state == STREAM_FINISHING; at = &(*at)->next) {
        if (*at == s) {
            *at = s->next;
            break;
        }
    }
    s->state = STREAM_CLOSED;
    stop(s);
    s->transport->ops->close(s->transport); /* now: in this turn there may be as many new ones as
                                               there are descriptors */
    loop_defer(s->base, stream_free, s);
}

void stream_reset(struct stream *s)
{
    if (s && s->state != STREAM_CLOSED)
        s->transport->ops->reset(s->transport);
    stream_close(s);
}

void stream_park(struct stream *s)
{
    stop(s);
    s->reading = false;
    buf_drain(&s->queue, s->queue.len);
}

/* Makes room: the oldest that has sent everything goes, or the oldest. */
static void bound_finishing(void)
{
    struct stream *oldest = NULL, *sent = NULL;
    int count = 0;

    for (struct stream *s = finishing; s; s = s->next) {
        oldest = s;
        sent = s->shut ? s : sent;
        count++;
    }
    if (count >= FINISHING_MAX)
        stream_close(sent ? sent : oldest);
}

/* Before the loop goes, which they would wait for. */
static void end_finishing(void)
{
    while (finishing)
        stream_close(finishing);
}

static struct loop_end finishing_ends = {.function = end_finishing};

void stream_finish(struct stream *s)
{
    if (!s || s->state != STREAM_OPEN)
        return;
    bound_finishing();
    loop_at_end(&finishing_ends);
    s->state = STREAM_FINISHING;
    s->next = finishing;
    finishing = s;
    if (!s->eof)
        s->transport->ops->watch_reading(s->transport, true);
    timer_in_ms(&s->timer, FINISH_MS);
    finish_when_sent(s);
}

bool stream_error_is_networks(int error)
{
    switch (-error) {
    case ETIMEDOUT:
    case ECONNABORTED: /* Windows: its bytes were not acknowledged, */
    case ENETRESET:    /* and keepalives were not answered */
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return true;
    default:
        return false;
    }
}

void stream_network(const struct stream *s, char text[static ADDR_TEXT_MAX])
{
    struct sockaddr_storage storage;

    snprintf(text, ADDR_TEXT_MAX, "?");
    if (s->transport->ops->peer(s->transport, &storage) == 0)
        addr_network((struct sockaddr *)&storage, text);
}

const char *stream_peer(const struct stream *s)
{
    return s->peer;
}
