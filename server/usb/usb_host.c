/*
 * Theory of operation. libusb's context hears of devices that come from udevd. Where none runs it
 * stays with the list that it began with, so each search takes a new context. That is kept if a
 * device of it is wanted, until the device is freed. Searches are made when a context hears of
 * something, and each RESCAN_MS while a source has less than it had. The loop continues meanwhile,
 * but at the start, and without udevd when a client asks for the list.
 *
 * Where there is no USB at all a context cannot be made, so nobody hears when USB appears. It is
 * looked for each RESCAN_MS, too.
 *
 * udevd tells that a device is gone, or, of one that is imported, the kernel. Without udevd it is
 * looked for when a client asks for the list.
 *
 * On Windows libusb does not tell of devices that arrive or leave. There searches continue as long
 * as a device is waiting for an importer, and find out which ones are gone. None are made while all
 * are imported; then the ends of transfers tell.
 */
#include "usb_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <libusb.h>

#include "log.h"
#include "timer.h"
#include "usb_context.h"
#include "usb_device.h"
#include "usb_events.h"
#include "usb_libusb.h"
#include "usb_list.h"
#include "usb_options.h"
#include "usb_record.h"
#include "usb_scan.h"
#include "usb_selector.h"
#include "usb_system.h"
#include "usb_wanted.h"

enum { RESCAN_MS = 1000, SETTLE_MS = 100 };

/* A device that has arrived. */
struct known {
    struct known *next;
    struct usb_device *device;
    struct usb_context *context;
    struct usb_wanted *wanted;
    bool lost, told; /* it is gone; and the owner has heard so */
};

struct usb_host {
    struct event_base *base;
    struct usb_wanted_list wanted;
    const struct usb_host_callbacks *callbacks;
    void *ctx;
    struct usb_context *contexts;
    struct known *known;
    struct event *work;  /* tells of lost devices, frees contexts */
    struct timer rescan; /* the next search */
    struct usb_scanner *scanner;
};

/* --- what is heard of devices ------------------------------------------------------------------
 */

static void on_device_arrived(void *ctx)
{
    struct usb_host *h = ctx;

    timer_in_ms(&h->rescan, SETTLE_MS);
}

static void on_device_left(void *ctx, struct libusb_device *real)
{
    struct usb_host *h = ctx;

    for (struct known *k = h->known; k; k = k->next)
        if (!k->lost && usb_libusb_is(k->device, real))
            usb_libusb_lose(k->device);
}

static const struct usb_context_callbacks context_callbacks = {on_device_arrived, on_device_left};

/* --- searching --------------------------------------------------------------------------------
 */

static void on_lost(void *ctx, struct usb_device *d)
{
    struct usb_host *h = ctx;

    for (struct known *k = h->known; k; k = k->next)
        if (k->device == d)
            k->lost = true;
    event_active(h->work, EV_TIMEOUT, 0);
}

static bool is_known(const struct usb_host *h, const char *busid, unsigned devnum)
{
    const struct known *k = h->known;

    while (k && (k->lost || strcmp(k->device->record.busid, busid) != 0 ||
                 k->device->record.devnum != devnum))
        k = k->next;
    return k != NULL;
}

/* One under this busid that has become another one (a reset, a replug that nobody heard of). */
static void lose_stale(struct usb_host *h, const char *busid)
{
    for (struct known *k = h->known; k; k = k->next)
        if (!k->lost && strcmp(k->device->record.busid, busid) == 0)
            usb_libusb_lose(k->device);
}

static void take(struct usb_host *h, struct usb_context *c, struct libusb_device *real)
{
    char busid[USBIP_BUSID_SIZE];

    usb_record_busid(real, busid);
    if (is_known(h, busid, libusb_get_device_address(real)))
        return;
    struct usb_wanted *wanted = usb_wanted_find(&h->wanted, real, busid);
    if (!wanted)
        return;
    lose_stale(h, busid);
    const struct usb_options *o = wanted->options;
    struct known *k = calloc(1, sizeof *k);
    if (k)
        k->device = usb_libusb_new(h->base, real, o->named ? o->name : NULL, on_lost, h);
    if (k && k->device) {
        k->device->budget = o->budget;
        k->device->reset = o->reset;
        k->device->checks.on = o->kernel_checks;
        k->device->merges = k->device->merges && !o->no_merge;
    }
    if (!k || !k->device) {
        log_error("usb:%s: out of memory", busid);
        free(k);
        return;
    }
    k->context = c;
    k->wanted = wanted;
    k->next = h->known;
    h->known = k;
    c->devices++;
    h->callbacks->arrived(h->ctx, k->device);
}

