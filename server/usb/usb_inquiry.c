#include "usb_inquiry.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "log.h"
#include "log_peer.h"
#include "proto/buf.h"
#include "proto/bytes.h"
#include "proto/usbip_reader.h"
#include "usb_bus.h"
#include "usb_device.h"
#include "usb_hold.h"
#include "usb_listing.h"
#include "usb_replies.h"

/* --- replies ---------------------------------------------------------------------------------- */

static void reply_op(struct usb_inquiry *q, uint16_t code, uint32_t status)
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = code, .status = status};
    uint8_t bytes[USBIP_OP_SIZE];

    usbip_put_op(&op, bytes);
    usb_replies_add(q->replies, bytes, sizeof bytes);
}

static void reply_device(struct usb_inquiry *q, const struct usbip_device *d)
{
    uint8_t bytes[USBIP_DEVICE_SIZE];

    usbip_put_device(d, bytes);
    usb_replies_add(q->replies, bytes, sizeof bytes);
}

/* Replies with a listing. */
static void reply_listing(struct usb_inquiry *q, struct buf *b, int added)
{
    if (added < 0)
        q->callbacks->failed(q->ctx,
                             "the list of devices is too long, or there is no memory for it");
    else
        usb_replies_add(q->replies, buf_head(b), b->len);
    buf_free(b);
    usb_replies_flush(q->replies);
}

/* --- lists and descriptors -------------------------------------------------------------------- */

/* A device that is in use is not listed: a list has the available devices. The kernel's server does
 * the same. */
static void list(struct usb_inquiry *q)
{
    struct buf b;

    usb_bus_refresh(q->bus);
    buf_init(&b, USB_LISTING_MAX);
    reply_listing(q, &b, usb_listing_add_standard(&b, usb_bus_first(q->bus)));
    log_debug("%s: has the list of devices", q->importer->peer);
    q->callbacks->answered(q->ctx);
}

static void list_anew(struct usb_inquiry *q)
{
    struct buf b;

    q->outdated = false;
    usb_bus_refresh(q->bus);
    buf_init(&b, USB_LISTING_MAX);
    reply_listing(q, &b, usb_listing_add_extended(&b, usb_bus_first(q->bus)));
}

static void list_extended(struct usb_inquiry *q)
{
    list_anew(q);
    if (!(q->reader->flags & USBIP_EXT_KEEP)) {
        q->callbacks->answered(q->ctx);
        return;
    }
    q->watching = true;
    log_debug("%s: watches the list of devices", q->importer->peer);
    q->callbacks->watches(q->ctx);
}

static struct usb_device *find_device(struct usb_inquiry *q, const char *busid)
{
    usb_bus_refresh(q->bus);
    return usb_bus_find(q->bus, busid);
}

static void describe(struct usb_inquiry *q)
{
    const struct usb_device *d = find_device(q, q->reader->busid);
    struct buf b;

    buf_init(&b, USB_LISTING_MAX);
    reply_listing(q, &b, usb_listing_add_descriptors(&b, d, USBIP_ST_NODEV));
    q->callbacks->answered(q->ctx);
}

/* --- import ----------------------------------------------------------------------------------- */

static void refuse(struct usb_inquiry *q, enum usbip_op_status status, const char *why)
{
    const char *peer = q->importer->peer;

    char who[USBIP_BUSID_SIZE + ADDR_TEXT_MAX + 8];
    uint8_t reason[USBIP_EXT_REASON_SIZE];

    snprintf(who, sizeof who, "%s by %s", q->wanted.busid, peer);
    log_peer_refusal(LOG_LEVEL_INFO, who, "%s: cannot import \"%s\": %s", peer, q->wanted.busid,
                     why);
    reply_op(q, q->reader->op.code ^ USBIP_OP_REQUEST, status);
    put_text(reason, why, sizeof reason);
    if (q->reader->op.code == USBIP_OP_REQ_EXT_IMPORT)
        usb_replies_add(q->replies, reason, sizeof reason);
    q->callbacks->answered(q->ctx);
}

/* Takes a device that nobody imports now: unchanged, if it was kept for this client. Returns false
 * when it has been refused. */
static bool take_device(struct usb_inquiry *q, struct usb_device *d, bool *resumed)
{
    const struct usb_hold_owner *own = q->importer->owner, *owner = usb_hold_owner(d);
    char error[USB_DEVICE_ERROR_MAX];

    *resumed = own->ms > 0 && usb_hold_is_for(d, own->token);
    if (*resumed) {
        usb_hold_take(d);
        return true;
    }
    if (owner && owner->has_lost) {
        snprintf(error, sizeof error, "it is kept for %s, whose connection was lost", owner->peer);
        refuse(q, USBIP_ST_DEV_BUSY, error);
        return false;
    }
    usb_hold_end(d);
    if (d->ops->claim(d, error) < 0) {
        refuse(q, USBIP_ST_DEV_ERR, error);
        return false;
    }
    return true;
}

