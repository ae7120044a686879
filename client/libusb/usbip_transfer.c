#include "usbip_transfer.h"

#include <errno.h>
#include <string.h>

#include "usbip_core.h"
#include "usbip_handle.h"
#include "usbip_state.h"
#include "usbip_status.h"

static const enum usb_transfer_type types[] = {
    [LIBUSB_TRANSFER_TYPE_CONTROL] = USB_CONTROL,
    [LIBUSB_TRANSFER_TYPE_ISOCHRONOUS] = USB_ISOCHRONOUS,
    [LIBUSB_TRANSFER_TYPE_BULK] = USB_BULK,
    [LIBUSB_TRANSFER_TYPE_INTERRUPT] = USB_INTERRUPT,
};

/* Fills in a URB as usbfs would. Returns 0 or an error as libusb on Linux says it. */
static int lay_out(struct device_priv *p, struct libusb_transfer *t, struct usbip_link_urb *u)
{
    const struct usb_submit_device facts = usbip_device_facts(p->use);
    struct usb_submit s = {.type = types[t->type],
                           .address = t->endpoint,
                           .length = (size_t)t->length,
                           .packets = u->packets,
                           .packet_count = u->packet_count};
    size_t offset = 0;

    u->data = t->buffer;
    if (s.type == USB_CONTROL) {
        memcpy(s.setup, t->buffer, sizeof s.setup);
        u->data += LIBUSB_CONTROL_SETUP_SIZE;
        s.length -= LIBUSB_CONTROL_SETUP_SIZE;
    }
    if (t->flags & LIBUSB_TRANSFER_ADD_ZERO_PACKET)
        s.flags |= USBIP_ZERO_PACKET;
    if (u->packet_count > 0)
        s.flags |= USBIP_ISO_ASAP;
    for (size_t i = 0; i < u->packet_count; i++) {
        u->packets[i].offset = (uint32_t)offset;
        u->packets[i].length = t->iso_packet_desc[i].length;
        offset += u->packets[i].length;
    }
    int r = usb_submit_by_usbfs(&facts, &s);
    if (r < 0)
        return s.type == USB_ISOCHRONOUS && r != -ENOENT ? LIBUSB_ERROR_INVALID_PARAM
                                                         : LIBUSB_ERROR_IO;
    memcpy(u->setup, s.setup, sizeof u->setup);
    u->address = s.address;
    u->flags = s.flags;
    u->length = s.length;
    u->interval = s.interval;
    u->barrier = s.type == USB_CONTROL;
    u->post = s.type == USB_BULK && !(s.address & 0x80) && p->use->posts;
    return LIBUSB_SUCCESS;
}

/* Requests of endpoint 0 whose answer is known without an import are answered at once. */
static bool answer(struct device_priv *p, struct usbi_transfer *t)
{
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    size_t len;

    if (p->use->has_link || public->type != LIBUSB_TRANSFER_TYPE_CONTROL)
        return false;
    const struct usb_setup s = usb_setup_get(public->buffer);
    const uint8_t *known = usbip_device_known(p->use, &s, &len);
    if (!known)
        return false;
    tp->status = 0;
    tp->actual = len < s.length ? len : s.length;
    memcpy(public->buffer + LIBUSB_CONTROL_SETUP_SIZE, known, tp->actual);
    usbi_signal_transfer_completion(t);
    return true;
}

/* Requests that libusb has calls for may also come as transfers: our knowledge changes all the
 * same. */
static void note_request(struct device_priv *p, const uint8_t bytes[static 8])
{
    const struct usb_setup s = usb_setup_get(bytes);

    if (s.type == 0 && s.request == USB_REQUEST_SET_CONFIGURATION) {
        p->use->configuration = (uint8_t)s.value;
        memset(p->use->alternate, 0, sizeof p->use->alternate);
    }
    if (s.type == 1 && s.request == USB_REQUEST_SET_INTERFACE)
        p->use->alternate[(uint8_t)s.index] = (uint8_t)s.value;
}

/* A string that a made up descriptor has named: by its own number, or, where the device has none,
 * without a character. Returns whether that is the answer. */
static bool translate(struct device_priv *p, struct usbi_transfer *t, uint8_t setup[static 8])
{
    static const uint8_t empty[] = {2, USB_DESC_STRING};
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    const struct usb_setup s = usb_setup_get(setup);
    const uint8_t made = (uint8_t)s.value;

    if (!p->made_up || s.type != 0x80 || s.request != USB_REQUEST_GET_DESCRIPTOR ||
        s.value >> 8 != USB_DESC_STRING || made < USBIP_DEVICE_MADE_STRING ||
        made >= USBIP_DEVICE_MADE_STRING + USBIP_DEVICE_MADE_STRINGS)
        return false;
    setup[2] = usbip_device_string(p->use, made);
    if (setup[2] != 0)
        return false;
    tp->status = 0;
    tp->actual = s.length < sizeof empty ? s.length : sizeof empty;
    memcpy(USBI_TRANSFER_TO_LIBUSB_TRANSFER(t)->buffer + LIBUSB_CONTROL_SETUP_SIZE, empty,
           tp->actual);
    usbi_signal_transfer_completion(t);
    return true;
}

