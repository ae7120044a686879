#include "usb_export.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "gate.h"
#include "log.h"
#include "log_peer.h"
#include "loop.h"
#include "usb_bus.h"
#include "usb_device.h"
#include "usb_options.h"
#include "usb_session.h"

enum { END_LIMIT_MS = 3000 };

struct usb_export {
    struct event_base *base;
    const struct usb_options *options; /* of the first */
    struct gate *gate;
    struct usb_bus *bus;
    struct event *changed; /* sessions are to hear of it */
    struct usb_sessions sessions;
    struct usb_session_setup setup; /* of each of them */
};

/* --- sessions --------------------------------------------------------------------------------- */

static void on_newcomer(void *ctx, struct newcomer *n)
{
    struct usb_export *e = ctx;
    struct usb_session *s = usb_session_new(&e->setup, n);

    if (s)
        usb_session_begin(s);
    else
        log_error("%s: out of memory for a new client", gate_text(e->gate));
}

/* Has sessions hear of a change in the loop's next turn. */
static void note_change(void *ctx)
{
    event_active(((struct usb_export *)ctx)->changed, EV_TIMEOUT, 0);
}

static void on_changed(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    usb_sessions_notice(&((struct usb_export *)ctx)->sessions);
}

static void on_session_ended(void *ctx)
{
    usb_bus_sweep(((struct usb_export *)ctx)->bus);
}

static const struct usb_session_callbacks session_callbacks = {on_session_ended, note_change};

/* --- devices ---------------------------------------------------------------------------------- */

static void say_published(const struct usb_export *e, const struct usb_device *d)
{
    /* clients can have some leave and come back */
    log_peer_info(d->record.busid, "%s: listening on %s, busid %s, %04x:%04x", d->name,
                  gate_text(e->gate), d->record.busid, d->record.vendor, d->record.product);
}

static void on_arrived(void *ctx, struct usb_device *d)
{
    struct usb_export *e = ctx;

    note_change(e);
    if (e->gate && !gate_is_waiting(e->gate)) /* neither before it listens nor at the end */
        say_published(e, d);
}

static void on_left(void *ctx, struct usb_device *d)
{
    (void)d;
    note_change(ctx);
}

static const struct usb_bus_callbacks bus_callbacks = {on_arrived, on_left};

void usb_export_report(const struct usb_export *e)
{
    for (const struct usb_device *d = usb_bus_first(e->bus); d; d = d->next)
        log_info("%s on %s: busid %s, %04x:%04x, client %s", d->name, gate_text(e->gate),
                 d->record.busid, d->record.vendor, d->record.product,
                 d->importer ? d->importer->peer : "none");
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void on_opened(void *ctx)
{
    const struct usb_export *e = ctx;
    const struct usb_device *first = usb_bus_first(e->bus);

    for (const struct usb_device *d = first; d; d = d->next)
        say_published(e, d);
    if (!first)
        log_info("%s: listening on %s", e->options->name, gate_text(e->gate));
}

static const struct gate_callbacks gate_callbacks = {on_newcomer, on_opened};

/* Bytes that URBs of one client may hold at most, whichever device it imports. */
static size_t largest_budget(const struct usb_options *devices)
{
    size_t most = 0;

    for (const struct usb_options *o = devices; o; o = o->next)
        if (o->budget > most)
            most = o->budget;
    return most;
}

struct usb_export *usb_export_new(struct event_base *base, struct crowd *crowd,
                                  const struct usb_options *devices, const struct addr *listen,
                                  struct usb_pcap *pcap, char error[static CLI_ERROR_MAX])
{
    struct usb_export *e = calloc(1, sizeof *e);

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!e)
        return NULL;
    e->base = base;
    e->options = devices;
    e->changed = evtimer_new(base, on_changed, e);
    if (e->changed)
        e->bus = usb_bus_new(base, devices, &bus_callbacks, e, error);
    if (!e->bus)
        goto fail;
    e->setup = (struct usb_session_setup){.base = base,
                                          .bus = e->bus,
                                          .pcap = pcap,
                                          .budget = largest_budget(devices),
                                          .all = &e->sessions,
                                          .callbacks = &session_callbacks,
                                          .ctx = e};
    const struct gate_options gate = {
        .mode = GATE_USB, .queue_max = 2 * e->setup.budget, .name = devices->name};
    e->gate = gate_new(base, crowd, listen, &gate, &gate_callbacks, e, error);
    if (!e->gate)
        goto fail;
    if (!gate_is_waiting(e->gate))
        on_opened(e);
    return e;

fail:
    usb_export_free(e);
    return NULL;
}

static bool is_idle(void *ctx)
{
    return ((const struct usb_export *)ctx)->sessions.first == NULL;
}

/* Real devices let go of their transfers by events of the loop. Returns whether all have. */
static bool end_sessions(struct usb_export *e)
{
    usb_sessions_end(&e->sessions, "com2net ends");
    return is_idle(e) || loop_run_until(e->base, is_idle, e, END_LIMIT_MS);
}

void usb_export_free(struct usb_export *e)
{
    if (!e)
        return;
    gate_close(e->gate);
    if (!end_sessions(e)) {
        log_error("a USB device does not let go of its transfers; it is left to the system");
        return;
    }
    gate_free(e->gate);
    e->gate = NULL;
    usb_bus_free(e->bus);
    if (e->changed)
        event_free(e->changed);
    free(e);
}
