/*
 * What a client asks for before it has a device: a list, descriptors, an import. Each request has a
 * connection of its own; that of an import stays, and so does that of a client that watches the
 * list.
 */
#include "usb_session_state.h"

#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "crowd.h"
#include "log.h"
#include "log_peer.h"
#include "stream.h"
#include "usb_device.h"
#include "usb_export.h"
#include "usb_listing.h"

/* --- replies ---------------------------------------------------------------------------------- */

static void reply_op(struct usb_session *s, uint16_t code, uint32_t status)
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = code, .status = status};
    uint8_t bytes[USBIP_OP_SIZE];

    usbip_put_op(&op, bytes);
    usb_session_reply(s, bytes, sizeof bytes);
}

static void reply_device(struct usb_session *s, const struct usbip_device *d)
{
    uint8_t bytes[USBIP_DEVICE_SIZE];

    usbip_put_device(d, bytes);
    usb_session_reply(s, bytes, sizeof bytes);
}

/* Says goodbye after a reply. */
static void finish(struct usb_session *s)
{
    usb_session_flush(s);
    if (!s->stream)
        return;
    struct stream *stream = s->stream;
    s->stream = NULL;
    stream_finish(stream);
    usb_session_close(s);
}

/* Replies with a listing. */
static void reply_listing(struct usb_session *s, struct buf *b, int added)
{
    if (added < 0)
        usb_session_end(s, "the list of devices is too long, or there is no memory for it");
    else
        usb_session_reply(s, buf_head(b), b->len);
    buf_free(b);
    usb_session_flush(s);
}

/* --- lists and descriptors -------------------------------------------------------------------- */

/* A device that is in use is not listed, as the kernel's server does: a list is what can be had. */
static void list(struct usb_session *s)
{
    struct buf b;

    buf_init(&b, USB_LISTING_MAX);
    reply_listing(s, &b, usb_listing_add_standard(&b, usb_export_devices(s->export)));
    log_debug("%s: has the list of devices", s->peer);
    finish(s);
}

void usb_session_list_anew(struct usb_session *s)
{
    struct buf b;

    s->outdated = false;
    buf_init(&b, USB_LISTING_MAX);
    reply_listing(s, &b, usb_listing_add_extended(&b, usb_export_devices(s->export)));
}

static void list_extended(struct usb_session *s)
{
    usb_session_list_anew(s);
    if (!(s->reader.flags & USBIP_EXT_KEEP)) {
        finish(s);
        return;
    }
    s->state = USB_SESSION_WATCHING;
    event_del(s->timer);
    log_debug("%s: watches the list of devices", s->peer);
}

static struct usb_device *find_device(struct usb_session *s, const char *busid)
{
    struct usb_device *d = usb_export_devices(s->export);

    while (d && (d->gone || (strcmp(d->record.busid, busid) != 0 && strcmp(d->name, busid) != 0)))
        d = d->next;
    return d;
}

static void describe(struct usb_session *s)
{
    const struct usb_device *d = find_device(s, s->reader.busid);
    struct buf b;

    buf_init(&b, USB_LISTING_MAX);
    reply_listing(s, &b, usb_listing_add_descriptors(&b, d, USBIP_ST_NODEV));
    finish(s);
}

/* --- import ----------------------------------------------------------------------------------- */

static void refuse(struct usb_session *s, enum usbip_op_status status, const char *why)
{
    log_peer_info(s->peer, "%s: cannot import \"%s\": %s", s->peer, s->wanted.busid, why);
    reply_op(s, s->reader.op.code ^ USBIP_OP_REQUEST, status);
    finish(s);
}

/* Takes a device that nobody imports now: as it is, if it was kept for this client. Returns false
 * when it has been refused. */
static bool take_device(struct usb_session *s, struct usb_device *d, bool *resumed)
{
    const struct usb_hold_owner *owner = usb_hold_owner(d);
    char error[USB_DEVICE_ERROR_MAX];

    *resumed = s->owner.ms > 0 && usb_hold_is_for(d, s->owner.token);
    if (*resumed) {
        usb_hold_take(d);
        return true;
    }
    if (owner && owner->has_lost) {
        snprintf(error, sizeof error, "it is kept for %s, whose connection was lost", owner->peer);
        refuse(s, USBIP_ST_DEV_BUSY, error);
        return false;
    }
    usb_hold_end(d);
    if (d->ops->claim(d, error) < 0) {
        refuse(s, USBIP_ST_DEV_ERR, error);
        return false;
    }
    return true;
}

