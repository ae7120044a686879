#include "usb_checks.h"

#include <string.h>

#include "proto/buf.h"
#include "proto/usb_submit.h"
#include "proto/usbip_ext.h"

void usb_checks_begin(struct usb_checks *c)
{
    memset(c->alternate, 0, sizeof c->alternate);
}

static struct usb_submit_device facts_of(const struct usb_checks *c,
                                         const struct usbip_device *record,
                                         const struct buf *descriptors)
{
    struct usb_submit_device facts = {.speed = record->speed, .alternate = c->alternate};
    const uint8_t *data = buf_head(descriptors);
    size_t left = descriptors->len;
    struct usbip_ext_descriptor one;

    facts.known = left > 0;
    while (usbip_ext_next_descriptor(&data, &left, &one)) {
        if (one.value >> 8 == USB_DESC_CONFIGURATION && one.len >= USB_DESC_CONFIGURATION_SIZE &&
            one.data[5] == record->configuration) {
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

const char *usb_checks_urb(struct usb_checks *c, const struct usbip_device *record,
                           const struct buf *descriptors, const struct usbip_urb *u,
                           const struct usbip_packet *packets)
{
    const struct usb_setup setup = usb_setup_get(u->setup);
    const struct usb_submit_device facts = facts_of(c, record, descriptors);
    const char *why = usb_submit_refusal(&facts, u, packets);

    if (!why && u->ep == 0)
        note(c, &setup);
    return why;
}
