/*
 * The way of bytes from the server to programs, and what happens when these do not read. A serial
 * port's driver has some room for them; then flow control, where there is any, holds the far end
 * back, or else bytes are lost. What comes in between on the same connection, answers and modem
 * lines, must not wait for a program.
 *
 * A program that reads, only more slowly than the connection brings data, has the connection held:
 * a line would not have been so fast. From time to time is looked how much it took. Where it has
 * taken next to nothing it does not read, and everything is received again: with flow control
 * com2net is told to hold its data back, and what was under way waits; without any what is too much
 * is dropped, and counted. A server that is not com2net may keep answers back as well when it is
 * told: with flow control its connection stays held. So does one of raw TCP, on which nothing but
 * data comes.
 */
#include <errno.h>

#include <event2/event.h>

#include "log.h"
#include "vport.h"
#include "pty_session_state.h"

enum {
    LOOK_MS = 500,
    POLL_MS = 100, /* of modem lines, of which a server that holds back tells nothing by itself */
    READING_MIN = 32 * 1024, /* bytes between two looks: somebody reads */
    WAITING_MAX = 64 * 1024, /* as much as a driver's buffers have */
    BUFFER_MAX = 256 * 1024, /* more than that and what comes in one go */
};

static bool has_flow_control(const struct pty_session *s)
{
    return vport_line(s->port)->flow_in != LINE_FLOW_NONE;
}

/* Whether what is too much is dropped: nothing else would let the rest of the connection go on. */
static bool drops(const struct pty_session *s)
{
    return s->input.unread && s->comport && !has_flow_control(s);
}

static bool can_suspend(const struct pty_session *s)
{
    return s->far.ready && s->far.peer->is_ours && !s->why_failing[0];
}

static void schedule_look(struct pty_session *s)
{
    const struct timeval delay = {0, (s->input.suspending ? POLL_MS : LOOK_MS) * 1000};

    if (s->input.waiting.len > 0 && !event_pending(s->input.look, EV_TIMEOUT, NULL)) {
        s->input.taken = 0;
        event_add(s->input.look, &delay);
    }
}

static void on_look(evutil_socket_t fd, short what, void *ctx)
{
    struct pty_session *s = ctx;

    (void)fd;
    (void)what;
    if (s->input.suspending && can_suspend(s)) {
        far_port_poll_lines(&s->far);
        pty_session_flush(s);
    } else {
        s->input.unread = s->input.waiting.len > 0 && s->input.taken < READING_MIN;
    }
    schedule_look(s);
    pty_session_update(s);
}

/* They have taken all there is, or nobody wants it. */
static void forget_pause(struct pty_session *s)
{
    s->input.unread = false;
    s->input.told = false;
    event_del(s->input.look);
}

static void drop(struct pty_session *s, size_t len)
{
    s->input.dropped += len;
    s->far.counts.buf_overrun += (unsigned)len;
    if (s->input.told)
        return;
    s->input.told = true;
    log_warn("%s: its program does not read: bytes are dropped, as a serial port does without flow "
             "control, until it does",
             s->name);
}

void pty_input_give(struct pty_session *s, const uint8_t *data, size_t len)
{
    struct buf *waiting = &s->input.waiting;

    s->received += len;
    vport_look(s->port);
    if (s->purging || !vport_is_open(s->port))
        return;
    log_bytes(s->name, data, len);
    if (waiting->len == 0) {
        size_t n = vport_write(s->port, data, len);

        data += n;
        len -= n;
    }
    size_t most = drops(s) ? WAITING_MAX : waiting->max;
    size_t room = waiting->len < most ? most - waiting->len : 0;
    size_t kept = len < room ? len : room;
    if (kept > 0 && buf_add(waiting, data, kept) < 0)
        pty_session_fail(s, "out of memory");
    if (kept < len)
        drop(s, len - kept);
    schedule_look(s);
}

void pty_input_continue(struct pty_session *s)
{
    struct buf *waiting = &s->input.waiting;

    if (waiting->len == 0)
        return;
    size_t n = vport_write(s->port, buf_head(waiting), waiting->len);
    buf_drain(waiting, n);
    s->input.taken += n;
    if (waiting->len == 0)
        forget_pause(s);
}

void pty_input_forget(struct pty_session *s)
{
    buf_drain(&s->input.waiting, s->input.waiting.len);
    forget_pause(s);
}

void pty_input_reconnect(struct pty_session *s)
{
    s->input.suspending = false;
}

bool pty_input_update(struct pty_session *s)
{
    const struct pty_input *in = &s->input;
    const bool suspend = in->unread && has_flow_control(s) && can_suspend(s);

    if (suspend != in->suspending && can_suspend(s)) {
        s->input.suspending = suspend;
        far_port_suspend(&s->far, suspend);
        pty_session_flush(s);
    }
    if (in->waiting.len == 0 || drops(s))
        return true;
    return in->suspending && in->waiting.len < WAITING_MAX;
}

int pty_input_begin(struct pty_session *s)
{
    buf_init(&s->input.waiting, BUFFER_MAX);
    s->input.look = evtimer_new(s->base, on_look, s);
    return s->input.look ? 0 : -ENOMEM;
}

void pty_input_end(struct pty_session *s)
{
    buf_free(&s->input.waiting);
    if (s->input.look)
        event_free(s->input.look);
}
