#include "usb_submit.h"

#include <errno.h>

#include "usbip.h"

enum {
    IN = 0x80,
    SS_COMPANION = 0x30, /* USB 3.2 section 9.6.7, after the descriptor of the endpoint */
    PRINTER = 7,
    SUPER_FRAME_MAX = 98304, /* devio.c: 96 packets of a frame of super speed plus */
    FULL_INTERVAL_MAX = 255,
    SUPER_INTERVAL_MAX = 1 << 15,
};

/* USB/IP's number 4 is wireless USB, which is no more, and what careless servers make of libusb's
 * super speed. */
static bool is_super(const struct usb_submit_device *d)
{
    return d->speed >= USBIP_SPEED_WIRELESS;
}

static bool is_high_or_more(const struct usb_submit_device *d)
{
    return d->speed >= USBIP_SPEED_HIGH;
}

/* --- endpoints -------------------------------------------------------------------------------- */

/* The number of the highest bit, from 1; 0 for 0. */
static unsigned highest_bit(unsigned n)
{
    unsigned bit = 0;

    while (n > 0) {
        bit++;
        n >>= 1;
    }
    return bit;
}

/* bInterval, where it may be: many devices of high speed give one of full speed, in ms. */
static uint8_t right_interval(const struct usb_submit_device *d, const struct usb_desc_endpoint *e)
{
    if (e->type == USB_INTERRUPT && is_high_or_more(d)) {
        const unsigned guess = e->interval ? highest_bit(e->interval * 8u) : 7; /* 8 ms */

        return e->interval >= 1 && e->interval <= 16 ? e->interval : (uint8_t)guess;
    }
    if (e->type == USB_INTERRUPT)
        return e->interval ? e->interval : 10;
    if (e->type == USB_ISOCHRONOUS && (e->interval < 1 || e->interval > 16))
        return d->speed == USBIP_SPEED_HIGH ? 7 : 4;
    return e->interval;
}

static uint32_t packet_limit(const struct usb_submit_device *d, enum usb_transfer_type type)
{
    static const uint32_t limits[][4] = {
        /* control, isochronous, bulk, interrupt */
        {8, 0, 0, 8},           /* low */
        {64, 1023, 64, 64},     /* full */
        {64, 1024, 1024, 1024}, /* high */
        {512, 1024, 1024, 1024},
    };
    const unsigned row = d->speed == USBIP_SPEED_LOW    ? 0
                         : d->speed == USBIP_SPEED_FULL ? 1
                         : is_super(d)                  ? 3
                                                        : 2;

    return limits[row][type];
}

/* Bytes of an isochronous packet of a URB: of high speed up to three of the bus, of super speed
 * bursts of them. `behind` are the descriptors after that of the endpoint. */
static uint32_t frame_size(const struct usb_submit_device *d, const struct usb_desc_endpoint *e,
                           uint32_t max_packet, struct usb_desc_walk behind)
{
    if (d->speed == USBIP_SPEED_HIGH)
        return max_packet * e->packets;
    if (!is_super(d))
        return max_packet;
    const uint8_t *companion = usb_desc_next(&behind);
    if (!companion || companion[0] < 6 || companion[1] != SS_COMPANION)
        return max_packet;
    if (companion[3] & 0x80) /* super speed plus: dwBytesPerInterval */
        return SUPER_FRAME_MAX;
    const uint32_t burst = 1u + (companion[2] > 15 ? 15 : companion[2]);
    const uint32_t mult = 1u + (companion[3] & 3);
    return max_packet * burst * (mult > 3 ? 3 : mult);
}

static void put_right(const struct usb_submit_device *d, const struct usb_desc_endpoint *e,
                      struct usb_desc_walk behind, struct usb_submit_endpoint *right)
{
    *right = (struct usb_submit_endpoint){
        .type = e->type, .interval = right_interval(d, e), .max_packet = e->max_packet};
    if (d->speed == USBIP_SPEED_LOW && e->type == USB_BULK) { /* there are none: interrupt ones */
        right->type = USB_INTERRUPT;
        right->interval = 1;
    }
    const uint32_t limit = packet_limit(d, right->type);
    if (right->max_packet > limit)
        right->max_packet = limit;
    right->max_frame = frame_size(d, e, right->max_packet, behind);
}

