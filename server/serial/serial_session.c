/*
 * Theory of operation. A session finds out what its client speaks (serial_session_input.c), then
 * carries bytes both ways and, for RFC 2217, answers commands in order with the data around them
 * (serial_session_order.c), also behind data that is stuck (serial_session_ahead.c). Here are what
 * it is told by the device, its beginning and its end.
 */
#include "serial_session_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "crowd.h"
#include "log_peer.h"
#include "loop.h"
#include "newcomer.h"
#include "os.h"
#include "port.h"
#include "proto/comport.h"
#include "stream.h"

enum {
    END_QUIET_MS = 1000, /* of the device, after a raw client has closed its side */
    END_MOST_MS = 5000,  /* for an answer without a pause, or a device that takes nothing */
    END_TICK_MS = 50,    /* how often an end is looked at */
    LATE_MAX = 256 * 1024,
    LATE_PIECE = 32 * 1024,
};

void session_set_timer(struct serial_session *s, uint64_t us)
{
    const struct timeval delay = {(long)(us / 1000000), (long)(us % 1000000)};

    event_add(s->timer, &delay);
}

void session_flush(struct serial_session *s)
{
    if (!s->comport || s->state == SESSION_OVER)
        return;
    struct buf *out = comport_output(s->comport);
    int r = out->len > 0 ? stream_write(s->stream, buf_head(out), out->len) : 0;

    buf_drain(out, out->len);
    if (r < 0 || comport_failed(s->comport))
        session_end(s, r == -ENOBUFS ? "it asks and does not fetch the answers" : "out of memory");
}

/* --- the device's bytes ----------------------------------------------------------------------- */

/* Whether bytes can go out at once. */
static bool can_send(const struct serial_session *s)
{
    return !s->commands.suspended && stream_queued(s->stream) == 0;
}

bool session_wants_data(const struct serial_session *s)
{
    return session_is_working(s) && can_send(s) && s->late.len == 0;
}

bool session_observes(const struct serial_session *s)
{
    return s->role == SESSION_OBSERVER && session_is_working(s);
}

static void send_data(struct serial_session *s, const uint8_t *data, size_t len)
{
    int r = 0;

    session_moved(s);
    if (s->state == SESSION_RAW) {
        r = stream_write(s->stream, data, len);
    } else {
        if (s->commands.line_mask & LINE_STATE_DATA_READY)
            commands_answer(&s->commands, RFC2217_NOTIFY_LINESTATE, LINE_STATE_DATA_READY);
        r = comport_send_data(s->comport, data, len);
        session_flush(s);
    }
    if (r < 0)
        session_end(s, os_error_text(-r));
}

/* Keeps bytes that it cannot be sent now. Others read on: what is too much is lost to it alone. */
static void keep_late(struct serial_session *s, const uint8_t *data, size_t len)
{
    size_t room = s->late.max - s->late.len;
    size_t kept = len < room ? len : room;

    if (kept > 0 && buf_add(&s->late, data, kept) < 0)
        kept = 0;
    if (kept == len)
        return;
    if (s->dropped == 0)
        log_peer_warn(s->who, "%s: too slow, and others read along: bytes are left out", s->who);
    s->dropped += len - kept;
}

void session_data(struct serial_session *s, const uint8_t *data, size_t len)
{
    if (!session_is_working(s) || s->role == SESSION_REFUSED)
        return;
    s->heard_ms = s->ending ? os_now_ms() : 0;
    if (session_wants_data(s))
        send_data(s, data, len);
    else
        keep_late(s, data, len);
}

void session_send_late(struct serial_session *s)
{
    while (s->state != SESSION_OVER && s->late.len > 0 && can_send(s)) {
        const size_t len = s->late.len < LATE_PIECE ? s->late.len : LATE_PIECE;

        send_data(s, buf_head(&s->late), len);
        if (s->state != SESSION_OVER)
            buf_drain(&s->late, len);
    }
    if (s->state == SESSION_OVER || s->late.len > 0 || s->dropped == 0)
        return;
    log_peer_warn(s->who, "%s: %zu bytes were left out for it", s->who, s->dropped);
    s->dropped = 0;
}

