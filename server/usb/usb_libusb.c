/*
 * Theory of operation. One libusb_transfer for each transfer, without a timeout; its end is told on
 * the loop thread, see usb_events.h. Where the kernel has no memory for one (usbfs_memory_mb, which
 * all programs share), it is parked, with all that come after it, and tried again when another one
 * ends or a moment later.
 *
 * The requests of endpoint 0 that change what the kernel knows of the device (configuration,
 * alternate setting, halt, reset) are calls of libusb, which wait for the device: some
 * milliseconds, a reset a quarter of a second. They are rare, and the client waits for them anyhow.
 * None overtakes a request before it: they are answered in order.
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
#include "usb_describe.h"
#include "usb_errors.h"
#include "usb_events.h"
#include "usb_queue.h"
#include "usb_system.h"

enum {
    PORTS_MAX = 7, /* of hubs behind each other, USB 3.2 section 8.9 */
    RETRY_MS = 50, /* of what is parked */
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
    struct libusb_device_handle *handle;     /* NULL: not opened */
    struct libusb_config_descriptor *config; /* in force; NULL: not configured */
    uint8_t alternate[256];                  /* of each interface */
    struct usb_queue parked;
    struct event *retry;   /* of those */
    struct event *closing; /* of a handle that nobody needs any more */
    unsigned under_way;
    unsigned requests_under_way; /* of these, to endpoint 0 */
    struct usb_queue requests;   /* further ones, behind one that has to wait */
    bool gone;
    bool used;    /* by an importer, since it was opened */
    bool touched; /* endpoints other than 0, since it was configured */
    bool said_memory;
    void (*lost)(void *ctx, struct usb_device *d);
    void *ctx;
    char name[sizeof "usb:" + USBIP_BUSID_SIZE];
};

/* What the transfer of libusb's has to know. */
struct own {
    struct usb_end end;
    struct usb_libusb *u;
    struct usb_transfer *t;
    struct libusb_transfer *l;
    uint8_t *copy; /* of the data, where libusb wants it laid out otherwise; or NULL */
};

static struct usb_libusb *libusb_of(struct usb_device *d)
{
    return (struct usb_libusb *)(void *)d;
}

/* --- what a device is ------------------------------------------------------------------------- */

int usb_libusb_init(struct libusb_context **usb)
{
    int r = libusb_init(usb);

    return r < 0 && !usb_system_is_there() ? LIBUSB_ERROR_NO_DEVICE : r;
}

void usb_libusb_busid(struct libusb_device *real, char busid[static USBIP_BUSID_SIZE])
{
    uint8_t ports[PORTS_MAX];
    int count = libusb_get_port_numbers(real, ports, PORTS_MAX);
    int n = snprintf(busid, USBIP_BUSID_SIZE, "%u", libusb_get_bus_number(real));

    for (int i = 0; i < count; i++)
        n +=
            snprintf(busid + n, USBIP_BUSID_SIZE - (size_t)n, "%c%u", i == 0 ? '-' : '.', ports[i]);
}

static enum usbip_speed speed_of(struct libusb_device *real)
{
    switch (libusb_get_device_speed(real)) {
    case LIBUSB_SPEED_LOW:
        return USBIP_SPEED_LOW;
    case LIBUSB_SPEED_FULL:
        return USBIP_SPEED_FULL;
    case LIBUSB_SPEED_SUPER:
    case LIBUSB_SPEED_SUPER_PLUS: /* which clients before Linux 6.12 refuse */
        return USBIP_SPEED_SUPER;
    default: /* unknown is refused by clients */
        return USBIP_SPEED_HIGH;
    }
}