static unsigned devices_of(const struct usb_host *h, const struct usb_wanted *wanted)
{
    unsigned n = 0;

    for (const struct known *k = h->known; k; k = k->next)
        n += k->wanted == wanted && !k->lost;
    return n;
}

/* Finds out what is gone, of those that nobody has. */
static void lose_absent(struct usb_host *h, struct libusb_device **list, long count)
{
    for (struct known *k = h->known; k; k = k->next) {
        const struct usbip_device *r = &k->device->record;
        bool there = k->lost || k->device->importer;

        for (long i = 0; i < count && !there; i++) {
            char busid[USBIP_BUSID_SIZE];

            usb_record_busid(list[i], busid);
            there = strcmp(busid, r->busid) == 0 && libusb_get_device_address(list[i]) == r->devnum;
        }
        if (!there)
            usb_libusb_lose(k->device);
    }
}

/* Whether a device waits for an importer. */
static bool has_idle(const struct usb_host *h)
{
    const struct known *k = h->known;

    while (k && (k->lost || k->device->importer))
        k = k->next;
    return k != NULL;
}

/* Whether one has less than it had. */
static bool has_missing(struct usb_host *h)
{
    bool missing = false;

    for (size_t i = 0; i < h->wanted.count; i++) {
        struct usb_wanted *w = &h->wanted.first[i];
        unsigned n = devices_of(h, w);

        if (n > w->most)
            w->most = n;
        missing = missing || n < w->most;
    }
    return missing;
}

/* Looks again later where nobody would tell. */
static void search_later(struct usb_host *h)
{
    if (usb_scanner_is_busy(h->scanner))
        return;
    if (has_missing(h) || !usb_events_tell_of_devices())
        timer_in_ms(&h->rescan, RESCAN_MS);
}

/* Has a context be heard, unless it is of no use. Returns whether it is. */
static bool keep(struct usb_host *h, struct usb_context *c)
{
    if (c->devices == 0 && h->contexts)
        return false;
    if (!usb_context_keep(c, h->base, &h->contexts))
        log_error("USB: out of memory, the ends of transfers are not heard");
    return true;
}

/* Takes what a search has found. Returns 0 or libusb's error. */
static int take_all(struct usb_host *h, struct usb_scan *s)
{
    if (s->error == LIBUSB_ERROR_NO_DEVICE) {
        search_later(h);
        return 0;
    }
    struct usb_context *c = s->usb ? usb_context_new(s->usb, &context_callbacks, h) : NULL;
    if (!c)
        return s->error < 0 ? s->error : LIBUSB_ERROR_NO_MEM;
    for (long i = 0; i < s->count; i++)
        take(h, c, s->list[i]);
    if (s->error == 0 && !usb_events_tell_of_devices())
        lose_absent(h, s->list, s->count);
    if (keep(h, c))
        s->usb = NULL;
    else
        free(c);
    search_later(h);
    return s->error;
}

static void on_scanned(void *ctx, struct usb_scan *s)
{
    struct usb_host *h = ctx;
    const int r = take_all(h, s);

    if (r == 0)
        return;
    log_debug("USB: devices cannot be listed: %s", libusb_strerror(r));
    timer_in_ms(&h->rescan, RESCAN_MS);
}

/* Searches on the loop's thread. Returns 0 or libusb's error. */
static int search_now(struct usb_host *h)
{
    struct usb_scan s;

    timer_stop(&h->rescan); /* this is it */
    usb_scan_make(&s);
    const int r = take_all(h, &s);
    usb_scan_free(&s);
    return r;
}

static void on_rescan(void *ctx)
{
    struct usb_host *h = ctx;
    const bool wanted = usb_events_tell_of_devices() || has_missing(h) || has_idle(h);

    if (!wanted || !usb_scanner_start(h->scanner))
        timer_in_ms(&h->rescan, RESCAN_MS);
}

static void tell_lost(struct usb_host *h)
{
    struct known *k = h->known;

    while (k) { /* `left` may free it, and none but it */
        struct known *next = k->next;
        bool tell = k->lost && !k->told;

        k->told = k->lost;
        if (tell)
            h->callbacks->left(h->ctx, k->device);
        k = next;
    }
}

