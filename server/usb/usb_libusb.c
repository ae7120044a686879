/*
 * Theory of operation. There is one libusb_transfer for each transfer (usb_libusb_transfer.c).
 * Where the kernel has no memory for one (usbfs_memory_mb, which all programs share), it is parked,
 * with all that come after it. It is tried again when another one ends or a moment later.
 *
 * Some requests of endpoint 0 change the kernel's knowledge of the device: configuration, alternate
 * setting, halt, reset. These are calls of libusb, which wait for the device: some milliseconds, a
 * reset a quarter of a second. They are rare, and the client waits for them anyhow. None overtakes
 * a request before it: they are answered in order.
 *
 * A handle is never closed in libusb's callback, which may use it afterwards: release leaves that
 * to the loop's next turn.
 */
#include "usb_libusb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <libusb.h>

#include "log.h"
#include "proto/usb_desc.h"
#include "proto/usbip_ext.h"
#include "timer.h"
#include "usb_describe.h"
#include "usb_errors.h"
#include "usb_interfaces.h"
#include "usb_libusb_transfer.h"
#include "usb_queue.h"
#include "usb_record.h"
#include "usb_system.h"

enum {
    RETRY_MS = 50, /* of the parked ones */
    TO_DEVICE = 0x00,
    TO_INTERFACE = 0x01,
    TO_ENDPOINT = 0x02,
    TO_PORT = 0x23, /* the client has no hub: usbip-win2, and ours, ask so for a reset */
    PORT_RESET = 4,
    ENDPOINT_HALT = 0,
};

struct usb_libusb {
    struct usb_device device;
    struct libusb_device *real;
    struct usb_interfaces interfaces; /* and the handle, while it is open */
    struct usb_queue parked;
    struct timer retry;    /* of those */
    struct event *closing; /* of a handle that nobody needs any more */
    unsigned under_way;
    unsigned requests_under_way; /* of these, to endpoint 0 */
    struct usb_queue requests;   /* further ones, after one that has to wait */
    bool gone;
    bool used; /* by an importer, since it was opened */
    bool said_memory;
    bool said_foreign;
    void (*lost)(void *ctx, struct usb_device *d);
    void *ctx;
    char name[sizeof "usb:" + USBIP_BUSID_SIZE];
};

static struct usb_libusb *libusb_of(struct usb_device *d)
{
    return (struct usb_libusb *)(void *)d;
}

/* --- libusb itself ------------------------------------------------------------------------- */

int usb_libusb_init(struct libusb_context **usb)
{
    int r = libusb_init(usb);

    return r < 0 && !usb_system_is_there() ? LIBUSB_ERROR_NO_DEVICE : r;
}

int usb_libusb_try(struct libusb_device *real, char error[static USB_DEVICE_ERROR_MAX])
{
    struct libusb_device_handle *handle;
    int r = libusb_open(real, &handle);

    if (r < 0)
        return usb_errors_say(real, r, -1, error);
    libusb_close(handle);
    return 0;
}

/* --- gone ------------------------------------------------------------------------------------- */

void usb_libusb_lose(struct usb_device *d)
{
    struct usb_libusb *u = libusb_of(d);

    if (u->gone)
        return;
    u->gone = true;
    u->lost(u->ctx, d);
}

bool usb_libusb_is(const struct usb_device *d, const struct libusb_device *real)
{
    return ((const struct usb_libusb *)(const void *)d)->real == real;
}

void usb_libusb_look_again(struct usb_device *d)
{
    if (!d->importer && d->record.configuration == 0)
        usb_interfaces_read(&libusb_of(d)->interfaces);
}

/* --- taking and giving back ------------------------------------------------------------------- */

static int reset(struct usb_libusb *u)
{
    int r = libusb_reset_device(u->interfaces.handle);

    if (r == 0)
        return 0;
    usb_libusb_lose(&u->device); /* NOT_FOUND: it has come back as another one */
    return LIBUSB_ERROR_NO_DEVICE;
}

/* Each interface that is returned gets its driver again, and the alternate setting 0. */
static void close_handle(struct usb_libusb *u)
{
    event_del(u->closing);
    if (!u->interfaces.handle)
        return;
    if (u->used && u->device.reset && !u->gone)
        reset(u);
    u->used = false;
    usb_interfaces_release(&u->interfaces);
    libusb_close(u->interfaces.handle);
    u->interfaces.handle = NULL;
}

static void on_closing(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    close_handle(ctx);
}

/* A composite device may have one interface for us, and another one that is a COM port. */
static void tell_foreign(struct usb_libusb *u)
{
    int n = u->said_foreign ? -1 : usb_interfaces_next_foreign(&u->interfaces, 0);

    for (; n >= 0; n = usb_interfaces_next_foreign(&u->interfaces, n + 1)) {
        log_info("%s: its interface %d keeps the driver that it has: it is not published, and "
                 "transfers to it fail",
                 u->device.name, n);
        u->said_foreign = true;
    }
}

