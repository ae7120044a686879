#include "pty_connection.h"

#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "error_text.h"
#include "log.h"
#include "loop.h"
#include "proto/buf.h"
#include "proto/comport.h"
#include "proto/line.h"
#include "resend.h"
#include "stream.h"

/* --- failing ---------------------------------------------------------------------------------- */

void pty_connection_fail(struct pty_connection *c, const char *why)
{
    if (!c->stream || pty_connection_is_failing(c))
        return;
    snprintf(c->why, sizeof c->why, "%s", why);
    timer_in_ms(&c->failure, 0);
}

bool pty_connection_is_failing(const struct pty_connection *c)
{
    return c->why[0] != '\0';
}

static void on_failure(void *ctx)
{
    struct pty_connection *c = ctx;

    c->failed(c->ctx, c->why);
}

/* --- sending ---------------------------------------------------------------------------------- */

/* Sends them, and keeps them until the server acknowledges them where it is to be so. */
static int give(struct pty_connection *c, const uint8_t *bytes, size_t len)
{
    size_t behind;

    if (!c->replay.on)
        return stream_write(c->stream, bytes, len);
    const bool has_all = !replay_next(&c->replay, &behind);
    const int error = replay_sent(&c->replay, bytes, len);
    if (error == 0)
        return resend(&c->replay, c->stream);
    return has_all ? stream_write(c->stream, bytes, len) : error; /* it cannot continue any more */
}

/* Sends bytes of the connection, with so many of programs in them. Returns 0 or -errno. */
static int send_now(struct pty_connection *c, const uint8_t *bytes, size_t len, size_t data)
{
    int r = pty_connection_is_failing(c) ? -EPIPE : give(c, bytes, len);

    if (r < 0) {
        c->unsent += data;
        return r;
    }
    if (outstanding_is_full(&c->outstanding)) /* the system is not asked each time */
        outstanding_forget(&c->outstanding,
                           c->replay.on ? c->replay.kept.len : stream_unacknowledged(c->stream));
    outstanding_add(&c->outstanding, len, data);
    return 0;
}

void pty_connection_flush(struct pty_connection *c)
{
    if (!c->comport || !c->stream)
        return;
    struct buf *out = comport_output(c->comport);
    int r = out->len > 0 ? send_now(c, buf_head(out), out->len, c->sending) : 0;

    c->sending = 0;
    buf_drain(out, out->len);
    if (r < 0 || comport_failed(c->comport))
        pty_connection_fail(c,
                            r == -ENOBUFS ? "it does not take what it is told" : "out of memory");
}

/* Reckons when the far line will be idle; without a speed nobody knows. */
static void keep_time(struct pty_connection *c, size_t len, const struct line_settings *line)
{
    uint64_t now_us = clock_now_ms() * 1000;

    if (c->busy_until_us < now_us)
        c->busy_until_us = now_us;
    c->busy_until_us += line->baud > 0 ? line_wire_time_us(line, len) : 0;
}

void pty_connection_send(struct pty_connection *c, const uint8_t *data, size_t len,
                         const struct line_settings *line)
{
    log_bytes(c->name, data, len);
    c->sent += len;
    keep_time(c, len, line);
    if (!c->comport) {
        int r = send_now(c, data, len, len);
        if (r < 0)
            pty_connection_fail(c, error_text(-r));
    } else if (comport_send_data(c->comport, data, len) < 0) {
        c->unsent += len;
        pty_connection_fail(c, "out of memory");
    } else {
        c->sending += len;
        pty_connection_flush(c);
    }
}

size_t pty_connection_queued(const struct pty_connection *c)
{
    size_t behind;

    replay_next(&c->replay, &behind);
    if (c->stream)
        return behind + stream_queued(c->stream);
    return c->comport ? behind + comport_output(c->comport)->len + 1 : 0; /* it waits for one */
}

size_t pty_connection_unacknowledged(const struct pty_connection *c)
{
    size_t behind;

    if (!c->stream)
        return c->left_behind;
    replay_next(&c->replay, &behind);
    return behind + stream_unacknowledged(c->stream);
}

bool pty_connection_is_busy(const struct pty_connection *c)
{
    return clock_now_ms() * 1000 < c->busy_until_us;
}

/* --- beginning and end ------------------------------------------------------------------------ */

struct comport *pty_connection_new_comport(const struct comport_callbacks *callbacks, void *ctx)
{
    static struct comport_scratch scratch; /* of all connections */

    return comport_new(COMPORT_CLIENT, PTY_CONNECTION_QUEUE_MAX, &scratch, callbacks, ctx);
}

void pty_connection_open(struct pty_connection *c, struct stream *stream, struct comport *comport)
{
    c->stream = stream;
    c->comport = comport;
}

/* Tells how many bytes of programs are lost with the connection. */
static size_t count_loss(struct pty_connection *c)
{
    const size_t lost =
        c->unsent + outstanding_data(&c->outstanding, pty_connection_unacknowledged(c));

    c->unsent = c->sending = 0;
    c->outstanding = (struct outstanding){0};
    c->stalled = false;
    if (lost == 0)
        return 0;
    c->lost += lost;
    log_warn(
        "%s: %zu bytes that programs had written are lost with the connection: the server has not "
        "acknowledged them",
        c->name, lost);
    return lost;
}

static void free_comport(void *comport)
{
    comport_free(comport);
}

struct stream *pty_connection_detach(struct pty_connection *c)
{
    struct stream *stream = c->stream;

    c->left_behind = pty_connection_unacknowledged(c);
    c->stream = NULL;
    c->stalled = false;
    return stream;
}

void pty_connection_attach(struct pty_connection *c, struct stream *stream)
{
    c->stream = stream;
    c->left_behind = 0;
    replay_again(&c->replay);
    pty_connection_drained(c);
}

void pty_connection_drained(struct pty_connection *c)
{
    if (resend(&c->replay, c->stream) < 0)
        pty_connection_fail(c, "out of memory");
    pty_connection_flush(c);
}

size_t pty_connection_close(struct pty_connection *c)
{
    const size_t lost = c->stream || c->left_behind > 0 ? count_loss(c) : 0;

    c->left_behind = 0;

    pty_connection_drop(c);
    if (c->comport) /* it may be calling us */
        loop_defer(c->base, free_comport, c->comport);
    c->comport = NULL;
    return lost;
}

void pty_connection_drop(struct pty_connection *c)
{
    c->ready = false;
    c->why[0] = '\0';
    timer_stop(&c->failure);
    stream_close(c->stream);
    c->stream = NULL;
}

void pty_connection_begin(struct pty_connection *c)
{
    timer_make(&c->failure, c->base, on_failure, c);
}

void pty_connection_end(struct pty_connection *c)
{
    stream_close(c->stream);
    comport_free(c->comport);
    replay_end(&c->replay);
    timer_stop(&c->failure);
}