int usb_submit_find(const struct usb_submit_device *d, uint8_t address,
                    struct usb_submit_endpoint *e)
{
    struct usb_desc_walk walk = {NULL, 0};
    struct usb_desc_interface interface = {0};
    struct usb_desc_endpoint endpoint;
    bool chosen = false;

    /* endpoints with other bits in their address, or of number 0, are left out by config.c */
    if (!d->configuration || (address & 0x70) != 0 || (address & 15) == 0)
        return -ENOENT;
    walk.data = d->configuration;
    walk.len = usb_desc_configuration_size(d->configuration, d->len);
    for (const uint8_t *p = usb_desc_next(&walk); p; p = usb_desc_next(&walk)) {
        if (usb_desc_get_interface(p, &interface) == 0) {
            chosen = d->alternate[interface.number] == interface.alternate;
        } else if (chosen && usb_desc_get_endpoint(p, &endpoint) == 0 &&
                   endpoint.address == address) {
            put_right(d, &endpoint, walk, e);
            return 0;
        }
    }
    return -ENOENT;
}

/* Whether there is an interface of this number; with `setting` not NULL, one of that setting and of
 * printers. */
static bool has_interface(const struct usb_submit_device *d, uint8_t number, const uint8_t *setting)
{
    struct usb_desc_walk walk = {NULL, 0};
    struct usb_desc_interface i;

    if (!d->configuration)
        return false;
    walk.data = d->configuration;
    walk.len = usb_desc_configuration_size(d->configuration, d->len);
    for (const uint8_t *p = usb_desc_next(&walk); p; p = usb_desc_next(&walk))
        if (usb_desc_get_interface(p, &i) == 0 && i.number == number &&
            (!setting || (i.alternate == *setting && i.interface_class == PRINTER)))
            return true;
    return false;
}

/* --- usbfs ------------------------------------------------------------------------------------ */

/* Whether what a request is for is there. Vendors' requests may mean anything by their index. */
static int check_recipient(const struct usb_submit_device *d, const struct usb_setup *setup)
{
    const uint8_t low = (uint8_t)setup->index, high = (uint8_t)(setup->index >> 8);
    struct usb_submit_endpoint e;

    if (!d->known || (setup->type & 0x60) == 0x40)
        return 0;
    switch (setup->type & 0x1f) {
    case 1: /* the index of a printer's GET_DEVICE_ID is the other way round */
        if (setup->type == 0xa1 && setup->request == 0 && has_interface(d, high, &low))
            return 0;
        return has_interface(d, low, NULL) ? 0 : -ENOENT;
    case 2: /* some programs leave the direction out */
        if ((low & ~IN) == 0 || usb_submit_find(d, low, &e) == 0)
            return 0;
        return usb_submit_find(d, low ^ IN, &e);
    default:
        return 0;
    }
}

static int make_control(const struct usb_submit_device *d, struct usb_submit *s)
{
    const struct usb_setup setup = usb_setup_get(s->setup);

    if (s->length < setup.length || s->packet_count > 0)
        return -EINVAL;
    int r = check_recipient(d, &setup);
    if (r < 0)
        return r;
    s->length = setup.length;
    s->address = setup.type & IN && setup.length > 0 ? IN : 0;
    s->flags = 0;
    return 0;
}

/* In frames, or microframes of high and higher speeds. Of these bInterval is an exponent (USB 2.0
 * table 9-13), and of isochronous endpoints of full speed, too. */
static int32_t interval_of(const struct usb_submit_device *d, const struct usb_submit_endpoint *e)
{
    if (e->type != USB_INTERRUPT && e->type != USB_ISOCHRONOUS)
        return 0; /* usb_submit_urb does not look at it, and servers tell types by it */
    if (e->type == USB_ISOCHRONOUS || is_high_or_more(d))
        return (int32_t)1 << (e->interval > 16 ? 15 : e->interval - 1);
    return e->interval;
}

