#include "gadget.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/usbip_ext.h"

enum {
    RECIPIENT_MASK = 0x1f,
    RECIPIENT_DEVICE = 0,
    RECIPIENT_INTERFACE = 1,
    RECIPIENT_ENDPOINT = 2,
    TYPE_MASK = 0x60,
    TYPE_STANDARD = 0,
    TYPE_OF_HUB_PORT = 0x23, /* the client has no hub: usbip-win2, and ours, ask so for a reset */
    PORT_RESET = 4,
    ENDPOINT_HALT = 0,
    LANGUAGE = 0x0409,
};

unsigned gadget_slot(uint8_t address)
{
    return (address & 15u) | (address & 0x80 ? 16u : 0);
}

/* --- descriptors -------------------------------------------------------------------------------
 */

int gadget_give(uint8_t *data, size_t room, const void *from, size_t len)
{
    if (len > room)
        len = room;
    if (len > 0)
        memcpy(data, from, len);
    return (int)len;
}

static int give_string(const struct gadget *g, unsigned index, uint8_t *data, size_t room)
{
    static const uint8_t languages[] = {4, USB_DESC_STRING, LANGUAGE & 0xff, LANGUAGE >> 8};
    uint8_t string[USB_DESC_STRING_MAX];

    if (index == 0)
        return gadget_give(data, room, languages, sizeof languages);
    if (index >= GADGET_STRINGS_MAX || !g->descriptors->strings[index])
        return USBIP_EPIPE;
    return gadget_give(data, room, string,
                       usb_desc_put_string(g->descriptors->strings[index], string));
}

/* Of a high-speed device (USB 2.0, 9.6.2): it has no configuration for full speed. */
static int give_qualifier(const struct gadget *g, uint8_t *data, size_t room)
{
    const uint8_t *d = g->descriptors->device;
    const uint8_t qualifier[] = {10, USB_DESC_QUALIFIER, d[2], d[3], d[4], d[5], d[6], d[7], 0, 0};

    if (g->descriptors->speed != USBIP_SPEED_HIGH)
        return USBIP_EPIPE;
    return gadget_give(data, room, qualifier, sizeof qualifier);
}

static int give_descriptor(struct gadget *g, const struct usb_setup *s, uint8_t *data)
{
    const struct gadget_descriptors *d = g->descriptors;

    switch (s->value >> 8) {
    case USB_DESC_DEVICE:
        return gadget_give(data, s->length, d->device, USB_DESC_DEVICE_SIZE);
    case USB_DESC_CONFIGURATION:
        return (s->value & 0xff) == 0
                   ? gadget_give(data, s->length, d->configuration, d->configuration_len)
                   : USBIP_EPIPE;
    case USB_DESC_STRING:
        return give_string(g, s->value & 0xff, data, s->length);
    case USB_DESC_QUALIFIER:
        return give_qualifier(g, data, s->length);
    case USB_DESC_BOS:
        return d->bos ? gadget_give(data, s->length, d->bos, d->bos_len) : USBIP_EPIPE;
    default:
        return g->kind->control(g, s, data);
    }
}

/* --- configuration ------------------------------------------------------------------------------
 */

static void show_configuration(struct gadget *g)
{
    struct usb_desc_walk w = {g->descriptors->configuration, g->descriptors->configuration_len};
    struct usb_desc_interface i;
    unsigned n = 0;

    for (const uint8_t *d = usb_desc_next(&w); d; d = usb_desc_next(&w))
        if (usb_desc_get_interface(d, &i) == 0 && i.alternate == 0 && n < USB_DEVICE_INTERFACES_MAX)
            g->device.interfaces[n++] = (struct usbip_interface){
                i.interface_class, i.interface_subclass, i.interface_protocol};
    g->device.record.interfaces = (uint8_t)n;
    g->device.record.configuration = g->descriptors->configuration[5];
}

/* Ends all that waits at endpoints. */
static void end_waiting(struct gadget *g, int status)
{
    for (unsigned slot = 0; slot < 32; slot++) {
        for (struct usb_transfer *t; (t = usb_queue_take(&g->waiting[slot]));) {
            t->status = status;
            t->done(t);
        }
    }
}

static void configure(struct gadget *g, uint8_t value)
{
    end_waiting(g, USBIP_ESHUTDOWN);
    g->configuration = value;
    memset(g->alternate, 0, sizeof g->alternate);
    g->halted = 0;
    if (g->kind->configured)
        g->kind->configured(g);
}

static void reset(struct gadget *g, bool of_port)
{
    end_waiting(g, USBIP_ESHUTDOWN);
    g->halted = 0;
    memset(g->alternate, 0, sizeof g->alternate);
    if (of_port && g->kind->port_reset)
        g->kind->port_reset(g);
    else if (g->kind->reset)
        g->kind->reset(g);
}

static bool has_setting(const struct gadget *g, uint8_t interface, uint8_t alternate)
{
    struct usb_desc_walk w = {g->descriptors->configuration, g->descriptors->configuration_len};
    struct usb_desc_interface i;

    for (const uint8_t *d = usb_desc_next(&w); d; d = usb_desc_next(&w))
        if (usb_desc_get_interface(d, &i) == 0 && i.number == interface && i.alternate == alternate)
            return true;
    return false;
}

