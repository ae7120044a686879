#include "usb_export.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "gate.h"
#include "log.h"
#include "log_peer.h"
#include "loop.h"
#include "usb_options.h"
#include "usb_device.h"
#include "usb_hold.h"
#include "usb_host.h"
#include "usb_session.h"

enum { END_LIMIT_MS = 3000 };

struct usb_export {
    struct event_base *base;
    const struct usb_options *options; /* of the first */
    struct gate *gate;
    struct usb_device *devices; /* built-in ones first */
    struct usb_device *left;    /* unplugged, an importer has yet to let go of it */
    struct usb_host *host;      /* NULL: all are built in */
    struct event *sweep;        /* of those that have left */
    struct event *changed;      /* sessions are to hear of it */
    struct usb_session *sessions;
    struct usb_pcap *pcap;
};

static void on_newcomer(void *ctx, struct newcomer *n)
{
    struct usb_export *e = ctx;
    struct usb_session *s = usb_session_new(e->base, e, n);

    if (!s) {
        log_error("%s: out of memory for a new client", gate_text(e->gate));
        return;
    }
    usb_session_set_next(s, e->sessions);
    e->sessions = s;
    usb_session_begin(s);
}

void usb_export_forget(struct usb_export *e, struct usb_session *gone)
{
    struct usb_session *before = NULL, *s = e->sessions;

    for (; s != gone; s = usb_session_next(s))
        before = s;
    if (before)
        usb_session_set_next(before, usb_session_next(gone));
    else
        e->sessions = usb_session_next(gone);
    if (e->left)
        event_active(e->sweep, EV_TIMEOUT, 0);
}

struct usb_pcap *usb_export_pcap(const struct usb_export *e)
{
    return e->pcap;
}

size_t usb_export_budget(const struct usb_export *e)
{
    size_t most = 0;

    for (const struct usb_options *o = e->options; o; o = o->next)
        if (o->budget > most)
            most = o->budget;
    return most;
}

struct usb_device *usb_export_devices(struct usb_export *e)
{
    if (e->host)
        usb_host_refresh(e->host);
    return e->devices;
}

static void on_changed(evutil_socket_t fd, short what, void *ctx)
{
    struct usb_export *e = ctx;
    struct usb_session *s = e->sessions;

    (void)fd;
    (void)what;
    while (s) { /* it may end, and no other one */
        struct usb_session *next = usb_session_next(s);

        usb_session_notice(s);
        s = next;
    }
}

void usb_export_changed(struct usb_export *e)
{
    event_active(e->changed, EV_TIMEOUT, 0);
}

void usb_export_report(const struct usb_export *e)
{
    for (const struct usb_device *d = e->devices; d; d = d->next)
        log_info("%s on %s: busid %s, %04x:%04x, client %s", d->name, gate_text(e->gate),
                 d->record.busid, d->record.vendor, d->record.product,
                 d->importer ? usb_session_peer(d->importer) : "none");
}

/* --- real devices -----------------------------------------------------------------------------
 */

static void say_published(const struct usb_export *e, const struct usb_device *d)
{
    /* clients can have some leave and come back */
    log_peer_info(d->record.busid, "%s: listening on %s, busid %s, %04x:%04x", d->name,
                  gate_text(e->gate), d->record.busid, d->record.vendor, d->record.product);
}

static void on_arrived(void *ctx, struct usb_device *d)
{
    struct usb_export *e = ctx;
    struct usb_device **at = &e->devices;

    while (*at)
        at = &(*at)->next;
    *at = d;
    usb_export_changed(e);
    if (e->gate && !gate_is_waiting(e->gate)) /* not the first ones, before it listens */
        say_published(e, d);
}

/* Frees those that have left and that nobody has any more. */
static void on_sweep(evutil_socket_t fd, short what, void *ctx)
{
    struct usb_export *e = ctx;
    struct usb_device **at = &e->left;

    (void)fd;
    (void)what;
    while (*at) {
        struct usb_device *d = *at;

        if (d->importer) {
            at = &d->next;
            continue;
        }
        *at = d->next;
        usb_host_free_device(e->host, d);
    }
}