/* The data are as long as all packets. */
static int take_packets(struct usb_submit *s, uint32_t max_frame)
{
    size_t sum = 0;

    if (s->packet_count == 0)
        return -EINVAL;
    for (size_t i = 0; i < s->packet_count; i++) {
        if (s->packets[i].length > max_frame)
            return -EMSGSIZE;
        sum += s->packets[i].length;
    }
    if (sum > s->length)
        return -EINVAL;
    s->length = sum;
    return 0;
}

int usb_submit_by_usbfs(const struct usb_submit_device *d, struct usb_submit *s)
{
    struct usb_submit_endpoint e = {
        .type = s->type, .interval = 1, .max_packet = 1, .max_frame = SUPER_FRAME_MAX};

    s->interval = 0;
    if (s->type == USB_CONTROL)
        return make_control(d, s);
    if (!(s->address & IN) && s->type != USB_ISOCHRONOUS)
        s->flags &= USBIP_ZERO_PACKET;
    else
        s->flags &= s->type == USB_ISOCHRONOUS ? USBIP_ISO_ASAP : USBIP_SHORT_NOT_OK;
    int r = d->known ? usb_submit_find(d, s->address, &e) : 0;
    if (r < 0)
        return r;
    if (s->type == USB_BULK && e.type == USB_INTERRUPT)
        s->type = USB_INTERRUPT; /* a single one, of those that are usually asked for again */
    if (s->type != e.type)
        return -EINVAL;
    if (s->type == USB_ISOCHRONOUS)
        r = take_packets(s, e.max_frame);
    else if (s->packet_count > 0)
        r = -EINVAL;
    if (r == 0 && e.max_packet == 0)
        r = -EMSGSIZE;
    s->interval = interval_of(d, &e);
    return r;
}

/* --- usb_submit_urb --------------------------------------------------------------------------- */

static const char *refuse_control(const struct usbip_urb *u)
{
    const struct usb_setup setup = usb_setup_get(u->setup);
    const bool in = (setup.type & IN) != 0 && setup.length > 0;

    if (setup.length != u->length)
        return "EBADR: its buffer is not as long as its wLength";
    if (in != (u->direction == USBIP_DIR_IN))
        return "a warning: its direction is not that of its bmRequestType and wLength";
    return NULL;
}

static const char *refuse_interval(const struct usb_submit_device *d,
                                   const struct usb_submit_endpoint *e, int32_t interval)
{
    if (interval <= 0)
        return "EINVAL: it has no interval, and its endpoint is a periodic one";
    if (is_super(d) && interval > SUPER_INTERVAL_MAX)
        return "EINVAL: its interval is too long for super speed";
    if (!is_high_or_more(d) && e->type == USB_INTERRUPT && interval > FULL_INTERVAL_MAX)
        return "EINVAL: its interval is too long for full speed";
    return NULL;
}

const char *usb_submit_refusal(const struct usb_submit_device *d, const struct usbip_urb *u,
                               const struct usbip_packet *packets)
{
    struct usb_submit_endpoint e;

    if (u->ep == 0)
        return refuse_control(u);
    if (!d->known)
        return NULL;
    if (usb_submit_find(d, (uint8_t)(u->ep | (u->direction == USBIP_DIR_IN ? IN : 0)), &e) < 0)
        return "ENOENT: it has no such endpoint"; /* which usbip-host does not even answer */
    if (e.max_packet == 0)
        return "EMSGSIZE: its endpoint has no room for data";
    if (e.type == USB_ISOCHRONOUS && u->packets <= 0)
        return "EINVAL: it has no packets, and its endpoint is an isochronous one";
    for (int32_t i = 0; e.type == USB_ISOCHRONOUS && i < u->packets; i++)
        if (packets[i].length > e.max_frame)
            return "EMSGSIZE: a packet of it is too long";
    return e.type == USB_INTERRUPT || e.type == USB_ISOCHRONOUS
               ? refuse_interval(d, &e, u->interval)
               : NULL;
}