/* Takes over which configuration is in force, and how it is listed. */
static void read_configuration(struct usb_libusb *u)
{
    struct usbip_device *r = &u->device.record;

    libusb_free_config_descriptor(u->config);
    u->config = NULL;
    u->touched = false;
    memset(u->alternate, 0, sizeof u->alternate);
    if (libusb_get_active_config_descriptor(u->real, &u->config) < 0)
        u->config = NULL;
    r->configuration = u->config ? u->config->bConfigurationValue : 0;
    r->interfaces = 0;
    for (int i = 0; u->config && i < u->config->bNumInterfaces; i++) {
        const struct libusb_interface *interface = &u->config->interface[i];

        if (interface->num_altsetting < 1 || r->interfaces == USB_DEVICE_INTERFACES_MAX)
            continue;
        const struct libusb_interface_descriptor *d = interface->altsetting;
        u->device.interfaces[r->interfaces++] = (struct usbip_interface){
            d->bInterfaceClass, d->bInterfaceSubClass, d->bInterfaceProtocol};
    }
}

/* FTDI's serial and MPSSE chips, whose bulk OUT endpoints are FIFOs of bytes: FT232, FT2232,
 * FT4232, FT232H, FT230X, FT4232HA and their like. Not the FT60x, whose packets count. */
static bool takes_streams(uint16_t vendor, uint16_t product)
{
    static const uint16_t products[] = {0x6001, 0x6010, 0x6011, 0x6014, 0x6015, 0x6040,
                                        0x6041, 0x6042, 0x6043, 0x6044, 0x6045, 0x6048};

    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        if (vendor == 0x0403 && product == products[i])
            return true;
    return false;
}

static int read_record(struct usb_libusb *u)
{
    struct libusb_device_descriptor d;
    struct usbip_device *r = &u->device.record;

    if (libusb_get_device_descriptor(u->real, &d) < 0)
        return -EIO;
    usb_libusb_busid(u->real, r->busid);
    snprintf(r->path, sizeof r->path, "/com2net/%s", r->busid);
    r->extensions = USBIP_EXT_VERSION;
    r->busnum = libusb_get_bus_number(u->real);
    r->devnum = libusb_get_device_address(u->real);
    r->speed = speed_of(u->real);
    r->vendor = d.idVendor;
    r->product = d.idProduct;
    r->release = d.bcdDevice;
    r->device_class = d.bDeviceClass;
    r->device_subclass = d.bDeviceSubClass;
    r->device_protocol = d.bDeviceProtocol;
    r->configurations = d.bNumConfigurations;
    u->device.merges = takes_streams(r->vendor, r->product);
    read_configuration(u);
    return 0;
}

static const struct libusb_endpoint_descriptor *find_endpoint(const struct usb_libusb *u,
                                                              uint8_t address)
{
    for (int i = 0; u->config && i < u->config->bNumInterfaces; i++) {
        const struct libusb_interface *interface = &u->config->interface[i];

        for (int j = 0; j < interface->num_altsetting; j++) {
            const struct libusb_interface_descriptor *d = &interface->altsetting[j];

            if (d->bAlternateSetting != u->alternate[d->bInterfaceNumber])
                continue;
            for (int k = 0; k < d->bNumEndpoints; k++)
                if (d->endpoint[k].bEndpointAddress == address)
                    return &d->endpoint[k];
        }
    }
    return NULL;
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
        read_configuration(libusb_of(d));
}

/* --- taking and giving back ------------------------------------------------------------------- */

static int interface_number(const struct usb_libusb *u, int i)
{
    return u->config->interface[i].altsetting->bInterfaceNumber;
}

/* Gives back the interfaces that were claimed first, up to `count`; to their drivers, if these are
 * to come back: but no sooner than all are free, as one may want several (cdc_acm does). */
static void release_interfaces(struct usb_libusb *u, int count, bool drivers)
{
    libusb_set_auto_detach_kernel_driver(u->handle, 0);
    for (int i = 0; i < count; i++)
        libusb_release_interface(u->handle, interface_number(u, i));
    for (int i = 0; i < count && drivers; i++)
        libusb_attach_kernel_driver(u->handle, interface_number(u, i));
    libusb_set_auto_detach_kernel_driver(u->handle, 1);
}

/* Takes all interfaces of the configuration in force. Returns 0 or libusb's error, with the number
 * of the interface that cannot be had. */
