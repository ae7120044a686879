#include "client.h"

#include <errno.h>

#include "log.h"
#include "log_peer.h"
#include "os.h"
#include "port_options.h"
#include "proto/buf.h"
#include "stream.h"

enum { SPEECHES_TOLD = 2 }; /* a peer may toggle its options as often as it likes */

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
        c->moved_ms = os_now_ms();
}

bool client_can_hear(const struct client *c)
{
    return !c->commands.suspended && stream_queued(c->stream) == 0;
}

void client_flush(struct client *c)
{
    struct comport *comport = c->commands.comport;

    if (!comport || c->state == CLIENT_OVER)
        return;
    struct buf *out = comport_output(comport);
    const int r = out->len > 0 ? stream_write(c->stream, buf_head(out), out->len) : 0;

    buf_drain(out, out->len);
    if (r < 0 || comport_failed(comport))
        client_end(c, r == -ENOBUFS ? "it asks and does not fetch the answers" : "out of memory");
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
