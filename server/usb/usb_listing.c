#include "usb_listing.h"

#include <stdbool.h>
#include <stdio.h>

#include "proto/buf.h"
#include "proto/bytes.h"
#include "proto/usbip_ext.h"
#include "usb_device.h"
#include "usb_hold.h"

static int add_op(struct buf *b, uint16_t code, uint32_t status)
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = code, .status = status};
    uint8_t bytes[USBIP_OP_SIZE];

    usbip_put_op(&op, bytes);
    return buf_add(b, bytes, sizeof bytes);
}

static int add_count(struct buf *b, size_t count)
{
    uint8_t bytes[USBIP_COUNT_SIZE];

    put_be32(bytes, (uint32_t)count);
    return buf_add(b, bytes, sizeof bytes);
}

static int add_device(struct buf *b, const struct usb_device *d)
{
    uint8_t bytes[USBIP_DEVICE_SIZE];

    usbip_put_device(&d->record, bytes);
    return buf_add(b, bytes, sizeof bytes);
}

static int add_interfaces(struct buf *b, const struct usb_device *d)
{
    uint8_t bytes[USBIP_INTERFACE_SIZE];
    int r = 0;

    for (int i = 0; i < d->record.interfaces && r == 0; i++) {
        usbip_put_interface(&d->interfaces[i], bytes);
        r = buf_add(b, bytes, sizeof bytes);
    }
    return r;
}

/* Whether it is one that is available now. */
static bool is_free(const struct usb_device *d)
{
    const struct usb_hold_owner *owner = usb_hold_owner(d);

    return !d->gone && !d->importer && !(owner && owner->has_lost);
}

static int add_entry(struct buf *b, const struct usb_device *d)
{
    struct usbip_ext_entry entry = {.state = USBIP_EXT_FREE};
    uint8_t bytes[USBIP_EXT_ENTRY_SIZE];

    snprintf(entry.name, sizeof entry.name, "%s", d->name);
    if (d->importer) {
        entry.state = USBIP_EXT_USED;
        snprintf(entry.user, sizeof entry.user, "%s", d->importer->peer);
    } else if (!is_free(d)) {
        entry.state = USBIP_EXT_KEPT;
        snprintf(entry.user, sizeof entry.user, "%s", usb_hold_owner(d)->peer);
    }
    usbip_ext_put_entry(&entry, bytes);
    return buf_add(b, bytes, sizeof bytes);
}

int usb_listing_add_standard(struct buf *b, const struct usb_device *first)
{
    size_t count = 0;

    for (const struct usb_device *d = first; d; d = d->next)
        count += is_free(d);
    int r = add_op(b, USBIP_OP_REP_DEVLIST, USBIP_ST_OK);
    if (r == 0)
        r = add_count(b, count);
    for (const struct usb_device *d = first; d && r == 0; d = d->next) {
        if (!is_free(d))
            continue;
        r = add_device(b, d);
        if (r == 0)
            r = add_interfaces(b, d);
    }
    return r;
}

int usb_listing_add_extended(struct buf *b, const struct usb_device *first)
{
    size_t count = 0;

    for (const struct usb_device *d = first; d; d = d->next)
        count += !d->gone;
    int r = add_op(b, USBIP_OP_REP_EXT_LIST, USBIP_ST_OK);
    if (r == 0)
        r = add_count(b, count);
    for (const struct usb_device *d = first; d && r == 0; d = d->next) {
        if (d->gone)
            continue;
        r = add_device(b, d);
        if (r == 0)
            r = add_entry(b, d);
        if (r == 0)
            r = add_interfaces(b, d);
    }
    return r;
}

int usb_listing_add_descriptors(struct buf *b, const struct usb_device *d, uint32_t status)
{
    struct buf descriptors;

    buf_init(&descriptors, USBIP_EXT_DESCRIPTORS_MAX);
    if (d && d->ops->describe(d, &descriptors) < 0) {
        d = NULL;
        status = USBIP_ST_DEV_ERR;
    }
    int r = add_op(b, USBIP_OP_REP_EXT_DESCRIPTORS, d ? USBIP_ST_OK : status);
    if (d && r == 0)
        r = add_count(b, descriptors.len);
    if (d && r == 0)
        r = buf_add(b, buf_head(&descriptors), descriptors.len);
    buf_free(&descriptors);
    return r;
}