void session_device_took(struct serial_session *s)
{
    stream_keep(s->stream);
    session_moved(s);
    session_pause_ahead(s);
}

void session_port_ready(struct serial_session *s)
{
    if (s->role != SESSION_OWNER)
        return;
    session_update_ahead(s);
    if (s->wait == WAIT_NOTHING)
        session_take_held(s);
}

/* --- a raw client that has closed its side, as `printf 'AT\r' | nc -N` does ------------------- */

void session_catch_up(struct serial_session *s)
{
    if (s->stream)
        stream_catch_up(s->stream);
}

bool session_peer_has_closed(const struct serial_session *s)
{
    return s->stream && stream_peer_has_closed(s->stream);
}

bool session_is_ending(const struct serial_session *s)
{
    return s->ending;
}

static void begin_to_end(struct serial_session *s)
{
    s->ending = true;
    s->end_left = SIZE_MAX;
    session_set_timer(s, 0);
}

/* Ends the session once the device has all bytes and has answered, as far as one can tell. */
static void continue_end(struct serial_session *s)
{
    size_t left = port_untransmitted(s->port);
    uint64_t now = os_now_ms();

    if (left < s->end_left) {
        s->end_left = left;
        s->end_since_ms = s->heard_ms = now;
    }
    if (now - s->end_since_ms < END_MOST_MS &&
        (left > 0 || s->late.len > 0 || now - s->heard_ms < END_QUIET_MS)) {
        session_set_timer(s, END_TICK_MS * 1000);
        return;
    }
    struct stream *stream = s->stream;
    s->stream = NULL;
    session_end(s, "it has closed the connection");
    stream_finish(stream);
}

static void on_ended(void *ctx, int error)
{
    struct serial_session *s = ctx;

    session_decide(s); /* its end, too, says that this was all */
    if (error == 0 && s->state == SESSION_RAW && s->role == SESSION_OWNER)
        begin_to_end(s);
    else
        session_end(s, error < 0 ? os_error_text(-error) : "it has closed the connection");
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct serial_session *s = ctx;

    (void)fd;
    (void)what;
    if (s->state == SESSION_NEW) {
        session_begin(s);
        if (s->ended_early && s->state != SESSION_OVER)
            on_ended(s, 0);
    } else if (s->ending) {
        continue_end(s);
    } else if (s->wait == WAIT_DUE) {
        session_continue_due(s);
    } else if (s->wait == WAIT_DRAIN) {
        session_continue_drain(s);
    } else if (s->undecided) {
        session_decide(s);
    } else if (s->role == SESSION_REFUSED) {
        session_end(s, s->refusal);
    } else if (s->state == SESSION_NEGOTIATING) {
        session_decide(s);
        if (s->state == SESSION_NEGOTIATING)
            session_on_option(s, false);
    }
}

/* --- an owner in silence ---------------------------------------------------------------------- */

void session_moved(struct serial_session *s)
{
    if (port_options(s->port)->idle_s > 0)
        s->moved_ms = os_now_ms();
}

/* Looks again when idle= may be over. */
static void watch_idle(struct serial_session *s)
{
    const uint64_t limit = (uint64_t)port_options(s->port)->idle_s * 1000;
    const uint64_t idle = os_now_ms() - s->moved_ms;

    if (idle >= limit) {
        session_end(s, "nothing has moved for as long as idle= allows");
        return;
    }
    const struct timeval delay = {(long)((limit - idle) / 1000),
                                  (long)((limit - idle) % 1000 * 1000)};
    event_add(s->idle, &delay);
}

static void on_idle(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    watch_idle(ctx);
}

/* --- beginning and end
 * ------------------------------------------------------------------------ */

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    session_take_input(ctx, data, len);
}