static int submit(struct device_priv *p, struct usbi_transfer *t)
{
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    const size_t packets =
        public->type == LIBUSB_TRANSFER_TYPE_ISOCHRONOUS ? (size_t) public->num_iso_packets : 0;
    int r = usbip_handle_import(p);

    if (r < 0)
        return r;
    struct usbip_link *l = &p->use->link;
    if (l->posted_error) { /* of what was posted before */
        r = usbip_error_of_status(l->posted_error);
        l->posted_error = 0;
        return r;
    }
    struct usbip_link_urb *u = usbip_link_urb_new(packets);
    if (!u)
        return LIBUSB_ERROR_NO_MEM;
    r = lay_out(p, public, u);
    if (r < 0) {
        usbip_link_urb_free(u);
        return r;
    }
    if (public->type == LIBUSB_TRANSFER_TYPE_CONTROL) {
        if (translate(p, t, u->setup)) {
            usbip_link_urb_free(u);
            return LIBUSB_SUCCESS;
        }
    }
    u->owner = t;
    tp->urb = u;
    if (usbip_link_submit(l, u) < 0) {
        tp->urb = NULL;
        usbip_link_urb_free(u);
        return LIBUSB_ERROR_NO_MEM;
    }
    if (public->type == LIBUSB_TRANSFER_TYPE_CONTROL)
        note_request(p, public->buffer);
    usbip_state_settle(p);
    return LIBUSB_SUCCESS;
}

/* URBs that servers do not take would end the connection, and all that is under way. */
static int check_transfer(const struct libusb_transfer *t)
{
    if (t->type == LIBUSB_TRANSFER_TYPE_BULK_STREAM)
        return LIBUSB_ERROR_NOT_SUPPORTED;
    if (t->type == LIBUSB_TRANSFER_TYPE_CONTROL &&
        (t->length < (int)LIBUSB_CONTROL_SETUP_SIZE ||
         usb_setup_get(t->buffer).length > t->length - (int)LIBUSB_CONTROL_SETUP_SIZE))
        return LIBUSB_ERROR_INVALID_PARAM; /* the answer would not fit */
    if (t->type == LIBUSB_TRANSFER_TYPE_ISOCHRONOUS &&
        (t->num_iso_packets < 0 || t->num_iso_packets > USBIP_PACKETS_MAX))
        return LIBUSB_ERROR_INVALID_PARAM;
    if (t->length < 0)
        return LIBUSB_ERROR_INVALID_PARAM;
    return t->length > USBIP_LINK_LENGTH_MAX ? LIBUSB_ERROR_NO_MEM : LIBUSB_SUCCESS; /* as Linux */
}

int usbip_transfer_submit(struct usbi_transfer *t)
{
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    struct device_priv *p = priv_of(public->dev_handle->dev);
    int r = check_transfer(public);

    if (r < 0)
        return r;
    memset(tp, 0, sizeof *tp);
    usbip_state_lock();
    if (!answer(p, t))
        r = submit(p, t);
    usbip_state_unlock();
    return r;
}

static bool is_bulk_out(const struct device_priv *p, uint8_t endpoint, size_t len)
{
    const struct usb_submit_device facts = usbip_device_facts(p->use);
    struct usb_submit s = {.type = USB_BULK, .address = endpoint, .length = len};

    return usb_submit_by_usbfs(&facts, &s) == 0 && s.type == USB_BULK;
}

static bool post(struct libusb_device_handle *h, uint8_t endpoint, const uint8_t *data, size_t len)
{
    struct device_priv *p = priv_of(h->dev);
    bool posted = false;

    usbip_state_lock();
    if (p->use->posts && p->use->has_link && p->use->linger_until == 0 &&
        is_bulk_out(p, endpoint, len)) {
        usbip_link_step(&p->use->link); /* answers make room, and may tell of an error */
        posted = usbip_link_post(&p->use->link, endpoint, data, len);
        usbip_state_settle(p);
    }
    usbip_state_unlock();
    return posted;
}

/* Programs post byte by byte. Bytes that the connection takes at once need none of the core's
 * transfers, which cost six calls of the system each: timers, events, a poll. */
int API_EXPORTED libusb_bulk_transfer(struct libusb_device_handle *h, unsigned char endpoint,
                                      unsigned char *data, int length, int *transferred,
                                      unsigned int timeout)
{
    if (endpoint & 0x80 || length < 0 || usbi_handling_events(HANDLE_CTX(h)) ||
        !post(h, endpoint, data, (size_t)length))
        return core_bulk_transfer(h, endpoint, data, length, transferred, timeout);
    if (transferred)
        *transferred = length;
    return LIBUSB_SUCCESS;
}

int usbip_transfer_cancel(struct usbi_transfer *t)
{
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    struct device_priv *p = priv_of(t->dev);
    int r = LIBUSB_ERROR_NOT_FOUND;

    usbip_state_lock();
    if (tp->urb && usbip_link_unlink(&p->use->link, tp->urb)) {
        tp->cancelled = true;
        usbip_state_settle(p);
        r = LIBUSB_SUCCESS;
    }
    usbip_state_unlock();
    return r;
}

int usbip_transfer_complete(struct usbi_transfer *t)
{
    const struct transfer_priv *tp = usbi_get_transfer_priv(t);
    const enum libusb_transfer_status status = usbip_status(tp->status);

    if (!USBI_TRANSFER_TO_LIBUSB_TRANSFER(t)->dev_handle) /* closed meanwhile */
        return 0;
    t->transferred = (int)tp->actual;
    if (tp->cancelled && status == LIBUSB_TRANSFER_CANCELLED)
        return usbi_handle_transfer_cancellation(t);
    return usbi_handle_transfer_completion(t, status);
}

void usbip_transfer_clear(struct usbi_transfer *t)
{
    struct transfer_priv *tp = usbi_get_transfer_priv(t);

    usbip_state_lock();
    if (tp->urb)
        usbip_link_forget(&priv_of(t->dev)->use->link, tp->urb);
    tp->urb = NULL;
    usbip_state_unlock();
}
