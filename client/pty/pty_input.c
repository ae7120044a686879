/*
 * The way of bytes from the server to programs, also to programs that do not read. A serial port's
 * driver has some room for them. Then flow control, where there is any, holds the far end back, or
 * else bytes are lost. Answers and modem lines, which come in between on the same connection, must
 * not wait for a program.
 *
 * A program that reads, only more slowly than the connection brings data, has the connection held:
 * a line would not have been so fast. From time to time the session checks how much it took. Where
 * it has taken next to nothing it does not read, and everything is received again. With flow
 * control com2net is told to hold its data back, and the bytes under way wait. Without flow control
 * the excess is dropped, and counted. A server that is not com2net may keep answers back as well
 * when it is told: with flow control its connection stays held. So does one of raw TCP, on which
 * nothing but data comes.
 */
#include "pty_input.h"

#include "far_port.h"
#include "log.h"
#include "pty_connection.h"
#include "vport.h"

enum {
    PURGE_MS = 1000, /* for the answer to a purge */
    LOOK_MS = 500,
    POLL_MS = 100, /* of modem lines, of which a server that holds back tells nothing by itself */
    READING_MIN = 32 * 1024, /* bytes between two looks: somebody reads */
    WAITING_MAX = 64 * 1024, /* as much as a driver's buffers have */
    BUFFER_MAX = 256 * 1024, /* more than that and what comes in one go */
};

static bool has_flow_control(const struct pty_input *in)
{
    return vport_line(in->port)->flow_in != LINE_FLOW_NONE;
}

/* Whether the excess is dropped: nothing else would let the rest of the connection continue. */
static bool drops(const struct pty_input *in)
{
    return in->unread && in->connection->comport && !has_flow_control(in);
}

static bool can_suspend(const struct pty_input *in)
{
    return in->far->ready && in->far->peer->is_ours && !pty_connection_is_failing(in->connection);
}

static void schedule_look(struct pty_input *in)
{
    if (in->waiting.len > 0 && !timer_is_set(&in->look)) {
        in->taken = 0;
        timer_in_ms(&in->look, in->suspending ? POLL_MS : LOOK_MS);
    }
}

static void on_look(void *ctx)
{
    struct pty_input *in = ctx;

    if (in->suspending && can_suspend(in)) {
        far_port_poll_lines(in->far);
        pty_connection_flush(in->connection);
    } else {
        in->unread = in->waiting.len > 0 && in->taken < READING_MIN;
    }
    schedule_look(in);
    in->changed(in->ctx);
}

/* They have taken all there is, or nobody wants it. */
static void forget_pause(struct pty_input *in)
{
    in->unread = false;
    in->told = false;
    timer_stop(&in->look);
}

static void drop(struct pty_input *in, size_t len)
{
    in->dropped += len;
    in->far->counts.buf_overrun += (unsigned)len;
    if (in->told)
        return;
    in->told = true;
    log_warn("%s: its program does not read: bytes are dropped, as a serial port does without flow "
             "control, until it does",
             in->name);
}

void pty_input_give(struct pty_input *in, const uint8_t *data, size_t len)
{
    struct buf *waiting = &in->waiting;

    in->received += len;
    vport_look(in->port);
    if (in->purging || !vport_is_open(in->port))
        return;
    log_bytes(in->name, data, len);
    if (waiting->len == 0) {
        size_t n = vport_write(in->port, data, len);

        data += n;
        len -= n;
    }
    size_t most = drops(in) ? WAITING_MAX : waiting->max;
    size_t room = waiting->len < most ? most - waiting->len : 0;
    size_t kept = len < room ? len : room;
    if (kept > 0 && buf_add(waiting, data, kept) < 0)
        pty_connection_fail(in->connection, "out of memory");
    if (kept < len)
        drop(in, len - kept);
    schedule_look(in);
}

void pty_input_continue(struct pty_input *in)
{
    struct buf *waiting = &in->waiting;

    if (waiting->len == 0)
        return;
    size_t n = vport_write(in->port, buf_head(waiting), waiting->len);
    buf_drain(waiting, n);
    in->taken += n;
    if (waiting->len == 0)
        forget_pause(in);
}

void pty_input_forget(struct pty_input *in)
{
    buf_drain(&in->waiting, in->waiting.len);
    forget_pause(in);
}

void pty_input_purge(struct pty_input *in)
{
    in->purging = true;
    timer_in_ms(&in->purge, PURGE_MS);
}

void pty_input_purged(struct pty_input *in)
{
    in->purging = false;
    timer_stop(&in->purge);
}

static void on_purge(void *ctx)
{
    pty_input_purged(ctx);
}

void pty_input_disconnect(struct pty_input *in)
{
    in->suspending = false;
    pty_input_purged(in);
}

bool pty_input_update(struct pty_input *in)
{
    const bool suspend = in->unread && has_flow_control(in) && can_suspend(in);

    if (suspend != in->suspending && can_suspend(in)) {
        in->suspending = suspend;
        far_port_suspend(in->far, suspend);
        pty_connection_flush(in->connection);
    }
    if (in->waiting.len == 0 || drops(in))
        return true;
    return in->suspending && in->waiting.len < WAITING_MAX;
}

void pty_input_begin(struct pty_input *in, struct event_base *base)
{
    buf_init(&in->waiting, BUFFER_MAX);
    timer_make(&in->look, base, on_look, in);
    timer_make(&in->purge, base, on_purge, in);
}

void pty_input_end(struct pty_input *in)
{
    buf_free(&in->waiting);
    timer_stop(&in->look);
    timer_stop(&in->purge);
}
