#include "stream.h"

#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "addr.h"
#include "log_peer.h"
#include "loop.h"
#include "os.h"
#include "proto/buf.h"

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
    STREAM_FINISHING, /* the owner is gone; what is queued goes out, what comes in is dropped */
    STREAM_CLOSED,    /* waits to be freed */
};

struct stream {
    struct event_base *base;
    struct stream *next; /* finishing */
    evutil_socket_t fd;
    const struct stream_callbacks *callbacks;
    void *ctx;
    enum stream_state state;
    struct event *readable;
    struct event *writable;
    struct event *timer;      /* looks for a dead peer; while finishing, the time left */
    struct event *watch;      /* while something is under way */
    uint64_t written;         /* bytes, in all */
    uint64_t acknowledged;    /* of them, at the last look, */
    uint64_t acknowledged_ms; /* and since when */
    bool stalled;
    struct buf queue;
    bool reading;
    int paused_checks;  /* of the timer, since reading was paused */
    int stalled_checks; /* likewise, since the owner got on */
    bool eof;           /* the peer has closed its side */
    bool mute;          /* the peer has gone; what it has left is read */
    size_t lost;        /* mute: bytes for it */
    bool shut;          /* finishing: our side is closed already */
    char peer[ADDR_TEXT_MAX];
};

/* Where every stream reads to: received bytes are valid during the callback only. */
static uint8_t read_buffer[READ_SIZE];

/* Those that have no owner any more. */
static struct stream *finishing;

static void set_timer(struct stream *s, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_add(s->timer, &delay);
}

static void tell_loss(const struct stream *s)
{
    const size_t lost = s->callbacks->tells_loss ? 0 : stream_unacknowledged(s);

    if (lost > 0)
        log_peer_info(s->peer, "%s: %zu bytes for it are lost: it has not acknowledged them",
                      s->peer, lost);
}

static void end(struct stream *s, int error)
{
    if (s->state == STREAM_FINISHING) {
        stream_close(s);
        return;
    }
    event_del(s->readable);
    event_del(s->writable);
    event_del(s->timer);
    event_del(s->watch);
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
        os_shut_down_sending(s->fd);
    }
}

static void take_eof(struct stream *s)
{
    s->eof = true;
    event_del(s->readable);
    if (s->state == STREAM_FINISHING)
        finish_when_sent(s);
    else
        s->callbacks->ended(s->ctx, 0);
}

/* Hands on what has been read: into the owner's room first. */
static void hand_on(struct stream *s, size_t len, size_t room)
{
    const size_t filled = len < room ? len : room;

    if (filled > 0)
        s->callbacks->filled(s->ctx, filled);
    if (len > filled && s->state == STREAM_OPEN)
        s->callbacks->received(s->ctx, read_buffer, len - filled);
}

/* Reads once. Returns whether the owner's room was too small for what there is. */
static bool read_once(struct stream *s)
{
    uint8_t *into = NULL;
    const bool asks = s->state == STREAM_OPEN && s->callbacks->room;
    const size_t room = asks ? s->callbacks->room(s->ctx, &into) : 0;
    const size_t more = room > 0 ? s->callbacks->beyond : sizeof read_buffer;
    int n = room > 0 ? os_recv_two(s->fd, into, room, read_buffer, more)
                     : os_recv(s->fd, read_buffer, more);

    if (n == -EAGAIN)
        return false;
    if (n == 0)
        take_eof(s);
    else if (n < 0)
        end(s, n);
    else if (s->state == STREAM_OPEN)
        hand_on(s, (size_t)n, room);
    return room > 0 && n > 0 && (size_t)n == room + more;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct stream *s = ctx;

    (void)fd;
    (void)what;
    for (int i = 0; i < READS_MAX; i++)
        if (!read_once(s) || s->state != STREAM_OPEN || !s->reading)
            return;
}

/* Whether a peer that has gone may have left something to read, whose end then tells: it had sent
 * that before, and wants it done. What we send from here on is lost. */
static bool can_only_hear(struct stream *s, int error)
{
    if ((error != -EPIPE && error != -ECONNRESET) || s->eof || s->state != STREAM_OPEN)
        return false;
    s->mute = true;
    s->lost += s->queue.len;
    return true;
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
    struct stream *s = ctx;

    (void)what;
    int n = os_send(fd, buf_head(&s->queue), s->queue.len);
    if (n == -EAGAIN)
        return;
    if (n < 0 && !can_only_hear(s, n)) {
        end(s, n);
        return;
    }
    buf_drain(&s->queue, n < 0 ? s->queue.len : (size_t)n);
    if (s->queue.len > 0)
        return;
    event_del(s->writable);
    if (s->state == STREAM_FINISHING)
        finish_when_sent(s);
    else
        s->callbacks->drained(s->ctx);
}

/* A paused stream cannot read that its peer has gone. It is given up when the owner does not get on
 * with taking what the peer had sent, or the peer does not care for it any more. */
static bool is_abandoned(struct stream *s)
{
    if (s->reading)
        return false;
    s->paused_checks++;
    s->stalled_checks++;
    return (s->stalled_checks >= PAUSED_CHECKS && os_tcp_peer_has_closed(s->fd)) ||
           (s->paused_checks >= PAUSED_CHECKS && os_tcp_is_reset(s->fd));
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct stream *s = ctx;

    (void)fd;
    (void)what;
    if (s->state == STREAM_FINISHING)
        stream_close(s);
    else if (os_tcp_is_dead(s->fd) || is_abandoned(s))
        end(s, -ETIMEDOUT);
    else
        set_timer(s, DEAD_CHECK_MS);
}