static bool has_endpoint(const struct gadget *g, uint8_t address, struct usb_desc_endpoint *e)
{
    return g->configuration != 0 &&
           usb_desc_find_endpoint(g->descriptors->configuration, g->descriptors->configuration_len,
                                  address, g->alternate, e) == 0;
}

/* --- endpoint 0 ---------------------------------------------------------------------------------
 */

static int set_feature(struct gadget *g, const struct usb_setup *s, bool on)
{
    uint8_t address = (uint8_t)s->index;
    struct usb_desc_endpoint e;

    if ((s->type & RECIPIENT_MASK) != RECIPIENT_ENDPOINT)
        return 0; /* remote wakeup and the like */
    if (s->value != ENDPOINT_HALT || !has_endpoint(g, address, &e))
        return USBIP_EPIPE;
    if (on)
        g->halted |= 1u << gadget_slot(address);
    else
        g->halted &= ~(1u << gadget_slot(address));
    return 0;
}

static int get_status(const struct gadget *g, const struct usb_setup *s, uint8_t *data)
{
    uint8_t status[2] = {0};

    if ((s->type & RECIPIENT_MASK) == RECIPIENT_DEVICE)
        status[0] = (uint8_t)(g->descriptors->configuration[7] >> 6 & 1); /* self-powered */
    else if ((s->type & RECIPIENT_MASK) == RECIPIENT_ENDPOINT)
        status[0] = g->halted >> gadget_slot((uint8_t)s->index) & 1;
    return gadget_give(data, s->length, status, sizeof status);
}

static int set_configuration(struct gadget *g, const struct usb_setup *s)
{
    if (s->value != 0 && s->value != g->descriptors->configuration[5])
        return USBIP_EPIPE;
    configure(g, (uint8_t)s->value);
    return 0;
}

static int set_interface(struct gadget *g, const struct usb_setup *s)
{
    if (!has_setting(g, (uint8_t)s->index, (uint8_t)s->value))
        return USBIP_EPIPE;
    g->alternate[(uint8_t)s->index] = (uint8_t)s->value;
    if (g->kind->configured)
        g->kind->configured(g);
    return 0;
}

static int do_standard(struct gadget *g, const struct usb_setup *s, uint8_t *data)
{
    bool of_interface = (s->type & RECIPIENT_MASK) == RECIPIENT_INTERFACE;

    switch (s->request) {
    case 0: /* GET_STATUS */
        return get_status(g, s, data);
    case USB_REQUEST_CLEAR_FEATURE:
    case USB_REQUEST_SET_FEATURE:
        return set_feature(g, s, s->request == USB_REQUEST_SET_FEATURE);
    case USB_REQUEST_GET_DESCRIPTOR:
        return of_interface ? g->kind->control(g, s, data) : give_descriptor(g, s, data);
    case USB_REQUEST_GET_CONFIGURATION:
        return gadget_give(data, s->length, &g->configuration, 1);
    case USB_REQUEST_SET_CONFIGURATION:
        return set_configuration(g, s);
    case USB_REQUEST_GET_INTERFACE:
        return gadget_give(data, s->length, &g->alternate[(uint8_t)s->index], 1);
    case USB_REQUEST_SET_INTERFACE:
        return set_interface(g, s);
    default:
        return USBIP_EPIPE;
    }
}

static int do_control(struct gadget *g, struct usb_transfer *t)
{
    struct usb_setup s = usb_setup_get(t->setup);

    if (s.length > t->length)
        s.length = (uint16_t)t->length;
    if (s.type == TYPE_OF_HUB_PORT && s.request == USB_REQUEST_SET_FEATURE &&
        s.value == PORT_RESET) {
        reset(g, true);
        return 0;
    }
    if ((s.type & TYPE_MASK) == TYPE_STANDARD)
        return do_standard(g, &s, t->data);
    return g->kind->control(g, &s, t->data);
}

/* --- transfers ----------------------------------------------------------------------------------
 */

static void finish(struct usb_transfer *t, int result)
{
    t->status = result < 0 ? result : 0;
    t->actual = result < 0 ? 0 : (size_t)result;
    t->done(t);
}

/* The same for another endpoint than 0. */
static void finish_moved(struct gadget *g, struct usb_transfer *t, int result)
{
    uint8_t address = t->address;

    finish(t, result);
    if (g->kind->moved)
        g->kind->moved(g, address);
}

/* Has the kind continue with one that waits nowhere. It may move data of another endpoint, whose
 * owner may then do anything, also cancel this one. Returns whether it is done. */
static bool go_on(struct gadget *g, struct usb_transfer *t)
{
    const unsigned slot = gadget_slot(t->address);

    g->running[slot] = t;
    int result = g->kind->transfer(g, t);
    const bool revoked = g->revoked >> slot & 1;
    g->running[slot] = NULL;
    g->revoked &= ~(1u << slot);
    if (result != GADGET_WAIT) {
        finish_moved(g, t, result);
    } else if (revoked) {
        t->status = USBIP_ECONNRESET;
        t->done(t);
    }
    return result != GADGET_WAIT || revoked;
}

