#include "usb_export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "log_peer.h"
#include "loop.h"
#include "newcomer.h"
#include "timer.h"
#include "usb_bus.h"
#include "usb_device.h"
#include "usb_options.h"
#include "usb_report.h"
#include "usb_session.h"

enum { END_LIMIT_MS = 3000 };

struct usb_export {
    struct event_base *base;
    const struct usb_options *options; /* of the first */
    const char *address;               /* NULL: nobody can connect */
    struct usb_bus *bus;
    struct timer changed; /* sessions are to hear of it */
    struct usb_sessions sessions;
    struct usb_session_setup setup; /* of each of them */
};

/* --- sessions --------------------------------------------------------------------------------- */

void usb_export_take(struct usb_export *e, struct newcomer *n)
{
    struct usb_session *s = usb_session_new(&e->setup, n);

    if (s)
        usb_session_begin(s);
    else
        log_error("%s: out of memory for a new client", e->options->name);
}

/* Has sessions hear of a change in the loop's next turn. */
static void note_change(void *ctx)
{
    timer_in_ms(&((struct usb_export *)ctx)->changed, 0);
}

static void on_changed(void *ctx)
{
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
    log_peer_info(d->record.busid, "%s: listening on %s, busid %s, %04x:%04x", d->name, e->address,
                  d->record.busid, d->record.vendor, d->record.product);
}

static void on_arrived(void *ctx, struct usb_device *d)
{
    struct usb_export *e = ctx;

    note_change(e);
    if (e->address)
        say_published(e, d);
}

static void on_left(void *ctx, struct usb_device *d)
{
    (void)d;
    note_change(ctx);
}

static const struct usb_bus_callbacks bus_callbacks = {on_arrived, on_left};

int usb_export_report(const struct usb_export *e, struct usb_report *r)
{
    size_t count = 0;

    for (const struct usb_device *d = usb_bus_first(e->bus); d; d = d->next)
        count++;
    *r = (struct usb_report){.name = e->options->name,
                             .devices = calloc(count + 1, sizeof *r->devices)};
    if (!r->devices)
        return -ENOMEM;
    for (const struct usb_device *d = usb_bus_first(e->bus); d; d = d->next) {
        struct usb_report_device *to = &r->devices[r->count++];

        to->name = d->name;
        to->real = usb_bus_is_real(e->bus, d);
        memcpy(to->busid, d->record.busid, sizeof to->busid);
        to->vendor = d->record.vendor;
        to->product = d->record.product;
        snprintf(to->importer, sizeof to->importer, "%s", d->importer ? d->importer->peer : "");
    }
    return 0;
}

/* --- beginning and end ------------------------------------------------------------------------ */

void usb_export_set_address(struct usb_export *e, const char *address)
{
    const struct usb_device *first = usb_bus_first(e->bus);

    e->address = address;
    if (!address)
        return;
    for (const struct usb_device *d = first; d; d = d->next)
        say_published(e, d);
    if (!first)
        log_info("%s: listening on %s", e->options->name, address);
}

size_t usb_export_queue_max(const struct usb_export *e)
{
    return 2 * e->setup.budget;
}

/* Bytes that URBs of one client may hold at most, whichever device it imports. */
static size_t largest_budget(const struct usb_options *devices)
{
    size_t most = 0;

    for (const struct usb_options *o = devices; o; o = o->next)
        if (o->budget > most)
            most = o->budget;
    return most;
}

struct usb_export *usb_export_new(struct event_base *base, const struct usb_options *devices,
                                  struct usb_pcap *pcap, char error[static CLI_ERROR_MAX])
{
    struct usb_export *e = calloc(1, sizeof *e);

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!e)
        return NULL;
    e->base = base;
    e->options = devices;
    timer_make(&e->changed, base, on_changed, e);
    e->bus = usb_bus_new(base, devices, &bus_callbacks, e, error);
    e->setup = (struct usb_session_setup){.base = base,
                                          .bus = e->bus,
                                          .pcap = pcap,
                                          .budget = largest_budget(devices),
                                          .all = &e->sessions,
                                          .callbacks = &session_callbacks,
                                          .ctx = e};
    if (e->bus)
        return e;
    usb_export_free(e);
    return NULL;
}

static bool is_idle(void *ctx)
{
    return ((const struct usb_export *)ctx)->sessions.first == NULL;
}

/* Real devices release their transfers by events of the loop. Returns whether all have. */
static bool end_sessions(struct usb_export *e)
{
    usb_sessions_end(&e->sessions, "com2net ends");
    return is_idle(e) || loop_run_until(e->base, is_idle, e, END_LIMIT_MS);
}

bool usb_export_free(struct usb_export *e)
{
    if (!e)
        return true;
    e->address = NULL;
    if (!end_sessions(e)) {
        log_error("a USB device does not release its transfers; it is left to the system");
        return false;
    }
    usb_bus_free(e->bus);
    timer_stop(&e->changed);
    free(e);
    return true;
}
