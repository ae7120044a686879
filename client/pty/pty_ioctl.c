/*
 * A session for programs whose requests are answered by us: what a port does for ioctl_tty.h.
 */
#include <stdbool.h>

#include "os.h"
#include "pty_session_state.h"
#include "stream.h"

enum { ROOM = 256 * 1024 }; /* of QUEUE_MAX; a read of the port may follow */

struct vport *pty_session_port(struct pty_session *s)
{
    return s->port;
}

void pty_session_watch(struct pty_session *s, void (*changed)(void *ctx), void *ctx)
{
    s->changed = changed;
    s->changed_ctx = ctx;
}

bool pty_session_take(struct pty_session *s)
{
    bool all = vport_take(s->port);

    return all && (!s->stream || stream_queued(s->stream) == 0);
}

uint64_t pty_session_progress(const struct pty_session *s)
{
    return 2 * s->sent - (s->stream ? stream_unacknowledged(s->stream) : 0);
}

bool pty_session_has_room(const struct pty_session *s)
{
    return !s->stream || stream_queued(s->stream) < ROOM;
}

bool pty_session_knows_lines(struct pty_session *s)
{
    bool knows = far_port_knows_lines(&s->far);

    pty_session_flush(s);
    return knows;
}

void pty_session_forgo_lines(struct pty_session *s)
{
    far_port_forgo_lines(&s->far);
}

bool pty_session_is_settled(const struct pty_session *s)
{
    return vport_is_settled(s->port) && (!s->stream || stream_queued(s->stream) == 0);
}

bool pty_session_was_used(const struct pty_session *s)
{
    return s->used;
}

static int port_termios(void *ctx, unsigned request, void *data)
{
    return vport_termios(((struct pty_session *)ctx)->port, request, data);
}

static unsigned port_lines(void *ctx)
{
    const struct pty_session *s = ctx;

    return s->far.outputs | s->far.inputs;
}

static void port_set_lines(void *ctx, unsigned mask, unsigned values)
{
    struct pty_session *s = ctx;

    far_port_set_lines(&s->far, mask, values);
    pty_session_flush(s);
}

static void port_set_break(void *ctx, bool on)
{
    struct pty_session *s = ctx;

    if (!s->far.ready)
        return;
    far_port_tell(&s->far, RFC2217_SET_CONTROL,
                  on ? RFC2217_CONTROL_BREAK_ON : RFC2217_CONTROL_BREAK_OFF);
    pty_session_flush(s);
}

static void port_counts(void *ctx, struct ioctl_counts *counts)
{
    const struct pty_session *s = ctx;

    *counts = s->far.counts;
    counts->rx = (unsigned)s->received;
    counts->tx = (unsigned)s->sent;
}

static size_t port_unsent(void *ctx)
{
    const struct pty_session *s = ctx;
    size_t unsent = vport_untaken(s->port) + (s->stream ? stream_unacknowledged(s->stream) : 0);

    if (unsent > 0)
        return unsent;
    return os_now_ms() * 1000 < s->busy_until_us ? 1 : 0;
}

static unsigned port_begin_drain(void *ctx)
{
    struct pty_session *s = ctx;

    if (!s->far.ready || !s->far.peer->drain_is_told)
        return s->far.stops_answered;
    s->drain = far_port_ask_drain(&s->far);
    s->drain_sent = s->sent;
    pty_session_flush(s);
    return s->drain;
}

static bool port_is_drained(void *ctx, unsigned ticket)
{
    struct pty_session *s = ctx;

    if (s->state != SESSION_READY || stream_queued(s->stream) > 0)
        return false;
    if (!s->far.ready || !s->far.peer->drain_is_told)
        return port_unsent(s) == 0;
    if ((int)(s->far.stops_answered - ticket) < 0)
        return false;
    if (ticket == s->drain && s->sent == s->drain_sent)
        s->busy_until_us = 0; /* the server knows better than we */
    return true;
}

const struct ioctl_port pty_session_ioctl_port = {
    .termios = port_termios,
    .termios_size = vport_termios_size,
    .lines = port_lines,
    .set_lines = port_set_lines,
    .set_break = port_set_break,
    .counts = port_counts,
    .unsent = port_unsent,
    .begin_drain = port_begin_drain,
    .is_drained = port_is_drained,
};
