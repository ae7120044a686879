#include "usb_bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "log_peer.h"
#include "usb_device.h"
#include "usb_hold.h"
#include "usb_host.h"
#include "usb_options.h"

struct usb_bus {
    struct event_base *base;
    const struct usb_bus_callbacks *callbacks;
    void *ctx;
    struct usb_device *devices; /* built-in ones first */
    struct usb_device *left;    /* unplugged, an importer has yet to release it */
    struct usb_host *host;      /* NULL: all are built in */
    struct event *sweep;        /* of those that have left */
};

/* --- the list --------------------------------------------------------------------------------- */

static void append(struct usb_bus *b, struct usb_device *d)
{
    struct usb_device **at = &b->devices;

    while (*at)
        at = &(*at)->next;
    *at = d;
}

struct usb_device *usb_bus_first(const struct usb_bus *b)
{
    return b->devices;
}

struct usb_device *usb_bus_find(const struct usb_bus *b, const char *text)
{
    struct usb_device *d = b->devices;

    while (d && (d->gone || (strcmp(d->record.busid, text) != 0 && strcmp(d->name, text) != 0)))
        d = d->next;
    return d;
}

bool usb_bus_is_real(const struct usb_bus *b, const struct usb_device *d)
{
    return b->host && usb_host_has(b->host, d);
}

void usb_bus_refresh(struct usb_bus *b)
{
    if (b->host)
        usb_host_refresh(b->host);
}

/* --- arrivals and departures ------------------------------------------------------------------ */

static void on_arrived(void *ctx, struct usb_device *d)
{
    struct usb_bus *b = ctx;

    append(b, d);
    b->callbacks->arrived(b->ctx, d);
}

/* It is away, and marked so. */
static void tell_left(struct usb_bus *b, struct usb_device *d)
{
    log_peer_info(d->record.busid, "%s: unplugged, busid %s", d->name, d->record.busid);
    usb_hold_end(d);
    b->callbacks->left(b->ctx, d);
    if (d->importer)
        d->importer->end(d->importer, "it is unplugged");
}

static void on_left(void *ctx, struct usb_device *d)
{
    struct usb_bus *b = ctx;
    struct usb_device **at = &b->devices;

    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    d->next = b->left;
    b->left = d;
    d->gone = true;
    tell_left(b, d);
    usb_bus_sweep(b);
}

static const struct usb_host_callbacks host_callbacks = {on_arrived, on_left};

/* Of a built-in device, which leaves the bus and comes back. */
static void on_presence(void *ctx, struct usb_device *d, bool there)
{
    struct usb_bus *b = ctx;

    d->gone = !there;
    if (there)
        b->callbacks->arrived(b->ctx, d);
    else
        tell_left(b, d);
}

/* Frees those that have left and that nobody has any more. */
static void on_sweep(evutil_socket_t fd, short what, void *ctx)
{
    struct usb_bus *b = ctx;
    struct usb_device **at = &b->left;

    (void)fd;
    (void)what;
    while (*at) {
        struct usb_device *d = *at;

        if (d->importer) {
            at = &d->next;
            continue;
        }
        *at = d->next;
        usb_host_free_device(b->host, d);
    }
}

void usb_bus_sweep(struct usb_bus *b)
{
    if (b->left)
        event_active(b->sweep, EV_TIMEOUT, 0);
}

/* --- beginning and end ------------------------------------------------------------------------ */

void usb_bus_add(struct usb_bus *b, struct usb_device *d)
{
    d->presence = on_presence;
    d->presence_ctx = b;
    append(b, d);
}

/* Makes built-in devices, and finds real ones. Returns false with the reason in `error`. */
static bool add_devices(struct usb_bus *b, const struct usb_options *devices,
                        char error[static CLI_ERROR_MAX])
{
    unsigned number = 0;
    bool real = false;

    for (const struct usb_options *o = devices; o; o = o->next) {
        number++;
        real = real || o->real;
        if (o->real)
            continue;
        struct usb_device *d = usb_built_in_make(&o->built_in, b->base, o->name, number, error);
        if (!d)
            return false;
        d->budget = o->budget;
        d->checks.on = o->kernel_checks;
        usb_bus_add(b, d);
    }
    if (!real)
        return true;
    b->host = usb_host_new(b->base, devices, &host_callbacks, b, error);
    return b->host && usb_host_is_complete(b->host, error);
}

struct usb_bus *usb_bus_new(struct event_base *base, const struct usb_options *devices,
                            const struct usb_bus_callbacks *callbacks, void *ctx,
                            char error[static CLI_ERROR_MAX])
{
    struct usb_bus *b = calloc(1, sizeof *b);

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!b)
        return NULL;
    b->base = base;
    b->callbacks = callbacks;
    b->ctx = ctx;
    b->sweep = evtimer_new(base, on_sweep, b);
    if (!b->sweep || !add_devices(b, devices, error)) {
        usb_bus_free(b);
        return NULL;
    }
    return b;
}

static void free_devices(struct usb_bus *b, struct usb_device *list)
{
    while (list) {
        struct usb_device *d = list;

        list = d->next;
        usb_hold_end(d);
        if (usb_bus_is_real(b, d))
            usb_host_free_device(b->host, d);
        else
            d->ops->free(d);
    }
}

void usb_bus_free(struct usb_bus *b)
{
    if (!b)
        return;
    free_devices(b, b->left);
    free_devices(b, b->devices);
    usb_host_free(b->host);
    if (b->sweep)
        event_free(b->sweep);
    free(b);
}
