/*
 * Who is let in at a port: the owner, observers, and those that are told why not. See port.c.
 */
#include "port_state.h"

#include <errno.h>

#include <event2/event.h>

#include "crowd.h"
#include "log.h"
#include "log_peer.h"
#include "newcomer.h"
#include "reset.h"
#include "serial_session.h"
#include "stream.h"

enum { NEXT_MS = 2500 }; /* for an owner that has closed and whose commands are being done */

struct serial_session *port_owner(const struct port *p)
{
    struct serial_session *s = p->sessions;

    while (s && session_role(s) != SESSION_OWNER)
        s = session_next(s);
    return s;
}

void port_end_sessions(struct port *p, const char *why)
{
    while (p->sessions)
        session_end(p->sessions, why);
}

/* The device for a new owner. Returns NULL, or what the client is refused with. */
static const char *ready_device(struct port *p)
{
    char error[SERIAL_ERROR_MAX];

    p->strict = p->told_other = false;
    if (p->state == PORT_LINGERING) {
        event_del(p->timer);
        p->state = PORT_OPEN;
        port_begin_to_settle(p);
    }
    if (p->state == PORT_CLOSED) {
        int r = port_open(p, error);

        if (r < 0 && p->source->hotplug) {
            log_peer_info(p->source->name, "%s; waiting for it", error);
            p->idle = port_idle_settings(p->source, &line_default);
            p->line = p->idle;
            p->outputs = port_idle_outputs(p->source, LINE_OUTPUTS);
            port_await_device(p);
        } else if (r < 0) {
            log_error("%s", error);
            return r == -ENOENT || r == -ENODEV || r == -ENXIO ? "absent" : "failed";
        }
    }
    if (p->state == PORT_LOST && !p->source->hotplug)
        return "absent";
    if (!p->settling)
        port_raise_lines(p);
    return NULL;
}

static void admit(struct port *p, struct newcomer *n)
{
    struct serial_session *owner = port_owner(p);
    enum session_role role = SESSION_OWNER;
    const char *refusal = NULL;

    if (owner && session_is_ending(owner)) { /* most have closed for good */
        session_end(owner, "it has closed the connection");
        owner = port_owner(p);
    }
    if (owner && p->source->takeover) {
        p->replacing = true;
        session_end(owner, "taken over by a new client");
        p->replacing = false;
        if (p->to_device.len > 0)
            log_peer_warn(
                p->source->name,
                "%s: %zu bytes of the client before are dropped: the device did not take them "
                "in time",
                p->source->name, p->to_device.len);
        buf_drain(&p->to_device, p->to_device.len);
        p->before = p->behind = 0;
        if (p->settling)
            port_settle(p);
    } else if (owner)
        role = p->source->observers ? SESSION_OBSERVER : SESSION_REFUSED;

    if (role == SESSION_OWNER)
        refusal = ready_device(p);
    else if (role == SESSION_REFUSED)
        refusal = "busy";
    if (refusal)
        role = SESSION_REFUSED;

    struct serial_session *s = session_new(p, n, role, refusal);
    if (!s) {
        log_error("%s: out of memory for a new client", p->source->name);
        if (!p->sessions)
            port_forget(p, NULL);
        return;
    }
    session_set_next(s, p->sessions);
    p->sessions = s;
    log_peer_info(session_peer(s), "%s: client %s%s%s", p->source->name, session_peer(s),
                  role == SESSION_OBSERVER  ? " observes"
                  : role == SESSION_REFUSED ? " refused: "
                                            : "",
                  role == SESSION_REFUSED ? refusal : "");
    port_update(p);
}

void port_on_next(evutil_socket_t unused, short what, void *ctx)
{
    struct port *p = ctx;
    struct newcomer n = p->next;

    (void)unused;
    (void)what;
    p->next = (struct newcomer){0};
    if (n.stream)
        admit(p, &n);
    newcomer_close(&n);
}

/* --- one who waits ---------------------------------------------------------------------------- */

static void on_next_received(void *ctx, const uint8_t *data, size_t len)
{
    struct port *p = ctx; /* never: it is paused */

    (void)data;
    (void)len;
    newcomer_close(&p->next);
}

static void on_next_drained(void *ctx)
{
    (void)ctx;
}

static void on_next_ended(void *ctx, int error)
{
    struct port *p = ctx;

    (void)error;
    newcomer_close(&p->next);
}

static void on_next_evicted(void *ctx, const char *why)
{
    struct port *p = ctx;

    log_peer_info(stream_peer(p->next.stream), "%s: %s: %s", p->source->name,
                  stream_peer(p->next.stream), why);
    newcomer_close(&p->next);
}

static const struct stream_callbacks next_callbacks = {
    .received = on_next_received,
    .drained = on_next_drained,
    .ended = on_next_ended,
};

static void wait_for_end(struct port *p, struct newcomer *n)
{
    const struct timeval limit = {NEXT_MS / 1000, NEXT_MS % 1000 * 1000};

    p->next = *n;
    n->stream = NULL;
    stream_set_owner(p->next.stream, &next_callbacks, p);
    crowd_set_owner(p->next.place, on_next_evicted, p);
    event_add(p->next_event, &limit);
}

/* A client that has closed is not in the way of the next one, though what it has sent may still
 * have to be done: a program that is started again and again should find the port each time. */
void port_on_newcomer(void *ctx, struct newcomer *n)
{
    struct port *p = ctx;
    struct serial_session *owner = port_owner(p);

    if (owner) {
        session_catch_up(owner);
        owner = port_owner(p);
    }
    if (p->next.stream && stream_peer_has_closed(p->next.stream)) /* nor one that waited and went */
        newcomer_close(&p->next);
    if (owner && !session_is_ending(owner) && session_peer_has_closed(owner) &&
        !p->source->takeover && !p->source->observers && !p->next.stream)
        wait_for_end(p, n);
    else
        admit(p, n);
}

void port_forget(struct port *p, struct serial_session *gone)
{
    const struct timeval now = {0, 0};
    struct serial_session *before = NULL;
    bool owner = gone && session_role(gone) == SESSION_OWNER;

    for (struct serial_session *s = p->sessions; s && gone; s = session_next(s)) {
        if (s == gone && before)
            session_set_next(before, session_next(s));
        else if (s == gone)
            p->sessions = session_next(s);
        before = s;
    }
    if (owner && p->next.stream)
        event_add(p->next_event, &now);
    if (owner)
        reset_stop(p->reset);
    if (owner && p->broken) /* even where bytes still have to go out: a break must end */
        port_set_break(p, false);

    bool used = p->replacing;
    for (struct serial_session *s = p->sessions; s; s = session_next(s))
        used = used || session_role(s) != SESSION_REFUSED;
    if (owner && used && p->serial)
        port_begin_to_settle(p);
    if (!used && p->state == PORT_OPEN && p->serial)
        port_linger(p);
    else if (!used && p->state == PORT_LOST && !p->source->hold)
        port_close_device(p);
    else if (!used && p->state == PORT_LOST)
        port_put_back(p);
    port_update(p);
}
