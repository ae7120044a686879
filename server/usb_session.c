/*
 * Theory of operation. A session lists, and is over, or stays and lists again when something
 * changes; or imports a device and then carries out URBs:
 *
 *   submit   each is read into memory of its own and handed to the device at once; any number may
 * be under way, and each is answered exactly once, in the order in which they are done unlink   a
 * URB that is under way is cancelled. If it was, only RET_UNLINK tells of it; if it was done first,
 * RET_SUBMIT comes before. A cancelled one with data gets both: RET_UNLINK cannot carry data, and
 * the client reads the payload whatever the status says
 *
 * What URBs hold is bounded: above the budget they wait in line until some are done, so that a URB
 * is never failed for want of memory. Those that wait are read all the same, for the unlinks behind
 * them: those under way may never end by themselves. An IN one in line keeps no more than its
 * header; when the line keeps too much (data of OUT ones, mostly), no more is read. Replies of one
 * turn share one write. When the client goes, what is under way is cancelled, and the session ends
 * when the device has let go of the last. Then the device is free, or kept for this client for a
 * while. A client that comes back, with its token, while its old session seems alive ends that, and
 * waits until the device is its own.
 */
#include "usb_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "log.h"
#include "loop.h"
#include "os.h"
#include "proto/buf.h"
#include "proto/usbip_reader.h"
#include "stream.h"
#include "usb_device.h"
#include "usb_export.h"
#include "usb_hold.h"
#include "usb_listing.h"
#include "usb_merge.h"
#include "usb_pcap.h"
#include "usb_unlinks.h"
#include "usb_urb.h"
#include "usb_urbs.h"

enum {
    OP_LIMIT_S = 10,        /* for the first request */
    PAYLOAD_MAX = 16 << 20, /* of one URB, unless the budget is smaller */
    JOIN_MAX = 16 * 1024,   /* replies up to this size are joined */
    DIRECT_MIN = 16 * 1024, /* payload that is read into place */
    IN_MAX = 1 << 17,       /* more than one read of the connection */
    QUEUE_FULL = 1 << 18,   /* of replies that wait: nothing is read */
};

enum usb_session_state {
    USB_SESSION_ASKING,   /* nothing is imported */
    USB_SESSION_WATCHING, /* likewise, and it hears of changes */
    USB_SESSION_URBS,
    USB_SESSION_OVER, /* the device has URBs of it */
};

struct usb_session {
    struct event_base *base;
    struct usb_export *export;
    struct usb_session *next;
    enum usb_session_state state;
    struct stream *stream; /* NULL when OVER */
    struct event *timer;   /* ASKING: the limit */
    struct event *flush;   /* what is in `out` goes at the end of the turn */
    struct usbip_reader reader;
    struct usb_device *device;
    struct usb_merge merge; /* what it is given goes through it */
    uint32_t devid;
    struct usb_urbs urbs;
    struct usb_urb *reading;   /* its payload is being read */
    struct usb_urb *to_cancel; /* the next one, when the session ends */
    bool parked;               /* one is not read before others are done: the line is full */
    bool processing;           /* bytes of the client are being taken */
    bool starting;             /* those in line are being submitted */
    bool ending;               /* URBs are being cancelled */
    bool waits;                /* for its own old session to let go of what it imports */
    bool outdated; /* WATCHING: the list has changed, but the last one is not sent yet */
    struct usb_unlinks unlinks;
    struct event *early;         /* those kept are over */
    struct usb_hold_owner owner; /* of the device, after the session */
    struct usbip_ext_import wanted;
    struct buf in;  /* bytes behind a parked URB */
    struct buf out; /* replies of this turn */
    char why[160];  /* it has ended, though it has a device */
    char peer[80];
};

static void close_session(struct usb_session *s);
static void update(struct usb_session *s);
static void start_waiting(struct usb_session *s);
static bool is_held_up(const struct usb_session *s);

