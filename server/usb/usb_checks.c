#include "usb_checks.h"

#include <string.h>

#include "proto/buf.h"
#include "proto/usb_submit.h"
#include "proto/usbip_ext.h"
#include "usb_device.h"

void usb_checks_begin(struct usb_device *d)
{
    memset(d->checks.alternate, 0, sizeof d->checks.alternate);
}

static struct usb_submit_device facts_of(const struct usb_device *d, const struct buf *descriptors)
{
    struct usb_submit_device facts = {.speed = d->record.speed, .alternate = d->checks.alternate};
    const uint8_t *data = buf_head(descriptors);
    size_t left = descriptors->len;
    struct usbip_ext_descriptor one;

    facts.known = left > 0;
    while (usbip_ext_next_descriptor(&data, &left, &one)) {
        if (one.value >> 8 == USB_DESC_CONFIGURATION && one.len >= USB_DESC_CONFIGURATION_SIZE &&
            one.data[5] == d->record.configuration) {
            facts.configuration = one.data;
            facts.len = one.len;
        }
    }
    return facts;
}

static void note(struct usb_checks *c, const struct usb_setup *s)
{
    if (s->type == 0 && s->request == USB_REQUEST_SET_CONFIGURATION)
        memset(c->alternate, 0, sizeof c->alternate);
    if (s->type == 1 && s->request == USB_REQUEST_SET_INTERFACE)
        c->alternate[(uint8_t)s->index] = (uint8_t)s->value;
}

const char *usb_checks_urb(struct usb_device *d, const struct usbip_urb *u,
                           const struct usbip_packet *packets)
{
    const struct usb_setup setup = usb_setup_get(u->setup);
    struct buf descriptors;

    buf_init(&descriptors, USBIP_EXT_DESCRIPTORS_MAX);
    if (d->ops->describe(d, &descriptors) < 0) /* nothing is known, nor checked by it */
        buf_drain(&descriptors, descriptors.len);
    const struct usb_submit_device facts = facts_of(d, &descriptors);
    const char *why = usb_submit_refusal(&facts, u, packets);
    buf_free(&descriptors);
    if (!why && u->ep == 0)
        note(&d->checks, &setup);
    return why;
}