static int claim(struct usb_device *d, char error[static USB_DEVICE_ERROR_MAX])
{
    struct usb_libusb *u = libusb_of(d);
    int interface = -1;

    close_handle(u); /* of a client that has just gone */
    int r = libusb_open(u->real, &u->interfaces.handle);
    if (r == 0) {
        libusb_set_auto_detach_kernel_driver(u->interfaces.handle,
                                             1); /* where the system can do that */
        usb_interfaces_read(&u->interfaces);
        r = usb_interfaces_claim(&u->interfaces, &interface);
        if (r < 0) {
            libusb_close(u->interfaces.handle);
            u->interfaces.handle = NULL;
        }
    } else {
        u->interfaces.handle = NULL;
    }
    if (r == LIBUSB_ERROR_NO_DEVICE)
        usb_libusb_lose(d);
    if (r == 0)
        tell_foreign(u);
    return r < 0 ? usb_errors_say(u->real, r, interface, error) : 0;
}

static void release(struct usb_device *d)
{
    struct usb_libusb *u = libusb_of(d);

    u->used = true;
    timer_stop(&u->retry);
    event_active(u->closing, EV_TIMEOUT, 0);
}

static int describe(const struct usb_device *d, struct buf *b)
{
    const struct usb_libusb *u = (const struct usb_libusb *)(const void *)d;

    return usb_describe(u->real, d->record.busid, b);
}

static void free_device(struct usb_device *d)
{
    struct usb_libusb *u = libusb_of(d);

    if (u->closing)
        close_handle(u);
    if (u->closing)
        event_free(u->closing);
    timer_stop(&u->retry);
    usb_interfaces_free(&u->interfaces);
    libusb_unref_device(u->real);
    free(u);
}

/* --- requests that the kernel has to know of -------------------------------------------------- */

enum special { NOT_SPECIAL, CONFIGURATION, INTERFACE, CLEAR_HALT, RESET };

static enum special special_of(const struct usb_transfer *t)
{
    const struct usb_setup s = usb_setup_get(t->setup);

    if ((t->address & 15) != 0)
        return NOT_SPECIAL;
    if (s.type == TO_DEVICE && s.request == USB_REQUEST_SET_CONFIGURATION)
        return CONFIGURATION;
    if (s.type == TO_INTERFACE && s.request == USB_REQUEST_SET_INTERFACE)
        return INTERFACE;
    if (s.type == TO_ENDPOINT && s.request == USB_REQUEST_CLEAR_FEATURE && s.value == ENDPOINT_HALT)
        return CLEAR_HALT;
    if (s.type == TO_PORT && s.request == USB_REQUEST_SET_FEATURE && s.value == PORT_RESET)
        return RESET;
    return NOT_SPECIAL;
}

/* Carries out a request that is more than its data. Returns libusb's error; these calls wait, see
 * above. */
static int carry_out(struct usb_libusb *u, enum special special, const struct usb_transfer *t)
{
    const struct usb_setup s = usb_setup_get(t->setup);
    int r;

    switch (special) {
    case CONFIGURATION:
        return usb_interfaces_configure(&u->interfaces, (uint8_t)s.value, u->under_way == 0);
    case INTERFACE:
        return usb_interfaces_set_alternate(&u->interfaces, (uint8_t)s.index, (uint8_t)s.value);
    case CLEAR_HALT:
        return libusb_clear_halt(u->interfaces.handle, (uint8_t)s.index);
    case RESET:
        r = reset(u);
        return r < 0 ? r : usb_interfaces_set_defaults(&u->interfaces);
    case NOT_SPECIAL:
        break;
    }
    return 0;
}

/* --- transfers -------------------------------------------------------------------------------- */

static void retry_parked(struct usb_libusb *u);
static void start_requests(struct usb_libusb *u);

static void end(struct usb_transfer *t, int status)
{
    t->status = status;
    t->done(t);
}

static void on_ended(void *ctx, struct usb_transfer *t, bool gone)
{
    struct usb_libusb *u = ctx;

    u->under_way--;
    u->requests_under_way -= (t->address & 15) == 0;
    t->done(t);
    if (gone)
        usb_libusb_lose(&u->device);
    else if (u->parked.first)
        retry_parked(u);
    start_requests(u);
}

/* Begins a transfer. Returns 0, or LIBUSB_ERROR_NO_MEM: not now; or what it is to be answered with,
 * a status. */
static int begin(struct usb_libusb *u, struct usb_transfer *t)
{
    const bool request = (t->address & 15) == 0;
    bool foreign = false;
    const struct libusb_endpoint_descriptor *e =
        request ? NULL : usb_interfaces_endpoint(&u->interfaces, t->address, &foreign);

    if (!request && !e)
        return USBIP_ENOENT;
    if (foreign)
        return USBIP_EPIPE;
    int r = usb_libusb_transfer_begin(t, u->interfaces.handle, e, on_ended, u);
    if (r < 0)
        return r;
    u->under_way++;
    u->requests_under_way += request;
    u->interfaces.touched = u->interfaces.touched || !request;
    return 0;
}