static void on_work(evutil_socket_t fd, short what, void *ctx)
{
    struct usb_host *h = ctx;

    (void)fd;
    (void)what;
    tell_lost(h);
    usb_context_sweep(&h->contexts);
    search_later(h);
}

void usb_host_refresh(struct usb_host *h)
{
    if (usb_system_tells())
        return;
    for (struct known *k = h->known; k; k = k->next) {
        const struct usbip_device *r = &k->device->record;

        if (!k->lost && !usb_system_has(r->busid, r->devnum))
            usb_libusb_lose(k->device);
        if (!k->lost)
            usb_libusb_look_again(k->device);
    }
    tell_lost(h);
    int r = search_now(h);
    if (r < 0)
        log_debug("USB: devices cannot be listed: %s", libusb_strerror(r));
}

/* --- beginning and end ------------------------------------------------------------------------
 */

bool usb_host_has(const struct usb_host *h, const struct usb_device *d)
{
    const struct known *k = h->known;

    while (k && k->device != d)
        k = k->next;
    return k != NULL;
}

void usb_host_free_device(struct usb_host *h, struct usb_device *d)
{
    for (struct known **at = &h->known; *at; at = &(*at)->next) {
        struct known *k = *at;

        if (k->device != d)
            continue;
        *at = k->next;
        k->context->devices--;
        d->ops->free(d);
        free(k);
        event_active(h->work, EV_TIMEOUT, 0);
        return;
    }
}

void usb_host_free(struct usb_host *h)
{
    if (!h)
        return;
    usb_scanner_free(h->scanner);
    while (h->contexts) {
        struct usb_context *c = h->contexts;

        h->contexts = c->next;
        usb_context_free(c);
    }
    if (h->work)
        event_free(h->work);
    timer_stop(&h->rescan);
    usb_wanted_free(&h->wanted);
    free(h);
}

struct usb_host *usb_host_new(struct event_base *base, const struct usb_options *devices,
                              const struct usb_host_callbacks *callbacks, void *ctx,
                              char error[static CLI_ERROR_MAX])
{
    struct usb_host *h = calloc(1, sizeof *h);

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!h)
        return NULL;
    h->base = base;
    h->callbacks = callbacks;
    h->ctx = ctx;
    h->work = evtimer_new(base, on_work, h);
    timer_make(&h->rescan, base, on_rescan, h);
    h->scanner = usb_scanner_new(base, on_scanned, h);
    if (usb_wanted_read(&h->wanted, devices) < 0 || !h->work || !h->scanner) {
        usb_host_free(h);
        return NULL;
    }
    int r = search_now(h);
    if (r < 0) {
        snprintf(error, CLI_ERROR_MAX, "USB devices cannot be listed: %s", libusb_strerror(r));
        usb_host_free(h);
        return NULL;
    }
    return h;
}

/* The one that has a device that this one means as well, or NULL. */
static const struct usb_options *taken_by(const struct usb_host *h, const struct usb_options *o)
{
    for (const struct known *k = h->known; k; k = k->next) {
        const struct usbip_device *r = &k->device->record;
        const struct usb_identity identity = {r->busid, r->vendor, r->product, ""};

        if (!k->lost && usb_selector_matches(o->selector, &identity))
            return k->wanted->options;
    }
    return NULL;
}

bool usb_host_is_complete(const struct usb_host *h, char error[static CLI_ERROR_MAX])
{
    for (size_t i = 0; i < h->wanted.count; i++) {
        const struct usb_options *o = h->wanted.first[i].options;
        char there[CLI_ERROR_MAX];

        if (devices_of(h, &h->wanted.first[i]) > 0)
            continue;
        if (o->hotplug) {
            log_info("%s: not there yet", o->name);
            continue;
        }
        const struct usb_options *before = taken_by(h, o);
        if (before) {
            snprintf(error, CLI_ERROR_MAX,
                     "what matches usb:%.80s is that of usb:%.80s already, which comes before it; "
                     "usb:BUSID or usb:VID:PID:SERIAL is one of several",
                     o->selector, before->selector);
            return false;
        }
        usb_list_text(there, sizeof there);
        snprintf(error, CLI_ERROR_MAX,
                 "no USB device matches usb:%.80s; %.300s; with ,hotplug it may "
                 "come later",
                 o->selector, there);
        return false;
    }
    return true;
}