/* --- replies ---------------------------------------------------------------------------------- */

static void flush(struct usb_session *s)
{
    if (!s->stream || s->out.len == 0)
        return;
    int r = stream_write(s->stream, buf_head(&s->out), s->out.len);
    if (r == 0)
        buf_drain(&s->out, s->out.len);
    else
        usb_session_end(s, "its replies cannot be kept any longer: it does not read them");
}

static void on_flush(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    flush(ctx);
}

static void reply(struct usb_session *s, const void *data, size_t len)
{
    if (!s->stream)
        return;
    if (s->out.len + len > JOIN_MAX)
        flush(s);
    if (len > JOIN_MAX && s->stream) {
        if (stream_write(s->stream, data, len) < 0)
            usb_session_end(s, "its replies cannot be kept any longer: it does not read them");
        return;
    }
    if (!s->stream)
        return;
    if (buf_add(&s->out, data, len) < 0)
        usb_session_end(s, "out of memory");
    else if (!event_pending(s->flush, EV_TIMEOUT, NULL))
        event_active(s->flush, EV_TIMEOUT, 0);
}

static void reply_op(struct usb_session *s, uint16_t code, uint32_t status)
{
    const struct usbip_op op = {.version = USBIP_VERSION, .code = code, .status = status};
    uint8_t bytes[USBIP_OP_SIZE];

    usbip_put_op(&op, bytes);
    reply(s, bytes, sizeof bytes);
}

static void reply_device(struct usb_session *s, const struct usbip_device *d)
{
    uint8_t bytes[USBIP_DEVICE_SIZE];

    usbip_put_device(d, bytes);
    reply(s, bytes, sizeof bytes);
}

static void reply_unlink(struct usb_session *s, uint32_t seqnum, int status)
{
    const struct usbip_urb u = {.command = USBIP_RET_UNLINK, .seqnum = seqnum, .status = status};
    uint8_t bytes[USBIP_URB_SIZE];

    usbip_put_urb(&u, bytes);
    reply(s, bytes, sizeof bytes);
}

/* --- first phase ------------------------------------------------------------------------------ */

/* Says goodbye after a reply: each request has a connection of its own. */
static void finish(struct usb_session *s)
{
    flush(s);
    if (!s->stream)
        return;
    struct stream *stream = s->stream;
    s->stream = NULL;
    stream_finish(stream);
    close_session(s);
}

/* Replies with a listing. */
static void reply_listing(struct usb_session *s, struct buf *b, int added)
{
    if (added < 0)
        usb_session_end(s, "the list of devices is too long, or there is no memory for it");
    else
        reply(s, buf_head(b), b->len);
    buf_free(b);
    flush(s);
}

/* A device that is in use is not listed, as the kernel's server does: a list is what can be had. */
static void list(struct usb_session *s)
{
    struct buf b;

    buf_init(&b, USB_LISTING_MAX);
    reply_listing(s, &b, usb_listing_add_standard(&b, usb_export_devices(s->export)));
    log_debug("%s: has the list of devices", s->peer);
    finish(s);
}

static void list_anew(struct usb_session *s)
{
    struct buf b;

    s->outdated = false;
    buf_init(&b, USB_LISTING_MAX);
    reply_listing(s, &b, usb_listing_add_extended(&b, usb_export_devices(s->export)));
}

static void list_extended(struct usb_session *s)
{
    list_anew(s);
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

static void refuse(struct usb_session *s, enum usbip_op_status status, const char *why)
{
    log_info("%s: cannot import \"%s\": %s", s->peer, s->wanted.busid, why);
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
        reply(s, bytes, sizeof bytes);
}

/* Whether the device is that of the same client, whose old session has not noticed its end. */
static bool is_own(const struct usb_session *s, const struct usb_device *d)
{
    return d->importer && d->importer->owner.ms > 0 && s->owner.ms > 0 &&
           memcmp(d->importer->owner.token, s->owner.token, USBIP_EXT_TOKEN_SIZE) == 0;
}

/* Imports what is wanted, or refuses, or has it wait. */
static void import(struct usb_session *s)
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
    d->importer = s;
    s->device = d;
    usb_merge_init(&s->merge, d);
    s->devid = usbip_devid(&d->record);
    s->state = USB_SESSION_URBS;
    event_del(s->timer);
    log_info("%s: imported by %s%s", d->name, s->peer, resumed ? ", as it was left" : "");
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
    import(s);
}

