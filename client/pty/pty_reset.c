#include "pty_reset.h"

#include "far_port.h"
#include "log.h"
#include "pty_connection.h"

enum { LIMIT_MS = 5000 }; /* for the answer, which comes when it is done */

static void finish(struct pty_reset *r, const char *why_not)
{
    timer_stop(&r->limit);
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
    if (r->raw) {
        finish(r, "raw TCP has no resets");
    } else if (!r->connection->ready || !r->connection->stream) {
        finish(r, "not connected to the server");
    } else if (is_stranger_yet(r)) {
        timer_in_ms(&r->limit, LIMIT_MS);
        r->waits = true;
    } else if (!r->far->peer->is_ours) {
        finish(r, "the server is not com2net: only that has resets");
    } else if (!r->far->resetting) { /* one answer is for all */
        timer_in_ms(&r->limit, LIMIT_MS);
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

static void on_limit(void *ctx)
{
    finish(ctx, "the server does not answer");
}

void pty_reset_begin(struct pty_reset *r, struct event_base *base)
{
    timer_make(&r->limit, base, on_limit, r);
}

void pty_reset_end(struct pty_reset *r)
{
    timer_stop(&r->limit);
}