static void submit(struct usb_device *d, struct usb_transfer *t)
{
    struct gadget *g = (struct gadget *)d;
    unsigned slot = gadget_slot(t->address);
    struct usb_desc_endpoint e;

    if ((t->address & 15) == 0) {
        finish(t, do_control(g, t));
        return;
    }
    if (!has_endpoint(g, t->address, &e)) {
        finish(t, USBIP_ENOENT); /* as usb_submit_urb says */
        return;
    }
    if ((e.type == USB_ISOCHRONOUS) != (t->packet_count > 0)) {
        finish(t, USBIP_EINVAL);
        return;
    }
    if (g->halted >> slot & 1) {
        finish(t, USBIP_EPIPE);
        return;
    }
    if (g->waiting[slot].first || g->running[slot] || !go_on(g, t))
        usb_queue_add(&g->waiting[slot], t);
}

void gadget_kick(struct gadget *g, uint8_t address)
{
    unsigned slot = gadget_slot(address);

    while (g->waiting[slot].first && !g->running[slot]) {
        struct usb_transfer *t = usb_queue_take(&g->waiting[slot]);

        if (!go_on(g, t)) {
            usb_queue_add_first(&g->waiting[slot], t);
            return;
        }
    }
}

static void cancel(struct usb_device *d, struct usb_transfer *t)
{
    struct gadget *g = (struct gadget *)d;
    const unsigned slot = gadget_slot(t->address);

    if (g->running[slot] == t)
        g->revoked |= 1u << slot;
    if (!usb_queue_remove(&g->waiting[slot], t)) /* it is being done */
        return;
    t->status = USBIP_ECONNRESET;
    t->done(t);
}

static int claim(struct usb_device *d, char error[static USB_DEVICE_ERROR_MAX])
{
    struct gadget *g = (struct gadget *)d;

    (void)error;
    reset(g, false);
    configure(g, g->descriptors->configuration[5]);
    return 0;
}

static void release(struct usb_device *d)
{
    reset((struct gadget *)d, false);
}

static int describe(const struct usb_device *d, struct buf *b)
{
    const struct gadget_descriptors *g = ((const struct gadget *)(const void *)d)->descriptors;
    int r = usbip_ext_add_descriptor(b, USB_DESC_DEVICE << 8, 0, g->device, USB_DESC_DEVICE_SIZE);

    if (r == 0)
        r = usbip_ext_add_descriptor(b, USB_DESC_CONFIGURATION << 8, 0, g->configuration,
                                     g->configuration_len);
    if (r == 0 && g->bos)
        r = usbip_ext_add_descriptor(b, USB_DESC_BOS << 8, 0, g->bos, g->bos_len);
    for (uint8_t i = 0; i < GADGET_STRINGS_MAX && r == 0; i++)
        if (i == 0 || g->strings[i])
            r = usbip_ext_add_string(b, i, g->strings[i]);
    return r;
}

static void gadget_free(struct usb_device *d)
{
    struct gadget *g = (struct gadget *)d;

    g->kind->free(g);
}

static const struct usb_device_ops gadget_ops = {
    .claim = claim,
    .release = release,
    .submit = submit,
    .cancel = cancel,
    .describe = describe,
    .free = gadget_free,
};

/* The facts of the descriptors about the device, as it is listed. */
static void show(struct gadget *g, const struct gadget_descriptors *descriptors)
{
    struct usbip_device *r = &g->device.record;
    struct usb_desc_device d;

    g->descriptors = descriptors;
    usb_desc_get_device(descriptors->device, USB_DESC_DEVICE_SIZE, &d);
    r->speed = descriptors->speed;
    r->vendor = d.vendor;
    r->product = d.product;
    r->release = d.release;
    r->device_class = d.device_class;
    r->device_subclass = d.device_subclass;
    r->device_protocol = d.device_protocol;
    r->configurations = d.configurations;
    show_configuration(g);
}

void gadget_leave(struct gadget *g)
{
    struct usb_device *d = &g->device;

    if (d->presence)
        d->presence(d->presence_ctx, d, false);
}

void gadget_return(struct gadget *g, const struct gadget_descriptors *descriptors)
{
    struct usb_device *d = &g->device;

    g->configuration = 0;
    show(g, descriptors);
    if (d->presence)
        d->presence(d->presence_ctx, d, true);
}

void gadget_init(struct gadget *g, struct event_base *base, const struct gadget_kind *kind,
                 const struct gadget_descriptors *descriptors, const char *name, unsigned number)
{
    enum { DEMO_BUS = 250 }; /* none that a system has */
    struct usbip_device *r = &g->device.record;

    g->base = base;
    g->kind = kind;
    g->device.ops = &gadget_ops;
    g->device.name = name;
    *r = (struct usbip_device){
        .extensions = USBIP_EXT_VERSION, .busnum = DEMO_BUS, .devnum = number};
    snprintf(r->busid, sizeof r->busid, "%d-%u", DEMO_BUS, number);
    snprintf(r->path, sizeof r->path, "/com2net/%s", name);
    show(g, descriptors);
}
