#include "pty_reset.h"

#include <errno.h>

#include <event2/event.h>

#include "far_port.h"
#include "log.h"
#include "pty_connection.h"

enum { LIMIT_S = 5 }; /* for the answer, which comes when it is done */

static void finish(struct pty_reset *r, const char *why_not)
{
    event_del(r->limit);
    r->far->resetting = false;
    r->waits = false;
    log_info("%s: reset: %s", r->name, why_not ? why_not : "done");
    r->ended(r->ctx, why_not);
}

/* Whether the server may still say what it is. */
static bool is_stranger_yet(const struct pty_reset *r)
{
    return r->far->greeted && !r->far->signature[0];
}

void pty_reset_ask(struct pty_reset *r)
{
    const struct timeval limit = {LIMIT_S, 0};

    if (r->raw) {
        finish(r, "raw TCP has no resets");
    } else if (!r->connection->ready) {
        finish(r, "not connected to the server");
    } else if (is_stranger_yet(r)) {
        event_add(r->limit, &limit);
        r->waits = true;
    } else if (!r->far->peer->is_ours) {
        finish(r, "the server is not com2net: only that has resets");
    } else if (!r->far->resetting) { /* one answer is for all */
        event_add(r->limit, &limit);
        far_port_reset(r->far);
        pty_connection_flush(r->connection);
    }
}

void pty_reset_continue(struct pty_reset *r)
{
    if (!r->waits || is_stranger_yet(r))
        return;
    r->waits = false;
    pty_reset_ask(r);
}

void pty_reset_answered(struct pty_reset *r, bool done)
{
    finish(r, done ? NULL
                   : "the server did not do it: the port has no reset=, or its device went away");
}

void pty_reset_disconnect(struct pty_reset *r)
{
    if (r->far->resetting || r->waits)
        finish(r, "the connection was lost");
}

static void on_limit(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    finish(ctx, "the server does not answer");
}

int pty_reset_begin(struct pty_reset *r, struct event_base *base)
{
    r->limit = evtimer_new(base, on_limit, r);
    return r->limit ? 0 : -ENOMEM;
}

void pty_reset_end(struct pty_reset *r)
{
    if (r->limit)
        event_free(r->limit);
}
