/*
 * Theory of operation. The gate shows a port its newcomers; each gets a session, in the role that
 * there is for it. Bytes from the device go straight to the sessions; when the owner cannot take
 * more, the device is not read. Where observers read along and the device cannot be held by flow
 * control, it is: a slow client then loses bytes, and nobody else. Which of these holds is computed
 * in one place, update.
 */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "device.h"
#include "log.h"
#include "log_peer.h"
#include "newcomer.h"
#include "port_report.h"
#include "reset.h"
#include "serial_session.h"
#include "waiting.h"

enum {
    OWNER_MS = 2500,      /* for an owner that has closed and whose commands are being done */
    PREPARING_MS = 10000, /* for the system's list of ports, or for a slow one */
};

struct port {
    struct event_base *base;
    const struct port_options *options;
    struct device *device;
    struct reset *reset; /* NULL without reset= */
    struct serial_session *sessions;
    struct waiting waiting; /* for the owner's end, or for the device */
    bool replacing;         /* an owner goes because the next one is there */
    bool preparing;         /* they wait for the device */
    uint64_t from_device;   /* bytes, in all */
    uint64_t clients_served;
};

/* --- sessions and the device ------------------------------------------------------------------ */

/* NULL where there is none. */
static struct serial_session *owner_of(const struct port *p)
{
    struct serial_session *s = p->sessions;

    while (s && serial_session_role(s) != CLIENT_OWNER)
        s = *serial_session_next(s);
    return s;
}

/* Decides whether the device is read, and asked for errors. */
static void update(void *ctx)
{
    struct port *p = ctx;
    const struct serial_session *owner = owner_of(p);
    bool observed = false, errors = false;

    if (!p->device) /* it is being made */
        return;
    for (struct serial_session *s = p->sessions; s; s = *serial_session_next(s)) {
        observed = observed || serial_session_observes(s);
        errors = errors || serial_session_wants_errors(s);
    }
    device_watch_errors(p->device, errors);
    /* with nobody there bytes are read and dropped, so that the next client gets new ones */
    const bool lost = owner && serial_session_is_away(owner);
    device_read(p->device, !owner || serial_session_wants_data(owner) ||
                               ((observed || lost) && !device_can_be_held(p->device)));
}

/* The device has gone, or come back, or is at other settings. */
static void on_changed(void *ctx)
{
    struct port *p = ctx;
    struct serial_session *next;

    update(p);
    for (struct serial_session *s = p->sessions; s; s = next) {
        next = *serial_session_next(s);
        serial_session_device_changed(s);
    }
}

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct port *p = ctx;
    struct serial_session *next;

    p->from_device += len;
    for (struct serial_session *s = p->sessions; s; s = next) {
        next = *serial_session_next(s);
        serial_session_data(s, data, len);
    }
    update(p);
}

static void on_took(void *ctx)
{
    struct serial_session *owner = owner_of(ctx);

    if (owner)
        serial_session_device_took(owner);
}

static void on_ready(void *ctx)
{
    struct serial_session *owner = owner_of(ctx);

    if (owner)
        serial_session_device_ready(owner);
}

/* What has waited for its driver goes on. */
static void on_free(void *ctx)
{
    struct port *p = ctx;
    struct serial_session *owner = owner_of(p);

    reset_device_free(p->reset);
    if (owner)
        serial_session_device_free(owner);
}

static void on_lines(void *ctx, unsigned inputs, unsigned edges)
{
    struct port *p = ctx;
    struct serial_session *next;

    for (struct serial_session *s = p->sessions; s; s = next) {
        next = *serial_session_next(s);
        serial_session_lines(s, inputs, edges);
    }
}

static void on_errors(void *ctx, unsigned state)
{
    struct port *p = ctx;
    struct serial_session *next;

    for (struct serial_session *s = p->sessions; s; s = next) {
        next = *serial_session_next(s);
        serial_session_errors(s, state);
    }
}

static void end_sessions(struct port *p, const char *why)
{
    while (p->sessions)
        serial_session_end(p->sessions, why);
}

static void on_gone(void *ctx)
{
    struct port *p = ctx;

    reset_device_gone(p->reset);
    if (p->options->hotplug) {
        on_lines(p, 0, 0);
        on_changed(p);
    } else {
        end_sessions(p, "its device has gone");
    }
}