/* --- what the kernel has no memory for now ---------------------------------------------------- */

/* Others' transfers may make room, too: ours under way may be such as never end. */
static void retry_later(struct usb_libusb *u)
{
    if (!timer_is_set(&u->retry))
        timer_in_ms(&u->retry, RETRY_MS);
}

static void park(struct usb_libusb *u, struct usb_transfer *t)
{
    usb_queue_add(&u->parked, t);
    retry_later(u);
    if (!u->said_memory)
        log_warn("%s: the system has no memory for more transfers, some wait (on Linux see "
                 "/sys/module/usbcore/parameters/usbfs_memory_mb)",
                 u->device.name);
    u->said_memory = true;
}

static void retry_parked(struct usb_libusb *u)
{
    while (u->parked.first) {
        struct usb_transfer *t = u->parked.first;
        int r = u->gone ? USBIP_ESHUTDOWN : begin(u, t);

        if (r == LIBUSB_ERROR_NO_MEM)
            break;
        usb_queue_remove(&u->parked, t);
        if (r < 0)
            end(t, r);
    }
    if (u->parked.first)
        retry_later(u);
}

static void on_retry(void *ctx)
{
    retry_parked(ctx);
    start_requests(ctx);
}

/* --- submitting ------------------------------------------------------------------------------- */

static void start(struct usb_libusb *u, struct usb_transfer *t)
{
    const enum special special = special_of(t);
    int r;

    if (u->gone) {
        end(t, USBIP_ESHUTDOWN);
        return;
    }
    if (special) {
        end(t, usb_errors_of_call(carry_out(u, special, t)));
        return;
    }
    r = u->parked.first ? LIBUSB_ERROR_NO_MEM : begin(u, t);
    if (r == LIBUSB_ERROR_NO_MEM)
        park(u, t);
    else if (r < 0)
        end(t, r);
}

/* Whether a request has to wait for others before it, as it would overtake them. */
static bool has_to_wait(const struct usb_libusb *u, const struct usb_transfer *t)
{
    bool before = u->requests_under_way > 0;

    for (const struct usb_transfer *p = u->parked.first; p; p = p->next)
        before = before || (p->address & 15) == 0;
    return before && special_of(t) && !u->gone;
}

/* Starts requests that have waited for others. */
static void start_requests(struct usb_libusb *u)
{
    while (u->requests.first && !has_to_wait(u, u->requests.first))
        start(u, usb_queue_take(&u->requests));
}

static void submit(struct usb_device *d, struct usb_transfer *t)
{
    struct usb_libusb *u = libusb_of(d);

    t->actual = 0;
    t->own = NULL;
    if ((t->address & 15) == 0 && (u->requests.first || has_to_wait(u, t)))
        usb_queue_add(&u->requests, t);
    else
        start(u, t);
}

static void cancel(struct usb_device *d, struct usb_transfer *t)
{
    struct usb_libusb *u = libusb_of(d);

    if (usb_queue_remove(&u->parked, t) || usb_queue_remove(&u->requests, t)) {
        end(t, USBIP_ECONNRESET);
        start_requests(u);
    } else {
        usb_libusb_transfer_cancel(t);
    }
}

/* --- making one ------------------------------------------------------------------------------- */

static const struct usb_device_ops ops = {
    .claim = claim,
    .release = release,
    .submit = submit,
    .cancel = cancel,
    .describe = describe,
    .free = free_device,
};

static int read_record(struct usb_libusb *u)
{
    int r = usb_record_read(u->real, &u->device.record);

    if (r < 0)
        return r;
    u->device.merges = usb_record_is_of_streams(&u->device.record);
    usb_interfaces_read(&u->interfaces);
    return 0;
}

struct usb_device *usb_libusb_new(struct event_base *base, struct libusb_device *real,
                                  const char *name, void (*lost)(void *ctx, struct usb_device *d),
                                  void *ctx)
{
    struct usb_libusb *u = calloc(1, sizeof *u);

    if (!u)
        return NULL;
    u->device.ops = &ops;
    u->real = libusb_ref_device(real);
    u->interfaces = (struct usb_interfaces){.device = &u->device, .real = u->real};
    u->lost = lost;
    u->ctx = ctx;
    timer_make(&u->retry, base, on_retry, u);
    u->closing = evtimer_new(base, on_closing, u);
    if (!u->closing || read_record(u) < 0) {
        free_device(&u->device);
        return NULL;
    }
    snprintf(u->name, sizeof u->name, "usb:%s", u->device.record.busid);
    u->device.name = name ? name : u->name;
    return &u->device;
}
