#include "client.h"

#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "log.h"
#include "log_peer.h"
#include "port_options.h"
#include "proto/buf.h"
#include "resend.h"
#include "stream.h"

enum {
    QUEUE_HIGH = 64 * 1024, /* answers that it does not fetch */
    SPEECHES_TOLD = 2,      /* a peer may toggle its options as often as it likes */
    ROOM_MIN = 256 * 1024, /* of the bytes kept for a client that is away, for answers and a read */
};

void client_set_state(struct client *c, enum client_state state)
{
    if (c->state == state)
        return;
    c->state = state;
    if (!client_is_working(c))
        return;
    if (c->speeches++ < SPEECHES_TOLD)
        log_peer_info(c->who, "%s: speaks %s", c->who, client_speaks(c));
    else
        log_debug("%s: speaks %s", c->who, client_speaks(c));
}

bool client_is_working(const struct client *c)
{
    return c->state == CLIENT_RFC2217 || c->state == CLIENT_TELNET || c->state == CLIENT_RAW;
}

const char *client_speaks(const struct client *c)
{
    static const char *const names[] = {"undecided", "undecided", "RFC 2217", "telnet", "raw", "-"};

    return names[c->state];
}

void client_moved(struct client *c)
{
    if (c->options->idle_s > 0)
        c->moved_ms = clock_now_ms();
}

bool client_is_away(const struct client *c)
{
    return !c->stream && c->replay.on && c->state != CLIENT_OVER;
}

/* Bytes that wait for its stream; 0 without one. */
static size_t queued(const struct client *c)
{
    return c->stream ? stream_queued(c->stream) : 0;
}

bool client_fetches(const struct client *c)
{
    size_t behind;
    const bool waits = replay_next(&c->replay, &behind);

    return queued(c) < QUEUE_HIGH &&
           (!waits || c->replay.kept.max - c->replay.kept.len > ROOM_MIN / 2);
}

void client_read(struct client *c, bool on)
{
    if (c->stream)
        stream_read(c->stream, on);
}

void client_keep(struct client *c)
{
    if (c->stream)
        stream_keep(c->stream);
}

bool client_can_hear(const struct client *c)
{
    size_t behind;

    if (c->commands.suspended)
        return false;
    if (client_is_away(c))
        return c->replay.kept.max - c->replay.kept.len > ROOM_MIN;
    return queued(c) == 0 && !replay_next(&c->replay, &behind);
}

/* Sends it, or keeps it for one who is away. Returns 0 or -errno. */
static int send_out(struct client *c, const uint8_t *data, size_t len)
{
    if (!c->replay.on)
        return stream_write(c->stream, data, len);
    size_t behind;
    const bool has_all = !replay_next(&c->replay, &behind);
    const int error = replay_sent(&c->replay, data, len);
    if (error < 0 && c->stream && has_all) /* it cannot come back any more, and need not */
        return stream_write(c->stream, data, len);
    return error < 0 || !c->stream ? error : resend(&c->replay, c->stream);
}

void client_flush(struct client *c)
{
    struct comport *comport = c->commands.comport;

    if (!comport || c->state == CLIENT_OVER)
        return;
    struct buf *out = comport_output(comport);
    const int r = out->len > 0 ? send_out(c, buf_head(out), out->len) : 0;

    buf_drain(out, out->len);
    if (r < 0 || comport_failed(comport))
        client_end(c, r == -ENOBUFS ? "it asks and does not fetch the answers" : "out of memory");
}

uint64_t client_counted(const struct client *c)
{
    return c->received - c->counted_from;
}

void client_set_peer(struct client *c, const char *peer)
{
    snprintf(c->peer, sizeof c->peer, "%s", peer);
    snprintf(c->who, sizeof c->who, "%.64s: %.80s", c->options->name, peer);
}

void client_end(struct client *c, const char *why)
{
    if (c->state != CLIENT_OVER)
        c->callbacks->end(c->ctx, why);
}

void client_changed(struct client *c)
{
    if (c->state != CLIENT_OVER)
        c->callbacks->changed(c->ctx);
}

void client_finish(struct client *c, const char *why)
{
    struct stream *stream = c->stream;

    c->stream = NULL;
    client_end(c, why);
    stream_finish(stream);
}