static int claim_interfaces(struct usb_libusb *u, int *interface)
{
    for (int i = 0; u->config && i < u->config->bNumInterfaces; i++) {
        *interface = interface_number(u, i);
        int r = libusb_claim_interface(u->handle, *interface);

        if (r < 0) {
            release_interfaces(u, i, true);
            return r;
        }
    }
    return 0;
}

static int reset(struct usb_libusb *u)
{
    int r = libusb_reset_device(u->handle);

    if (r == 0)
        return 0;
    usb_libusb_lose(&u->device); /* NOT_FOUND: it has come back as another one */
    return LIBUSB_ERROR_NO_DEVICE;
}

/* Each interface that is given back gets its driver again, and the alternate setting 0. */
static void close_handle(struct usb_libusb *u)
{
    event_del(u->closing);
    if (!u->handle)
        return;
    if (u->used && u->device.reset && !u->gone)
        reset(u);
    u->used = false;
    if (u->config)
        release_interfaces(u, u->config->bNumInterfaces, true);
    libusb_close(u->handle);
    u->handle = NULL;
}

static void on_closing(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    close_handle(ctx);
}

static int claim(struct usb_device *d, char error[static USB_DEVICE_ERROR_MAX])
{
    struct usb_libusb *u = libusb_of(d);
    int interface = -1;

    close_handle(u); /* of a client that has just gone */
    int r = libusb_open(u->real, &u->handle);
    if (r == 0) {
        libusb_set_auto_detach_kernel_driver(u->handle, 1); /* where the system can do that */
        read_configuration(u);
        r = claim_interfaces(u, &interface);
        if (r < 0) {
            libusb_close(u->handle);
            u->handle = NULL;
        }
    } else {
        u->handle = NULL;
    }
    if (r == LIBUSB_ERROR_NO_DEVICE)
        usb_libusb_lose(d);
    return r < 0 ? usb_errors_say(u->real, r, interface, error) : 0;
}

static void release(struct usb_device *d)
{
    struct usb_libusb *u = libusb_of(d);

    u->used = true;
    event_del(u->retry);
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
    if (u->retry)
        event_free(u->retry);
    libusb_free_config_descriptor(u->config);
    libusb_unref_device(u->real);
    free(u);
}

/* --- requests that the kernel has to know of -------------------------------------------------- */

/* A client takes for granted that SET_CONFIGURATION and a reset do this. The one may not be sent,
 * and libusb's reset leaves it to the system. */
static int set_default_alternates(struct usb_libusb *u)
{
    int first = 0;

    for (int i = 0; u->config && i < u->config->bNumInterfaces; i++) {
        const int number = interface_number(u, i);

        if (u->alternate[number] == 0)
            continue;
        u->alternate[number] = 0;
        int r = libusb_set_interface_alt_setting(u->handle, number, 0);
        first = first < 0 ? first : r;
    }
    return first;
}

/* That of the configuration in force is for an importer's enumeration, and then need not reach the
 * device. Later it is all that Linux's USB/IP client sends of a reset: of a disk, say, that still
 * has data of a command that was given up. */
static int set_configuration(struct usb_libusb *u, uint8_t value)
{
    int interface;

    if (!u->config) { /* one that was plugged in just now: its system may have come first */
        read_configuration(u);
        int r = claim_interfaces(u, &interface);
        if (r < 0)
            return r;
    }
    const bool in_force = u->config && u->config->bConfigurationValue == value;
    if (in_force && (!u->touched || u->under_way > 0))
        return set_default_alternates(u);
    if (u->config) /* the kernel refuses while an interface has a driver */
        release_interfaces(u, u->config->bNumInterfaces, false);
    int r = libusb_set_configuration(u->handle, value == 0 ? -1 : value);
    read_configuration(u);
    int claimed = claim_interfaces(u, &interface);
    return r < 0 ? r : claimed;
}