static void set_stalled(struct stream *s, bool on)
{
    if (s->stalled == on)
        return;
    s->stalled = on;
    if (s->callbacks->stalled && s->state == STREAM_OPEN)
        s->callbacks->stalled(s->ctx, on);
}

static void schedule_watch(struct stream *s)
{
    const struct timeval delay = {0, WATCH_MS * 1000};

    event_add(s->watch, &delay);
}

/* Looks how far the peer has acknowledged what is under way. That the time since its last segment
 * is long does not tell: before this there may have been nothing to say. */
static void on_watch(evutil_socket_t fd, short what, void *ctx)
{
    struct stream *s = ctx;
    const size_t left = stream_unacknowledged(s);
    const uint64_t now_ms = os_now_ms(), acknowledged = s->written - left;

    (void)what;
    if (acknowledged != s->acknowledged || left == 0) {
        s->acknowledged = acknowledged;
        s->acknowledged_ms = now_ms;
    }
    uint64_t silence = os_tcp_silence_ms(fd);
    if (silence > now_ms - s->acknowledged_ms)
        silence = now_ms - s->acknowledged_ms;
    if (silence >= SILENT_MS) {
        end(s, -ETIMEDOUT);
        return;
    }
    if (left > 0)
        schedule_watch(s);
    set_stalled(s, silence >= STALLED_MS);
}

/* Something is under way from now on. */
static void watch(struct stream *s)
{
    if (event_pending(s->watch, EV_TIMEOUT, NULL))
        return;
    s->acknowledged_ms = os_now_ms();
    schedule_watch(s);
}

static void name_peer(struct stream *s)
{
    struct sockaddr_storage storage;
    struct sockaddr *sa = (struct sockaddr *)&storage;
    struct addr addr = {.host = "local"};

    if (os_socket_address(s->fd, true, &storage) == 0 && sa->sa_family != AF_UNIX)
        addr_of_sockaddr(sa, &addr);
    addr_text(&addr, s->peer);
}

static void close_socket(struct stream *s)
{
    if (s->fd >= 0)
        evutil_closesocket(s->fd);
    s->fd = -1;
}

static void stream_free(void *arg)
{
    struct stream *s = arg;

    if (s->readable)
        event_free(s->readable);
    if (s->writable)
        event_free(s->writable);
    if (s->timer)
        event_free(s->timer);
    if (s->watch)
        event_free(s->watch);
    close_socket(s);
    buf_free(&s->queue);
    free(s);
}

struct stream *stream_new(struct event_base *base, evutil_socket_t fd, size_t queue_max,
                          const struct stream_callbacks *callbacks, void *ctx)
{
    struct stream *s = calloc(1, sizeof *s);

    if (!s) {
        evutil_closesocket(fd);
        return NULL;
    }
    s->base = base;
    s->fd = fd;
    s->callbacks = callbacks;
    s->ctx = ctx;
    buf_init(&s->queue, queue_max);
    os_tune_tcp(fd, !callbacks->room);
    name_peer(s);
    s->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, s);
    s->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, s);
    s->timer = evtimer_new(base, on_timer, s);
    s->watch = event_new(base, fd, EV_TIMEOUT, on_watch, s);
    if (!s->readable || !s->writable || !s->timer || !s->watch) {
        stream_free(s);
        return NULL;
    }
    set_timer(s, DEAD_CHECK_MS);
    return s;
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
    if (on && !s->eof)
        event_add(s->readable, NULL);
    else
        event_del(s->readable);
}

void stream_catch_up(struct stream *s)
{
    enum { READS = 3 }; /* what a client left behind, and its end */

    for (int i = 0; i < READS && s->state == STREAM_OPEN && s->reading && !s->eof; i++)
        on_readable(s->fd, EV_READ, s);
}

bool stream_peer_has_closed(const struct stream *s)
{
    return s->eof || os_tcp_peer_has_closed(s->fd);
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
        int n = os_send(s->fd, data, len);

        /* an error shows again, for good, when the loop writes or reads */
        sent = n > 0 ? (size_t)n : 0;
    }
    if (sent < len) {
        int r = buf_add(&s->queue, (const uint8_t *)data + sent, len - sent);

        if (r < 0)
            return r;
        event_add(s->writable, NULL);
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
    return s->lost + s->queue.len + os_tcp_unacknowledged(s->fd);
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
    event_del(s->readable);
    event_del(s->writable);
    event_del(s->timer);
    event_del(s->watch);
    close_socket(s); /* now: in this turn there may be as many new ones as there are descriptors */
    loop_defer(s->base, stream_free, s);
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

void stream_finish(struct stream *s)
{
    if (!s || s->state != STREAM_OPEN)
        return;
    static struct loop_end end = {.function = end_finishing};

    bound_finishing();
    loop_at_end(&end);
    s->state = STREAM_FINISHING;
    s->next = finishing;
    finishing = s;
    if (!s->eof)
        event_add(s->readable, NULL);
    set_timer(s, FINISH_MS);
    finish_when_sent(s);
}

const char *stream_peer(const struct stream *s)
{
    return s->peer;
}