static void on_prepared(void *ctx)
{
    struct port *p = ctx;

    if (!p->waiting.first) /* those that waited have left */
        device_forget(p->device);
    waiting_hurry(&p->waiting);
}

static const struct device_callbacks device_callbacks = {
    .data = on_data,
    .took = on_took,
    .ready = on_ready,
    .lines = on_lines,
    .errors = on_errors,
    .gone = on_gone,
    .changed = on_changed,
    .prepared = on_prepared,
    .free = on_free,
};

/* --- who leaves ------------------------------------------------------------------------------- */

/* Whether somebody has the device or reads along, or will at once. */
static bool is_used(const struct port *p)
{
    bool used = p->replacing;

    for (struct serial_session *s = p->sessions; s; s = *serial_session_next(s))
        used = used || serial_session_role(s) != CLIENT_REFUSED;
    return used;
}

/* A session is over: the port forgets it, and the device closes once nobody is left and all bytes
 * are out. */
static void on_session_ended(void *ctx, struct serial_session *gone)
{
    struct port *p = ctx;
    struct serial_session **at = &p->sessions;

    while (*at != gone)
        at = serial_session_next(*at);
    *at = *serial_session_next(gone);
    if (serial_session_role(gone) == CLIENT_OWNER) {
        waiting_hurry(&p->waiting);
        reset_stop(p->reset);
        device_leave(p->device, is_used(p));
    }
    if (!is_used(p))
        device_unused(p->device);
    update(p);
}

static bool on_resume(void *ctx, struct serial_session *s, const struct serial_ext_resume *r)
{
    struct serial_session *owner = owner_of(ctx);

    return owner && owner != s && serial_session_is_meant(owner, r) &&
           serial_session_resume(owner, s, r);
}

static const struct serial_session_callbacks session_callbacks = {on_session_ended, update,
                                                                  on_resume};

/* --- who comes -------------------------------------------------------------------------------- */

static void replace(struct port *p, struct serial_session *owner)
{
    p->replacing = true;
    serial_session_end(owner, "taken over by a new client");
    p->replacing = false;
    device_take_over(p->device);
}

/* The possible role of a newcomer, besides the owner there may be. */
static enum client_role role_for(struct port *p)
{
    struct serial_session *owner = owner_of(p);

    if (owner && serial_session_is_ending(owner)) { /* most have closed for good */
        serial_session_end(owner, "it has closed the connection");
        owner = owner_of(p);
    }
    if (owner && (!p->options->takeover || device_is_busy(p->device)))
        return p->options->observers ? CLIENT_OBSERVER : CLIENT_REFUSED;
    if (owner)
        replace(p, owner);
    return CLIENT_OWNER;
}

/* One who is refused says so himself. */
static void log_newcomer(const struct port *p, const struct serial_session *s)
{
    const char *role = serial_session_role(s) == CLIENT_OBSERVER ? " observes" : "";

    if (serial_session_role(s) != CLIENT_REFUSED)
        log_peer_info(serial_session_peer(s), "%s: client %s%s", p->options->name,
                      serial_session_peer(s), role);
}

/* How long the first of those that wait does so at most. */
static unsigned patience_ms(const struct port *p)
{
    return p->preparing ? PREPARING_MS : OWNER_MS;
}

/* Has one wait who could have the device, but for the calls that the owner before has left it busy
 * with. */
static bool has_to_wait_for_calls(struct port *p, struct newcomer *n)
{
    p->preparing = device_prepare(p->device);
    if (!p->preparing || !waiting_add(&p->waiting, n, patience_ms(p)))
        return false;
    if (!is_used(p))
        device_unused(p->device);
    return true;
}

static void admit(struct port *p, struct newcomer *n)
{
    const struct serial_session_place place = {
        .base = p->base,
        .options = p->options,
        .device = p->device,
        .reset = p->reset,
        .callbacks = &session_callbacks,
        .ctx = p,
    };
    enum client_role role = role_for(p);
    const char *refusal = role == CLIENT_REFUSED ? "busy" : NULL;

    if (role == CLIENT_OWNER && has_to_wait_for_calls(p, n))
        return;
    if (role == CLIENT_OWNER)
        refusal = device_take(p->device);
    if (refusal)
        role = CLIENT_REFUSED;
    const struct serial_session *owner = owner_of(p);
    const bool may_resume = refusal && owner && serial_session_is_kept(owner);
    struct serial_session *s = serial_session_new(&place, n, role, refusal, may_resume);
    if (!s) {
        log_error("%s: out of memory for a new client", p->options->name);
        if (!p->sessions)
            device_unused(p->device);
        update(p);
        return;
    }
    *serial_session_next(s) = p->sessions;
    p->sessions = s;
    if (role == CLIENT_OWNER)
        device_set_owner(p->device, serial_session_peer(s));
    p->clients_served += role != CLIENT_REFUSED;
    log_newcomer(p, s);
    update(p);
}