static void take_op(struct usb_session *s)
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

/* --- URBs ------------------------------------------------------------------------------------- */

static struct usb_urb *younger(const struct usb_urb *u)
{
    return (struct usb_urb *)(void *)u->entry.younger;
}

static void on_done(struct usb_transfer *t)
{
    struct usb_urb *u = (struct usb_urb *)(void *)((char *)t - offsetof(struct usb_urb, transfer));
    struct usb_session *s = u->session;
    const bool cancelled = u->unlinked && t->status == USBIP_ECONNRESET;

    u->cancelled = true; /* should the session end by the reply: there is nothing to cancel */
    if (u->submitted)
        usb_pcap_done(usb_export_pcap(s->export), s->device, t);
    if (t->status == 0 && (u->head.flags & USBIP_SHORT_NOT_OK) && (t->address & 0x80) &&
        t->packet_count == 0 && t->actual < t->length)
        t->status = USBIP_EREMOTEIO;
    if (!cancelled || ((t->address & 0x80) && t->actual > 0))
        reply(s, u->reply, usb_urb_reply(u));
    if (u->unlinked)
        reply_unlink(s, u->unlink_seqnum,
                     cancelled && !((t->address & 0x80) && t->actual > 0) ? USBIP_ECONNRESET : 0);
    usb_unlinks_note(&s->unlinks, u->entry.seqnum);
    if (s->to_cancel == u)
        s->to_cancel = younger(u);
    usb_urbs_remove(&s->urbs, u);
    if (s->state == USB_SESSION_OVER && s->urbs.table.count == 0 && !s->ending)
        close_session(s);
    start_waiting(s);
    if (s->parked && !s->processing && !s->starting)
        update(s);
}

static void submit(struct usb_session *s, struct usb_urb *u)
{
    int status = usb_urb_prepare(u);

    if (status < 0) {
        for (size_t i = 0; i < u->transfer.packet_count; i++)
            u->transfer.packets[i].actual = 0;
        u->transfer.status = status;
        on_done(&u->transfer);
        return;
    }
    u->submitted = true;
    u->transfer.done = on_done;
    usb_pcap_submit(usb_export_pcap(s->export), s->device, &u->transfer);
    usb_merge_submit(&s->merge, &u->transfer);
    if (!s->processing)
        usb_merge_start(&s->merge);
}

/* Submits those in line that have room now. */
static void start_waiting(struct usb_session *s)
{
    if (s->starting)
        return;
    s->starting = true; /* what is submitted may be done at once */
    for (;;) {
        struct usb_urb *u;
        int r = usb_urbs_next(&s->urbs, &u);

        if (r == -ENOMEM)
            usb_session_end(s, "out of memory");
        if (r < 0)
            break;
        submit(s, u);
    }
    s->starting = false;
}

/* Waits for the URBs of the unlinks that came before them. */
static void wait_for_early(struct usb_session *s)
{
    event_add(s->early, &(struct timeval){0, USB_UNLINKS_EARLY_MS * 1000L});
}

/* Those kept are for URBs that nobody knows, unless one is being read, or not read now. */
static void on_early(evutil_socket_t fd, short what, void *ctx)
{
    struct usb_session *s = ctx;
    uint32_t seqnum;

    (void)fd;
    (void)what;
    if (s->stream && (s->reading || is_held_up(s))) {
        wait_for_early(s);
        return;
    }
    while (usb_unlinks_take_first(&s->unlinks, &seqnum))
        reply_unlink(s, seqnum, 0);
}

