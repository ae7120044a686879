#include "usb_libusb_transfer.h"

#include <stdlib.h>
#include <string.h>

#include <libusb.h>

#include "usb_device.h"
#include "usb_errors.h"
#include "usb_events.h"

/* The libusb part of a transfer, as its `own`. */
struct own {
    struct usb_end end;
    struct usb_transfer *t;
    struct libusb_transfer *l;
    uint8_t *copy; /* of the data, where libusb wants it laid out otherwise; or NULL */
    usb_libusb_ended *ended;
    void *ctx;
};

/* --- the result ------------------------------------------------------------------------------- */

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

/* Takes the results of isochronous packets, which libusb has one after the other. */
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
    usb_libusb_ended *ended = own->ended;
    void *ctx = own->ctx;
    const bool gone = l->status == LIBUSB_TRANSFER_NO_DEVICE;

    take_result(t);
    free_own(t);
    ended(ctx, t, gone);
}

/* --- beginning -------------------------------------------------------------------------------- */

/* Isochronous packets as libusb wants them: one after the other. */
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
static int lay_out(struct libusb_device_handle *handle, const struct libusb_endpoint_descriptor *e,
                   struct usb_transfer *t, struct own *own)
{
    struct libusb_transfer *l = own->l;

    l->dev_handle = handle;
    own->end.ended = on_ended;
    usb_events_route(l, &own->end);
    l->endpoint = t->address;
    l->num_iso_packets = (int)t->packet_count;
    if (!e) {
        l->type = LIBUSB_TRANSFER_TYPE_CONTROL;
        l->endpoint = 0;
        return lay_out_control(t, own);
    }
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

int usb_libusb_transfer_begin(struct usb_transfer *t, struct libusb_device_handle *handle,
                              const struct libusb_endpoint_descriptor *e, usb_libusb_ended *ended,
                              void *ctx)
{
    struct own *own = calloc(1, sizeof *own);

    if (!own)
        return LIBUSB_ERROR_NO_MEM;
    t->own = own;
    own->t = t;
    own->ended = ended;
    own->ctx = ctx;
    own->l = libusb_alloc_transfer((int)t->packet_count);
    int r = own->l ? lay_out(handle, e, t, own) : LIBUSB_ERROR_NO_MEM;
    if (r == 0) {
        r = libusb_submit_transfer(own->l);
        if (r == 0)
            return 0;
        if (r != LIBUSB_ERROR_NO_MEM)
            r = usb_errors_of_call(r);
    }
    free_own(t);
    return r;
}

void usb_libusb_transfer_cancel(struct usb_transfer *t)
{
    struct own *own = t->own;

    if (own)
        libusb_cancel_transfer(own->l); /* NOT_FOUND: it has ended, and on_ended follows */
}