/* Whether the owner has closed, and what it has sent is still to be done. */
static bool owner_is_leaving(const struct port *p)
{
    const struct serial_session *owner = owner_of(p);

    return owner && !serial_session_is_ending(owner) && serial_session_peer_has_closed(owner);
}

/* The first of those that wait has the device, or is told that it has waited in vain; so are those
 * after it. */
static void on_next(void *ctx)
{
    struct port *p = ctx;
    const bool has_prepared = p->preparing;

    if (has_prepared) /* it is done, or has taken too long */
        device_give_up(p->device);
    p->preparing = device_prepare(p->device);
    if (!p->preparing && !(has_prepared && owner_is_leaving(p))) {
        do {
            struct newcomer n = waiting_take(&p->waiting);

            if (n.stream)
                admit(p, &n);
            newcomer_close(&n);
        } while (p->waiting.first && !p->preparing && !owner_is_leaving(p));
        device_forget(p->device);
    }
    waiting_go_on(&p->waiting, patience_ms(p));
}

void port_take(struct port *p, struct newcomer *n)
{
    if (owner_of(p))
        serial_session_catch_up(owner_of(p));
    p->preparing = device_prepare(p->device);
    const bool has_to_wait =
        p->preparing || (!p->options->takeover && (p->waiting.first || owner_is_leaving(p)));
    if (!has_to_wait || !waiting_add(&p->waiting, n, patience_ms(p))) {
        admit(p, n);
        device_forget(p->device);
    }
}

/* --- the port itself -------------------------------------------------------------------------- */

size_t port_untransmitted(const struct port *p)
{
    return device_untransmitted(p->device);
}

uint64_t port_taken(const struct port *p)
{
    return device_taken(p->device);
}

int port_report(const struct port *p, struct port_report *r)
{
    *r = (struct port_report){.name = p->options->name,
                              .state = device_state(p->device),
                              .line = *device_line(p->device),
                              .lines = device_lines(p->device),
                              .to_device = device_written(p->device),
                              .from_device = p->from_device,
                              .waiting = device_untransmitted(p->device),
                              .clients_served = p->clients_served};
    size_t count = 0;

    device_path(p->device, r->path);
    for (struct serial_session *s = p->sessions; s; s = *serial_session_next(s))
        count++;
    r->clients = calloc(count + 1, sizeof *r->clients);
    if (!r->clients)
        return -ENOMEM;
    for (struct serial_session *s = p->sessions; s; s = *serial_session_next(s))
        serial_session_report(s, &r->clients[r->count++]);
    return 0;
}

struct port *port_new(struct event_base *base, const struct port_options *options,
                      char error[static CLI_ERROR_MAX])
{
    struct port *p = calloc(1, sizeof *p);

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!p)
        return NULL;
    p->base = base;
    p->options = options;
    waiting_make(&p->waiting, base, options->name, on_next, p);
    p->device = device_new(base, options, &device_callbacks, p, error);
    if (!p->device)
        goto fail;
    snprintf(error, CLI_ERROR_MAX, "out of memory");
    p->reset = options->reset ? reset_new(base, p->device, options->reset) : NULL;
    if (options->reset && !p->reset)
        goto fail;
    update(p);
    return p;

fail:
    port_free(p);
    return NULL;
}

int port_begin(struct port *p, char error[static CLI_ERROR_MAX])
{
    const int r = p->options->hold ? device_hold(p->device, error) : 0;

    update(p);
    return r;
}

void port_free(struct port *p)
{
    if (!p)
        return;
    waiting_end(&p->waiting);
    end_sessions(p, "com2net ends");
    reset_free(p->reset);
    device_free(p->device);
    free(p);
}