/* Whether a URB was unlinked before it came; then it is answered, and gone. */
static bool is_unlinked_early(struct usb_session *s, struct usb_urb *u)
{
    uint32_t seqnum;

    if (!usb_unlinks_take(&s->unlinks, u->entry.seqnum, &seqnum))
        return false;
    usb_unlinks_note(&s->unlinks, u->entry.seqnum);
    usb_urbs_remove(&s->urbs, u);
    reply_unlink(s, seqnum, USBIP_ECONNRESET);
    return true;
}

/* The URB that was being read is there. */
static void take_body(struct usb_session *s)
{
    struct usb_urb *u = s->reading;

    s->reading = NULL;
    if (!u || is_unlinked_early(s, u))
        return;
    if (!u->waits) {
        submit(s, u);
        return;
    }
    usb_urbs_wait(&s->urbs, u);
    start_waiting(s);
}

static void unlink_urb(struct usb_session *s)
{
    const struct usbip_urb *head = &s->reader.urb;
    struct usb_urb *u = usb_urbs_find(&s->urbs, head->unlink);

    if (!u && usb_unlinks_keep(&s->unlinks, head->seqnum, head->unlink)) {
        wait_for_early(s);
        return;
    }
    if (u && u->waits) {
        usb_unlinks_note(&s->unlinks, head->unlink);
        usb_urbs_remove(&s->urbs, u);
        reply_unlink(s, head->seqnum, USBIP_ECONNRESET);
        start_waiting(s); /* there may be room for the next one */
        return;
    }
    if (!u || u->unlinked || !u->submitted) { /* its answer is on its way, or it never was */
        reply_unlink(s, head->seqnum, 0);
        return;
    }
    u->unlinked = true;
    u->unlink_seqnum = head->seqnum;
    usb_merge_cancel(&s->merge, &u->transfer);
}

/* Begins to read a URB. Returns false when it has to wait for others before that. */
static bool read_urb(struct usb_session *s, const struct usbip_body *body)
{
    struct usb_urb *u;
    int r = usb_urbs_make(&s->urbs, &s->reader.urb, body->packets, &u);

    if (r == -EAGAIN)
        return false;
    if (r < 0) {
        usb_session_end(s, r == -EEXIST ? "it uses the number of a URB that is under way"
                                        : "out of memory");
        return true;
    }
    u->session = s;
    s->reading = u;
    usbip_reader_body(&s->reader, u->transfer.data, u->transfer.packets, body);
    return true;
}

/* Begins to read the URB whose header is there. Returns false when it has to wait for room. */
static bool begin_urb(struct usb_session *s)
{
    const struct usbip_urb *head = &s->reader.urb;
    struct usbip_body body;
    size_t max = s->urbs.budget < PAYLOAD_MAX ? s->urbs.budget : PAYLOAD_MAX;

    int r = usbip_urb_body(head, 0, max, &body);
    if (r < 0 || head->command == USBIP_RET_SUBMIT || head->command == USBIP_RET_UNLINK) {
        usb_session_end(s, r == -EMSGSIZE ? "it sends a transfer larger than is allowed"
                                          : "it sends what is no command of USB/IP");
        return true;
    }
    if (head->devid != s->devid) {
        usb_session_end(s, "it speaks of a device that it has not imported");
        return true;
    }
    if (head->command == USBIP_CMD_UNLINK) {
        usbip_reader_skip(&s->reader, &body);
        unlink_urb(s);
        return true;
    }
    return read_urb(s, &body);
}

/* --- the stream ------------------------------------------------------------------------------- */

/* Whether more replies wait for the client than it is read with. */
static bool is_full(const struct usb_session *s)
{
    return stream_queued(s->stream) >= QUEUE_FULL;
}

/* Whether nothing is to be read now. */
static bool is_held_up(const struct usb_session *s)
{
    return s->parked || s->waits || is_full(s);
}

