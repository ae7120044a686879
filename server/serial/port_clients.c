/*
 * Who is let in at a port: the owner, observers, and those that are told why not. See port.c.
 */
#include "port_state.h"

#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "crowd.h"
#include "log.h"
#include "log_peer.h"
#include "newcomer.h"
#include "reset.h"
#include "serial_session.h"
#include "stream.h"

enum {
    NEXT_MS = 2500, /* for an owner that has closed and whose commands are being done */
    WAITING_MAX = 8,
};

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

        if (r < 0 && p->options->hotplug) {
            log_peer_info(p->options->name, "%s; waiting for it", error);
            p->idle = port_idle_settings(p->options, &line_default);
            p->line = p->idle;
            p->outputs = port_idle_outputs(p->options, LINE_OUTPUTS);
            port_await_device(p);
        } else if (r < 0) {
            log_peer_error(p->options->name, "%s", error);
            return r == -ENOENT || r == -ENODEV || r == -ENXIO ? "absent" : "failed";
        }
    }
    if (p->state == PORT_LOST && !p->options->hotplug)
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
    if (owner && p->options->takeover) {
        p->replacing = true;
        session_end(owner, "taken over by a new client");
        p->replacing = false;
        if (p->to_device.len > 0)
            log_peer_warn(
                p->options->name,
                "%s: %zu bytes of the client before are dropped: the device did not take them "
                "in time",
                p->options->name, p->to_device.len);
        buf_drain(&p->to_device, p->to_device.len);
        p->before = p->behind = 0;
        if (p->settling)
            port_settle(p);
    } else if (owner)
        role = p->options->observers ? SESSION_OBSERVER : SESSION_REFUSED;

    if (role == SESSION_OWNER)
        refusal = ready_device(p);
    else if (role == SESSION_REFUSED)
        refusal = "busy";
    if (refusal)
        role = SESSION_REFUSED;

    struct serial_session *s = session_new(p, n, role, refusal);
    if (!s) {
        log_error("%s: out of memory for a new client", p->options->name);
        if (!p->sessions)
            port_forget(p, NULL);
        return;
    }
    session_set_next(s, p->sessions);
    p->sessions = s;
    log_peer_info(session_peer(s), "%s: client %s%s%s", p->options->name, session_peer(s),
                  role == SESSION_OBSERVER  ? " observes"
                  : role == SESSION_REFUSED ? " refused: "
                                            : "",
                  role == SESSION_REFUSED ? refusal : "");
    port_update(p);
}

/* --- those that wait for the owner's end -------------------------------------------------------
 */

struct port_waiting {
    struct port_waiting *next;
    struct port *port;
    struct newcomer newcomer;
};

static void schedule_next(struct port *p, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_add(p->next_event, &delay);
}

/* It waits no more; what it is becomes the caller's. */
static struct newcomer take_waiting(struct port_waiting *w)
{
    struct port_waiting **at = &w->port->waiting;
    const struct newcomer n = w->newcomer;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    w->port->waiting_count--;
    free(w);
    return n;
}

static void end_waiting(struct port_waiting *w)
{
    struct newcomer n = take_waiting(w);

    newcomer_close(&n);
}

void port_end_waiting(struct port *p)
{
    while (p->waiting)
        end_waiting(p->waiting);
}

static void on_waiting_received(void *ctx, const uint8_t *data, size_t len)
{
    (void)data; /* never: it is paused */
    (void)len;
    end_waiting(ctx);
}

static void on_waiting_drained(void *ctx)
{
    (void)ctx;
}

static void on_waiting_ended(void *ctx, int error)
{
    struct port_waiting *w = ctx;

    if (error == 0) /* what it has sent is to be done */
        w->newcomer.ended = true;
    else
        end_waiting(w);
}

static void on_waiting_evicted(void *ctx, const char *why)
{
    struct port_waiting *w = ctx;
    const char *peer = stream_peer(w->newcomer.stream);

    log_peer_info(peer, "%s: %s: %s", w->port->options->name, peer, why);
    end_waiting(w);
}

static const struct stream_callbacks waiting_callbacks = {
    .received = on_waiting_received,
    .drained = on_waiting_drained,
    .ended = on_waiting_ended,
};

/* Returns false without memory. */
static bool have_wait(struct port *p, struct newcomer *n)
{
    struct port_waiting *w = calloc(1, sizeof *w);
    struct port_waiting **at = &p->waiting;

    if (!w)
        return false;
    *w = (struct port_waiting){.port = p, .newcomer = *n};
    n->stream = NULL;
    stream_set_owner(w->newcomer.stream, &waiting_callbacks, w);
    crowd_set_owner(w->newcomer.place, on_waiting_evicted, w);
    while (*at)
        at = &(*at)->next;
    *at = w;
    if (p->waiting_count++ == 0)
        schedule_next(p, NEXT_MS);
    return true;
}

/* Whether it has closed, and what it has sent is still to be done. */
static bool is_leaving(const struct serial_session *owner)
{
    return !session_is_ending(owner) && session_peer_has_closed(owner);
}

/* Whether a new client has to wait: for an owner that is leaving, behind those that wait for it. */
static bool has_to_wait(const struct port *p)
{
    const struct serial_session *owner = port_owner(p);

    if (p->options->takeover || p->waiting_count == WAITING_MAX)
        return false;
    return p->waiting || (owner && is_leaving(owner));
}

void port_on_next(evutil_socket_t unused, short what, void *ctx)
{
    struct port *p = ctx;

    (void)unused;
    (void)what;
    do { /* the first one has it, or is told that it has waited in vain; so are those behind it */
        struct newcomer n = p->waiting ? take_waiting(p->waiting) : (struct newcomer){0};

        if (n.stream)
            admit(p, &n);
        newcomer_close(&n);
    } while (p->waiting && !(port_owner(p) && is_leaving(port_owner(p))));
    if (p->waiting)
        schedule_next(p, NEXT_MS);
}

/* A client that has closed is not in the way of the next one, though what it has sent may still
 * have to be done: a program that is started again and again should find the port each time. */
void port_on_newcomer(void *ctx, struct newcomer *n)
{
    struct port *p = ctx;

    if (port_owner(p))
        session_catch_up(port_owner(p));
    if (!has_to_wait(p) || !have_wait(p, n))
        admit(p, n);
}

void port_forget(struct port *p, struct serial_session *gone)
{
    struct serial_session *before = NULL;
    bool owner = gone && session_role(gone) == SESSION_OWNER;

    for (struct serial_session *s = p->sessions; s && gone; s = session_next(s)) {
        if (s == gone && before)
            session_set_next(before, session_next(s));
        else if (s == gone)
            p->sessions = session_next(s);
        before = s;
    }
    if (owner && p->waiting)
        schedule_next(p, 0);
    if (owner)
        reset_stop(p->reset);
    if (owner && p->broken) /* even where bytes still have to go out: a break must end */
        port_set_break(p, false);
    if (owner && !p->serial) { /* unplugged: the next one begins anew, whoever stays */
        port_drop_output(p);
        port_put_back(p);
    }

    bool used = p->replacing;
    for (struct serial_session *s = p->sessions; s; s = session_next(s))
        used = used || session_role(s) != SESSION_REFUSED;
    if (owner && used && p->serial)
        port_begin_to_settle(p);
    if (!used && p->state == PORT_OPEN && p->serial)
        port_linger(p);
    else if (!used && p->state == PORT_LOST && !p->options->hold)
        port_close_device(p);
    port_update(p);
}