static int set_interface(struct usb_libusb *u, uint8_t interface, uint8_t alternate)
{
    int r = libusb_set_interface_alt_setting(u->handle, interface, alternate);

    if (r == 0)
        u->alternate[interface] = alternate;
    return r;
}

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
        return set_configuration(u, (uint8_t)s.value);
    case INTERFACE:
        return set_interface(u, (uint8_t)s.index, (uint8_t)s.value);
    case CLEAR_HALT:
        return libusb_clear_halt(u->handle, (uint8_t)s.index);
    case RESET:
        r = reset(u);
        return r < 0 ? r : set_default_alternates(u);
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

static void free_own(struct usb_transfer *t)
{
    struct own *own = t->own;

    t->own = NULL;
    if (!own)
        return;
    libusb_free_transfer(own->l);
    free(own->copy);
    free(own);
}

/* Takes the results of isochronous packets, which libusb has one behind the other. */
static void take_packets(struct usb_transfer *t, const struct own *own)
{
    const uint8_t *from = own->l->buffer;

    t->actual = 0;
    for (size_t i = 0; i < t->packet_count; i++) {
        const struct libusb_iso_packet_descriptor *d = &own->l->iso_packet_desc[i];
        struct usbip_packet *p = &t->packets[i];

        p->status = usb_errors_of_transfer(d->status);
        p->actual = d->actual_length < p->length ? d->actual_length : p->length;
        t->actual += p->actual;
        if (own->copy && (t->address & 0x80))
            memcpy(t->data + p->offset, from, p->actual);
        from += d->length;
    }
}

static void take_result(struct usb_transfer *t)
{
    const struct own *own = t->own;
    const size_t actual = own->l->actual_length > 0 ? (size_t)own->l->actual_length : 0;

    t->status = usb_errors_of_transfer(own->l->status);
    if (t->packet_count > 0) {
        take_packets(t, own);
        return;
    }
    t->actual = actual < t->length ? actual : t->length;
    if (own->copy && (t->address & 0x80)) /* of endpoint 0 */
        memcpy(t->data, own->copy + LIBUSB_CONTROL_SETUP_SIZE, t->actual);
}

static void on_ended(struct libusb_transfer *l)
{
    const struct own *own = l->user_data;
    struct usb_transfer *t = own->t;
    struct usb_libusb *u = own->u;
    const bool gone = l->status == LIBUSB_TRANSFER_NO_DEVICE;

    take_result(t);
    free_own(t);
    u->under_way--;
    u->requests_under_way -= (t->address & 15) == 0;
    t->done(t);
    if (gone)
        usb_libusb_lose(&u->device);
    else if (u->parked.first)
        retry_parked(u);
    start_requests(u);
}

/* Isochronous packets as libusb wants them: one behind the other. */
static int lay_out_packets(struct usb_transfer *t, struct own *own)
{
    size_t sum = 0;
    bool joined = true;

    for (size_t i = 0; i < t->packet_count; i++) {
        joined = joined && t->packets[i].offset == sum;
        sum += t->packets[i].length;
        own->l->iso_packet_desc[i].length = t->packets[i].length;
    }
    own->l->buffer = t->data;
    own->l->length = (int)sum;
    if (joined)
        return 0;
    if (sum > t->length) /* they overlap */
        return USBIP_EINVAL;
    own->copy = own->l->buffer = malloc(sum + 1);
    if (!own->copy)
        return LIBUSB_ERROR_NO_MEM;
    sum = 0;
    for (size_t i = 0; i < t->packet_count && !(t->address & 0x80); i++) {
        memcpy(own->copy + sum, t->data + t->packets[i].offset, t->packets[i].length);
        sum += t->packets[i].length;
    }
    return 0;
}

static int lay_out_control(struct usb_transfer *t, struct own *own)
{
    own->copy = malloc(LIBUSB_CONTROL_SETUP_SIZE + t->length);
    if (!own->copy)
        return LIBUSB_ERROR_NO_MEM;
    memcpy(own->copy, t->setup, LIBUSB_CONTROL_SETUP_SIZE);
    if (t->length > 0 && !(t->address & 0x80))
        memcpy(own->copy + LIBUSB_CONTROL_SETUP_SIZE, t->data, t->length);
    own->l->buffer = own->copy;
    own->l->length = (int)(LIBUSB_CONTROL_SETUP_SIZE + t->length);
    return 0;
}

