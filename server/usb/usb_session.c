/*
 * Theory of operation. A session lists, and is over, or stays and lists again when something
 * changes; or imports a device (usb_session_ops.c) and then carries out URBs (usb_session_urbs.c).
 * Here are its stream, its replies, its beginning and its end.
 *
 * Replies of one turn share one write. When the client goes, what is under way is cancelled, and
 * the session ends when the device has let go of the last. Then the device is free, or kept for
 * this client for a while. A client that comes back, with its token, while its old session seems
 * alive ends that, and waits until the device is its own.
 */
#include "usb_session_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "crowd.h"
#include "log.h"
#include "log_peer.h"
#include "loop.h"
#include "newcomer.h"
#include "os.h"
#include "stream.h"
#include "usb_device.h"
#include "usb_export.h"

enum {
    OP_LIMIT_S = 10,        /* for the first request */
    JOIN_MAX = 16 * 1024,   /* replies up to this size are joined */
    DIRECT_MIN = 16 * 1024, /* payload that is read into place */
    IN_MAX = 1 << 17,       /* more than one read of the connection */
    QUEUE_FULL = 1 << 18,   /* of replies that wait: nothing is read */
};

/* --- replies ---------------------------------------------------------------------------------- */

void usb_session_flush(struct usb_session *s)
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
    usb_session_flush(ctx);
}

void usb_session_reply(struct usb_session *s, const void *data, size_t len)
{
    if (!s->stream)
        return;
    if (s->out.len + len > JOIN_MAX)
        usb_session_flush(s);
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

/* --- the stream ------------------------------------------------------------------------------- */

/* Whether more replies wait for the client than it is read with. */
static bool is_full(const struct usb_session *s)
{
    return stream_queued(s->stream) >= QUEUE_FULL;
}

bool usb_session_is_held_up(const struct usb_session *s)
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
        usb_session_take_op(s);
        break;
    case USBIP_READ_URB:
        s->parked = !usb_session_begin_urb(s);
        break;
    case USBIP_READ_BODY:
        usb_session_take_body(s);
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
    while (s->stream && !usb_session_is_held_up(s) && take(s, &data, &len))
        ;
    s->processing = false;
    if (s->stream && len > 0 && buf_add(&s->in, data, len) < 0)
        usb_session_end(s, "out of memory");
    usb_merge_start(&s->merge); /* what is done at once may have what is kept be taken */
    usb_session_flush(s);
}

void usb_session_update(struct usb_session *s)
{
    if (s->parked)
        s->parked = !usb_session_begin_urb(s);
    if (s->outdated)
        usb_session_list_anew(s);
    if (s->stream && !usb_session_is_held_up(s)) {
        struct buf kept = s->in;

        buf_init(&s->in, s->in.max);
        process(s, kept.len ? buf_head(&kept) : NULL, kept.len);
        buf_free(&kept);
    }
    if (s->stream)
        stream_read(s->stream, !usb_session_is_held_up(s));
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct usb_session *s = ctx;

    process(s, data, len);
    if (s->stream)
        stream_read(s->stream, !usb_session_is_held_up(s));
}

static size_t on_room(void *ctx, uint8_t **into)
{
    struct usb_session *s = ctx;
    size_t room = usb_session_is_held_up(s) ? 0 : usbip_reader_room(&s->reader, into);

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
    usb_session_update(ctx);
}

static void on_ended(void *ctx, int error)
{
    struct usb_session *s = ctx;

    /* a reset comes from where the program has ended with answers unread: no loss of the network */
    s->owner.has_lost = error < 0 && error != -ECONNRESET && error != -EPIPE;
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
    log_peer_info(s->peer, "%s: %s: %s%s", s->peer, d->name, s->why,
                  kept      ? "; kept for it for a while"
                  : d->gone ? ""
                            : "; free again");
    usb_export_changed(s->export);
}

/* The last URB is done. */
void usb_session_close(struct usb_session *s)
{
    s->state = USB_SESSION_OVER;
    event_del(s->timer);
    event_del(s->flush);
    event_del(s->early);
    crowd_leave(s->place);
    s->place = NULL;
    if (s->device)
        leave_device(s);
    usb_export_forget(s->export, s);
    loop_defer(s->base, session_free, s);
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
        log_peer_info(s->peer, "%s: %s", s->peer, why);
    stream_close(s->stream);
    crowd_leave(s->place);
    s->stream = NULL;
    s->place = NULL;
    s->parked = s->waits = s->outdated = false;
    if (s->reading)
        usb_urbs_remove(&s->urbs, s->reading);
    s->reading = NULL;
    while (s->urbs.first)
        usb_urbs_remove(&s->urbs, s->urbs.first);
    s->state = USB_SESSION_OVER;
    s->ending = true; /* the last one that is done does not close it yet */
    usb_session_cancel_all(s);
    s->ending = false;
    if (s->urbs.table.count == 0)
        usb_session_close(s);
}

void usb_session_notice(struct usb_session *s)
{
    if (s->waits) {
        usb_session_import(s);
        if (s->stream)
            usb_session_update(s);
    } else if (s->state == USB_SESSION_WATCHING && s->stream) {
        if (stream_queued(s->stream) == 0)
            usb_session_list_anew(s);
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

static void on_evicted(void *ctx, const char *why)
{
    usb_session_end(ctx, why);
}

struct usb_session *usb_session_new(struct event_base *base, struct usb_export *export,
                                    struct newcomer *newcomer)
{
    struct usb_session *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->base = base;
    s->export = export;
    usb_urbs_init(&s->urbs, usb_export_budget(export));
    usbip_reader_init(&s->reader);
    buf_init(&s->in, IN_MAX);
    buf_init(&s->out, 2 * JOIN_MAX);
    s->timer = evtimer_new(base, on_limit, s);
    s->flush = evtimer_new(base, on_flush, s);
    s->early = evtimer_new(base, usb_session_on_early, s);
    if (!s->timer || !s->flush || !s->early ||
        buf_add(&s->in, buf_head(&newcomer->first), newcomer->first.len) < 0) {
        session_free(s);
        return NULL;
    }
    s->stream = newcomer->stream;
    s->place = newcomer->place;
    buf_free(&newcomer->first);
    newcomer->stream = NULL;
    stream_set_owner(s->stream, &stream_callbacks, s);
    crowd_set_owner(s->place, on_evicted, s);
    snprintf(s->peer, sizeof s->peer, "%s", stream_peer(s->stream));
    snprintf(s->owner.peer, sizeof s->owner.peer, "%s", s->peer);
    return s;
}

void usb_session_begin(struct usb_session *s)
{
    const struct timeval limit = {OP_LIMIT_S, 0};

    event_add(s->timer, &limit);
    usb_session_update(s);
}