/* Takes one record. Returns false when there is none. */
static bool take(struct usb_session *s, const uint8_t **data, size_t *len)
{
    switch (usbip_reader_next(&s->reader, data, len)) {
    case USBIP_READ_NOTHING:
        return false;
    case USBIP_READ_OP:
        take_op(s);
        break;
    case USBIP_READ_URB:
        s->parked = !begin_urb(s);
        break;
    case USBIP_READ_BODY:
        take_body(s);
        break;
    case USBIP_READ_DEVICE:
    case USBIP_READ_INTERFACE:
    case USBIP_READ_BAD:
        usb_session_end(s, "it sends what is no command of USB/IP");
        break;
    }
    return true;
}

/* Takes bytes of the client; what is left behind a parked URB, or when the client does not read
 * what it is answered, is kept. */
static void process(struct usb_session *s, const uint8_t *data, size_t len)
{
    s->processing = true;
    while (s->stream && !is_held_up(s) && take(s, &data, &len))
        ;
    s->processing = false;
    if (s->stream && len > 0 && buf_add(&s->in, data, len) < 0)
        usb_session_end(s, "out of memory");
    usb_merge_start(&s->merge); /* what is done at once may have what is kept be taken */
    flush(s);
}

/* Goes on where that is possible again. */
static void update(struct usb_session *s)
{
    if (s->parked)
        s->parked = !begin_urb(s);
    if (s->outdated)
        list_anew(s);
    if (s->stream && !is_held_up(s)) {
        struct buf kept = s->in;

        buf_init(&s->in, s->in.max);
        process(s, kept.len ? buf_head(&kept) : NULL, kept.len);
        buf_free(&kept);
    }
    if (s->stream)
        stream_read(s->stream, !is_held_up(s));
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct usb_session *s = ctx;

    process(s, data, len);
    if (s->stream)
        stream_read(s->stream, !is_held_up(s));
}

static size_t on_room(void *ctx, uint8_t **into)
{
    struct usb_session *s = ctx;
    size_t room = is_held_up(s) ? 0 : usbip_reader_room(&s->reader, into);

    return room >= DIRECT_MIN ? room : 0;
}

static void on_filled(void *ctx, size_t len)
{
    struct usb_session *s = ctx;

    usbip_reader_filled(&s->reader, len);
    on_received(s, NULL, 0);
}

static void on_drained(void *ctx)
{
    update(ctx);
}

static void on_ended(void *ctx, int error)
{
    struct usb_session *s = ctx;

    s->owner.has_lost = error < 0;
    usb_session_end(s, error < 0 ? os_error_text(-error) : "it has closed the connection");
}

static const struct stream_callbacks stream_callbacks = {
    .received = on_received,
    .room = on_room,
    .filled = on_filled,
    .beyond =
        USBIP_URB_SIZE, /* the next one's header, so that its payload can be read into place */
    .drained = on_drained,
    .ended = on_ended,
};

/* --- beginning and end ------------------------------------------------------------------------ */

static void on_limit(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    usb_session_end(ctx, "it asks for nothing");
}

static void session_free(void *arg)
{
    struct usb_session *s = arg;

    usb_urbs_free(&s->urbs);
    buf_free(&s->in);
    buf_free(&s->out);
    if (s->timer)
        event_free(s->timer);
    if (s->flush)
        event_free(s->flush);
    if (s->early)
        event_free(s->early);
    free(s);
}

static void on_hold_ended(void *export)
{
    usb_export_changed(export);
}

/* Keeps the device for this client, or gives it back. One line tells of it, and of why. */
static void leave_device(struct usb_session *s)
{
    struct usb_device *d = s->device;

    s->device = NULL;
    d->importer = NULL;
    const bool kept = s->owner.ms > 0 && !d->gone &&
                      usb_hold_begin(s->base, d, &s->owner, on_hold_ended, s->export) == 0;
    if (!kept)
        d->ops->release(d);
    log_info("%s: %s: %s%s", s->peer, d->name, s->why,
             kept      ? "; kept for it for a while"
             : d->gone ? ""
                       : "; free again");
    usb_export_changed(s->export);
}