/* Fills in libusb's transfer. Returns 0, LIBUSB_ERROR_NO_MEM, or the status that it is answered
 * with. */
static int lay_out(struct usb_libusb *u, struct usb_transfer *t, struct own *own)
{
    struct libusb_transfer *l = own->l;

    l->dev_handle = u->handle;
    own->end.ended = on_ended;
    usb_events_route(l, &own->end);
    l->endpoint = t->address;
    l->num_iso_packets = (int)t->packet_count;
    if ((t->address & 15) == 0) {
        l->type = LIBUSB_TRANSFER_TYPE_CONTROL;
        l->endpoint = 0;
        return lay_out_control(t, own);
    }
    const struct libusb_endpoint_descriptor *e = find_endpoint(u, t->address);
    if (!e)
        return USBIP_ENOENT;
    l->type = e->bmAttributes & 3;
    if ((l->type == LIBUSB_TRANSFER_TYPE_ISOCHRONOUS) != (t->packet_count > 0))
        return USBIP_EINVAL;
    if (t->packet_count > 0)
        return lay_out_packets(t, own);
    l->buffer = t->data;
    l->length = (int)t->length;
    if ((t->flags & USBIP_ZERO_PACKET) && !(t->address & 0x80))
        l->flags |= LIBUSB_TRANSFER_ADD_ZERO_PACKET;
    return 0;
}

/* Begins a transfer. Returns 0, or LIBUSB_ERROR_NO_MEM: not now; or what it is to be answered with,
 * a status. */
static int begin(struct usb_libusb *u, struct usb_transfer *t)
{
    struct own *own = calloc(1, sizeof *own);

    if (!own)
        return LIBUSB_ERROR_NO_MEM;
    t->own = own;
    own->u = u;
    own->t = t;
    own->l = libusb_alloc_transfer((int)t->packet_count);
    int r = own->l ? lay_out(u, t, own) : LIBUSB_ERROR_NO_MEM;
    if (r == 0) {
        r = libusb_submit_transfer(own->l);
        if (r == 0) {
            u->under_way++;
            u->requests_under_way += (t->address & 15) == 0;
            u->touched = u->touched || (t->address & 15) != 0;
            return 0;
        }
        if (r != LIBUSB_ERROR_NO_MEM)
            r = usb_errors_of_call(r);
    }
    free_own(t);
    return r;
}

/* --- what the kernel has no memory for now ---------------------------------------------------- */

/* Others' transfers may make room, too: ours under way may be such as never end. */
static void retry_later(struct usb_libusb *u)
{
    const struct timeval later = {0, RETRY_MS * 1000L};

    if (!event_pending(u->retry, EV_TIMEOUT, NULL))
        event_add(u->retry, &later);
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

static void on_retry(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
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
    struct own *own = t->own;

    if (usb_queue_remove(&u->parked, t) || usb_queue_remove(&u->requests, t)) {
        end(t, USBIP_ECONNRESET);
        start_requests(u);
    } else if (own) {
        libusb_cancel_transfer(own->l); /* NOT_FOUND: it has ended, and on_ended follows */
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

struct usb_device *usb_libusb_new(struct event_base *base, struct libusb_device *real,
                                  const char *name, void (*lost)(void *ctx, struct usb_device *d),
                                  void *ctx)
{
    struct usb_libusb *u = calloc(1, sizeof *u);

    if (!u)
        return NULL;
    u->device.ops = &ops;
    u->real = libusb_ref_device(real);
    u->lost = lost;
    u->ctx = ctx;
    u->retry = evtimer_new(base, on_retry, u);
    u->closing = evtimer_new(base, on_closing, u);
    if (!u->retry || !u->closing || read_record(u) < 0) {
        free_device(&u->device);
        return NULL;
    }
    snprintf(u->name, sizeof u->name, "usb:%s", u->device.record.busid);
    u->device.name = name ? name : u->name;
    return &u->device;
}