static void reply_import(struct usb_session *s, bool resumed)
{
    const struct usbip_ext_grant grant = {.grace_ms = s->owner.ms, .resumed = resumed};
    struct usbip_device record = s->device->record;
    uint8_t bytes[USBIP_EXT_GRANT_SIZE];

    reply_op(s, s->reader.op.code ^ USBIP_OP_REQUEST, USBIP_ST_OK);
    /* under the name it was asked for: the tools compare */
    snprintf(record.busid, sizeof record.busid, "%s", s->wanted.busid);
    reply_device(s, &record);
    usbip_ext_put_grant(&grant, bytes);
    if (s->reader.op.code == USBIP_OP_REQ_EXT_IMPORT)
        usb_session_reply(s, bytes, sizeof bytes);
}

/* Whether the device is that of the same client, whose old session has not noticed its end. */
static bool is_own(const struct usb_session *s, const struct usb_device *d)
{
    return d->importer && d->importer->owner.ms > 0 && s->owner.ms > 0 &&
           memcmp(d->importer->owner.token, s->owner.token, USBIP_EXT_TOKEN_SIZE) == 0;
}

void usb_session_import(struct usb_session *s)
{
    struct usb_device *d = find_device(s, s->wanted.busid);
    bool resumed;

    s->waits = false;
    if (!d) {
        refuse(s, USBIP_ST_NODEV, "there is no such device here");
        return;
    }
    if (is_own(s, d)) {
        d->importer->owner.has_lost = true;
        usb_session_end(d->importer, "its client has connected anew");
        s->waits = d->importer != NULL;
        if (s->waits)
            return;
    }
    if (d->importer) {
        refuse(s, USBIP_ST_DEV_BUSY, "another client has it");
        return;
    }
    if (!take_device(s, d, &resumed))
        return;
    if (!resumed)
        usb_checks_begin(d);
    d->importer = s;
    s->device = d;
    crowd_set_working(s->place, true);
    usb_merge_init(&s->merge, d);
    if (d->budget > 0)
        usb_urbs_init(&s->urbs, d->budget);
    s->devid = usbip_devid(&d->record);
    s->state = USB_SESSION_URBS;
    event_del(s->timer);
    log_peer_info(s->peer, "%s: imported by %s%s", d->name, s->peer,
                  resumed ? ", as it was left" : "");
    reply_import(s, resumed);
    usbip_reader_begin_urbs(&s->reader);
    usb_export_changed(s->export);
}

/* Notes what is asked for, and under which terms. */
static void want(struct usb_session *s, const char *busid, const struct usbip_ext_import *terms)
{
    snprintf(s->wanted.busid, sizeof s->wanted.busid, "%s", busid);
    if (terms) {
        s->owner.ms =
            terms->grace_ms < USBIP_EXT_GRACE_MAX_MS ? terms->grace_ms : USBIP_EXT_GRACE_MAX_MS;
        memcpy(s->owner.token, terms->token, sizeof s->owner.token);
    }
    usb_session_import(s);
}

/* ------------------------------------------------------------------------------------------------
 */

void usb_session_take_op(struct usb_session *s)
{
    const struct usbip_op *op = &s->reader.op;

    if (op->version != USBIP_VERSION) {
        usb_session_end(s, "it speaks another version of USB/IP, or something else");
        return;
    }
    switch (op->code) {
    case USBIP_OP_REQ_DEVLIST:
        list(s);
        break;
    case USBIP_OP_REQ_IMPORT:
        want(s, s->reader.busid, NULL);
        break;
    case USBIP_OP_REQ_EXT_LIST:
        list_extended(s);
        break;
    case USBIP_OP_REQ_EXT_DESCRIPTORS:
        describe(s);
        break;
    case USBIP_OP_REQ_EXT_IMPORT:
        want(s, s->reader.import.busid, &s->reader.import);
        break;
    default:
        usb_session_end(s, "it asks for something that USB/IP has not");
        break;
    }
}