static void on_left(void *ctx, struct usb_device *d)
{
    struct usb_export *e = ctx;
    struct usb_device **at = &e->devices;

    log_peer_info(d->record.busid, "%s: unplugged, busid %s", d->name, d->record.busid);
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    d->next = e->left;
    e->left = d;
    d->gone = true;
    usb_hold_end(d);
    usb_export_changed(e);
    if (d->importer)
        usb_session_end(d->importer, "it is unplugged");
    event_active(e->sweep, EV_TIMEOUT, 0);
}

static const struct usb_host_callbacks host_callbacks = {on_arrived, on_left};

/* --- built-in devices that leave the bus, and come back ----------------------------------------
 */

static void on_presence(void *ctx, struct usb_device *d, bool there)
{
    struct usb_export *e = ctx;

    d->gone = !there;
    usb_export_changed(e);
    if (there) {
        if (e->gate && !gate_is_waiting(e->gate)) /* not at the end */
            say_published(e, d);
        return;
    }
    log_peer_info(d->record.busid, "%s: unplugged, busid %s", d->name, d->record.busid);
    usb_hold_end(d);
    if (d->importer)
        usb_session_end(d->importer, "it is unplugged");
}

/* --- beginning and end ------------------------------------------------------------------------
 */

/* Returns false with what is wrong in `error`. */
static bool add_devices(struct usb_export *e, char error[static CLI_ERROR_MAX])
{
    struct usb_device **at = &e->devices;
    unsigned number = 0;
    bool real = false;

    for (const struct usb_options *o = e->options; o; o = o->next) {
        number++;
        real = real || o->real;
        if (o->real)
            continue;
        *at = usb_built_in_make(&o->built_in, e->base, o->name, number, error);
        if (!*at)
            return false;
        (*at)->budget = o->budget;
        (*at)->checks.on = o->kernel_checks;
        (*at)->presence = on_presence;
        (*at)->presence_ctx = e;
        at = &(*at)->next;
    }
    if (!real)
        return true;
    e->host = usb_host_new(e->base, e->options, &host_callbacks, e, error);
    return e->host && usb_host_is_complete(e->host, error);
}

static void on_opened(void *ctx)
{
    const struct usb_export *e = ctx;

    for (const struct usb_device *d = e->devices; d; d = d->next)
        say_published(e, d);
    if (!e->devices)
        log_info("%s: listening on %s", e->options->name, gate_text(e->gate));
}

static const struct gate_callbacks gate_callbacks = {on_newcomer, on_opened};

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
    e->pcap = pcap;
    e->sweep = evtimer_new(base, on_sweep, e);
    e->changed = evtimer_new(base, on_changed, e);
    if (!e->sweep || !e->changed || !add_devices(e, error))
        goto fail;
    const struct gate_options gate = {
        .mode = GATE_USB, .queue_max = 2 * usb_export_budget(e), .name = devices->name};
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
    return ((const struct usb_export *)ctx)->sessions == NULL;
}

/* Real devices let go of their transfers by events of the loop. Returns whether all have. */
static bool end_sessions(struct usb_export *e)
{
    struct usb_session *s = e->sessions;

    while (s) {
        struct usb_session *next = usb_session_next(s);

        usb_session_end(s, "com2net ends");
        s = next;
    }
    return is_idle(e) || loop_run_until(e->base, is_idle, e, END_LIMIT_MS);
}

static void free_devices(struct usb_export *e, struct usb_device *list)
{
    while (list) {
        struct usb_device *d = list;

        list = d->next;
        usb_hold_end(d);
        if (e->host && usb_host_has(e->host, d))
            usb_host_free_device(e->host, d);
        else
            d->ops->free(d);
    }
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
    free_devices(e, e->left);
    free_devices(e, e->devices);
    usb_host_free(e->host);
    if (e->sweep)
        event_free(e->sweep);
    if (e->changed)
        event_free(e->changed);
    free(e);
}