static void on_drained(void *ctx)
{
    struct serial_session *s = ctx;

    session_send_late(s);
    session_tell_late_lines(s);
    if (s->state != SESSION_OVER && s->wait == WAIT_NOTHING)
        session_take_held(s);
    if (s->state != SESSION_OVER)
        port_update(s->port);
}

static const struct stream_callbacks stream_callbacks = {
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

static void session_free(void *arg)
{
    struct serial_session *s = arg;

    comport_free(s->comport);
    buf_free(&s->held);
    buf_free(&s->first);
    buf_free(&s->late);
    if (s->timer)
        event_free(s->timer);
    if (s->break_end)
        event_free(s->break_end);
    if (s->empty)
        event_free(s->empty);
    if (s->idle)
        event_free(s->idle);
    if (s->look)
        event_free(s->look);
    free(s);
}

void session_end(struct serial_session *s, const char *why)
{
    if (s->state == SESSION_OVER)
        return;
    log_peer_info(s->who, "%s: gone: %s", s->who, why);
    if (s->dropped > 0)
        log_peer_info(s->who, "%s: %zu bytes were left out for it", s->who, s->dropped);
    if (s->held.len > 0 && s->role == SESSION_OWNER)
        log_peer_warn(s->who, "%s: %zu bytes it sent are dropped: the device did not take them",
                      s->who, s->held.len);
    commands_apply_group(&s->commands);
    s->state = SESSION_OVER;
    event_del(s->timer);
    event_del(s->break_end);
    event_del(s->empty);
    event_del(s->idle);
    event_del(s->look);
    stream_close(s->stream);
    crowd_leave(s->place);
    port_forget(s->port, s);
    loop_defer(port_loop(s->port), session_free, s);
}

static void on_evicted(void *ctx, const char *why)
{
    session_end(ctx, why);
}

struct serial_session *session_new(struct port *port, struct newcomer *newcomer,
                                   enum session_role role, const char *refusal)
{
    struct serial_session *s = calloc(1, sizeof *s);
    struct event_base *base = port_loop(port);

    if (!s)
        return NULL;
    s->port = port;
    s->role = role;
    s->refusal = refusal;
    buf_init(&s->held, SESSION_QUEUE_MAX);
    buf_init(&s->late, LATE_MAX);
    s->timer = evtimer_new(base, on_timer, s);
    s->break_end = evtimer_new(base, session_on_break_end, s);
    s->empty = evtimer_new(base, session_on_empty, s);
    s->idle = evtimer_new(base, on_idle, s);
    s->look = evtimer_new(base, session_on_look, s);
    if (!s->timer || !s->break_end || !s->empty || !s->idle || !s->look) {
        session_free(s);
        return NULL;
    }
    s->stream = newcomer->stream;
    s->place = newcomer->place;
    s->speech = newcomer->speech;
    s->first = newcomer->first;
    s->ended_early = newcomer->ended;
    newcomer->stream = NULL;
    stream_set_owner(s->stream, &stream_callbacks, s);
    crowd_set_owner(s->place, on_evicted, s);
    crowd_set_working(s->place, role == SESSION_OWNER);
    s->commands = (struct commands){.port = port,
                                    .who = s->who,
                                    .signature = refusal ? refusal : "com2net " COM2NET_VERSION,
                                    .modem_mask = 255};
    snprintf(s->who, sizeof s->who, "%.64s: %.80s", port_name(port), stream_peer(s->stream));
    session_moved(s);
    if (role == SESSION_OWNER && port_options(port)->idle_s > 0)
        watch_idle(s);
    /* from the loop: the port has to know the session before anything can end it */
    session_set_timer(s, 0);
    return s;
}

enum session_role session_role(const struct serial_session *s)
{
    return s->role;
}

const char *session_peer(const struct serial_session *s)
{
    return stream_peer(s->stream);
}

struct serial_session *session_next(const struct serial_session *s)
{
    return s->next;
}

void session_set_next(struct serial_session *s, struct serial_session *next)
{
    s->next = next;
}