/* The last URB is done. */
static void close_session(struct usb_session *s)
{
    s->state = USB_SESSION_OVER;
    event_del(s->timer);
    event_del(s->flush);
    event_del(s->early);
    if (s->device)
        leave_device(s);
    usb_export_forget(s->export, s);
    loop_defer(s->base, session_free, s);
}

/* Any of them may be done by the cancel of another one. */
static void cancel_all(struct usb_session *s)
{
    s->to_cancel = (struct usb_urb *)(void *)s->urbs.table.oldest;
    while (s->to_cancel) {
        struct usb_urb *u = s->to_cancel;

        s->to_cancel = younger(u);
        if (u->cancelled)
            continue;
        u->cancelled = true;
        usb_merge_cancel(&s->merge, &u->transfer);
    }
}

void usb_session_end(struct usb_session *s, const char *why)
{
    if (s->state == USB_SESSION_OVER)
        return;
    if (s->device)
        snprintf(s->why, sizeof s->why, "%s", why);
    else if (s->state == USB_SESSION_WATCHING) /* as programs do when they end */
        log_debug("%s: watches no more: %s", s->peer, why);
    else
        log_info("%s: %s", s->peer, why);
    stream_close(s->stream);
    s->stream = NULL;
    s->parked = s->waits = s->outdated = false;
    if (s->reading)
        usb_urbs_remove(&s->urbs, s->reading);
    s->reading = NULL;
    while (s->urbs.first)
        usb_urbs_remove(&s->urbs, s->urbs.first);
    s->state = USB_SESSION_OVER;
    s->ending = true; /* the last one that is done does not close it yet */
    cancel_all(s);
    s->ending = false;
    if (s->urbs.table.count == 0)
        close_session(s);
}

void usb_session_notice(struct usb_session *s)
{
    if (s->waits) {
        import(s);
        if (s->stream)
            update(s);
    } else if (s->state == USB_SESSION_WATCHING && s->stream) {
        if (stream_queued(s->stream) == 0)
            list_anew(s);
        else
            s->outdated = true;
    }
}

struct usb_session *usb_session_next(const struct usb_session *s)
{
    return s->next;
}

void usb_session_set_next(struct usb_session *s, struct usb_session *next)
{
    s->next = next;
}

const char *usb_session_peer(const struct usb_session *s)
{
    return s->peer;
}

struct usb_session *usb_session_new(struct event_base *base, struct usb_export *export,
                                    evutil_socket_t fd)
{
    const struct timeval limit = {OP_LIMIT_S, 0};
    struct usb_session *s = calloc(1, sizeof *s);

    if (!s) {
        evutil_closesocket(fd);
        return NULL;
    }
    s->base = base;
    s->export = export;
    usb_urbs_init(&s->urbs, usb_export_budget(export));
    usbip_reader_init(&s->reader);
    buf_init(&s->in, IN_MAX);
    buf_init(&s->out, 2 * JOIN_MAX);
    s->timer = evtimer_new(base, on_limit, s);
    s->flush = evtimer_new(base, on_flush, s);
    s->early = evtimer_new(base, on_early, s);
    s->stream = stream_new(base, fd, 2 * usb_export_budget(export), &stream_callbacks, s);
    if (!s->timer || !s->flush || !s->early || !s->stream) {
        stream_close(s->stream);
        session_free(s);
        return NULL;
    }
    snprintf(s->peer, sizeof s->peer, "%s", stream_peer(s->stream));
    snprintf(s->owner.peer, sizeof s->owner.peer, "%s", s->peer);
    event_add(s->timer, &limit);
    stream_read(s->stream, true);
    return s;
}