static void reply_import(struct usb_inquiry *q, const struct usb_device *d, bool resumed)
{
    const struct usbip_ext_grant grant = {.grace_ms = q->importer->owner->ms, .resumed = resumed};
    struct usbip_device record = d->record;
    uint8_t bytes[USBIP_EXT_GRANT_SIZE];

    reply_op(q, q->reader->op.code ^ USBIP_OP_REQUEST, USBIP_ST_OK);
    /* under the name it was asked for: the tools compare */
    snprintf(record.busid, sizeof record.busid, "%s", q->wanted.busid);
    reply_device(q, &record);
    usbip_ext_put_grant(&grant, bytes);
    if (q->reader->op.code == USBIP_OP_REQ_EXT_IMPORT)
        usb_replies_add(q->replies, bytes, sizeof bytes);
}

/* Whether the device is that of the same client, whose old session has not noticed its end. */
static bool is_own(const struct usb_inquiry *q, const struct usb_device *d)
{
    const struct usb_hold_owner *own = q->importer->owner;

    return d->importer && d->importer->owner->ms > 0 && own->ms > 0 &&
           memcmp(d->importer->owner->token, own->token, USBIP_EXT_TOKEN_SIZE) == 0;
}

/* Imports what is wanted, or refuses, or waits. */
static void import(struct usb_inquiry *q)
{
    struct usb_device *d = find_device(q, q->wanted.busid);
    char error[USB_DEVICE_ERROR_MAX];
    bool resumed;

    q->waits = false;
    if (!d) {
        refuse(q, USBIP_ST_NODEV, "there is no such device here");
        return;
    }
    if (is_own(q, d)) {
        d->importer->owner->has_lost = true;
        d->importer->end(d->importer, "its client has connected again");
        q->waits = d->importer != NULL;
        if (q->waits)
            return;
    }
    if (d->importer) {
        snprintf(error, sizeof error, "%s has it", d->importer->peer);
        refuse(q, USBIP_ST_DEV_BUSY, error);
        return;
    }
    if (!take_device(q, d, &resumed))
        return;
    if (!resumed)
        usb_checks_begin(&d->checks);
    q->watching = q->outdated = false; /* URBs follow, no lists */
    q->callbacks->imported(q->ctx, d, resumed);
    reply_import(q, d, resumed);
    usbip_reader_begin_urbs(q->reader);
}

/* Notes what is asked for, and under which terms. */
static void want(struct usb_inquiry *q, const char *busid, const struct usbip_ext_import *terms)
{
    struct usb_hold_owner *own = q->importer->owner;

    snprintf(q->wanted.busid, sizeof q->wanted.busid, "%s", busid);
    if (terms) {
        own->ms =
            terms->grace_ms < USBIP_EXT_GRACE_MAX_MS ? terms->grace_ms : USBIP_EXT_GRACE_MAX_MS;
        memcpy(own->token, terms->token, sizeof own->token);
    }
    import(q);
}

/* ------------------------------------------------------------------------------------------------
 */

void usb_inquiry_take(struct usb_inquiry *q)
{
    const struct usbip_op *op = &q->reader->op;

    if (op->version != USBIP_VERSION) {
        q->callbacks->failed(q->ctx, "it speaks another version of USB/IP, or something else");
        return;
    }
    switch (op->code) {
    case USBIP_OP_REQ_DEVLIST:
        list(q);
        break;
    case USBIP_OP_REQ_IMPORT:
        want(q, q->reader->busid, NULL);
        break;
    case USBIP_OP_REQ_EXT_LIST:
        list_extended(q);
        break;
    case USBIP_OP_REQ_EXT_DESCRIPTORS:
        describe(q);
        break;
    case USBIP_OP_REQ_EXT_IMPORT:
        want(q, q->reader->import.busid, &q->reader->import);
        break;
    default:
        q->callbacks->failed(q->ctx, "it asks for something that USB/IP has not");
        break;
    }
}

void usb_inquiry_notice(struct usb_inquiry *q, bool is_behind)
{
    if (q->waits)
        import(q);
    else if (q->watching && is_behind)
        q->outdated = true;
    else if (q->watching)
        list_anew(q);
}

void usb_inquiry_catch_up(struct usb_inquiry *q)
{
    if (q->outdated)
        list_anew(q);
}

void usb_inquiry_stop(struct usb_inquiry *q)
{
    q->waits = q->watching = q->outdated = false;
}
