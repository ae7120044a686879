/*
 * Theory of operation. A session lists, and is over, or stays and lists again when something
 * changes. Or it imports a device (both usb_inquiry.c) and then carries out URBs (usb_import.c).
 * Here are its stream, its beginning and its end.
 *
 * When the client disconnects, URBs under way are cancelled. The session ends when the device has
 * released the last. Then the device is free, or kept for this client for a while. A client that
 * comes back, with its token, while its old session seems alive ends that, and waits until the
 * device is its own.
 */
#include "usb_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "crowd.h"
#include "error_text.h"
#include "log.h"
#include "log_peer.h"
#include "loop.h"
#include "newcomer.h"
#include "proto/buf.h"
#include "proto/usbip_reader.h"
#include "stream.h"
#include "timer.h"
#include "usb_device.h"
#include "usb_hold.h"
#include "usb_import.h"
#include "usb_inquiry.h"
#include "usb_replies.h"

enum {
    OP_LIMIT_MS = 10000,    /* for the first request */
    DIRECT_MIN = 16 * 1024, /* payload that is read into place */
    IN_MAX = 1 << 17,       /* more than one read of the connection */
    QUEUE_FULL = 1 << 18,   /* of replies that wait: nothing is read */
};

struct usb_session {
    const struct usb_session_setup *setup;
    struct usb_session *next, **at; /* `at`: the pointer to this one */
    bool over;                      /* the device may have URBs of it still */
    struct stream *stream;          /* NULL when over */
    struct crowd_place *place;
    struct timer limit; /* for the first request */
    struct usbip_reader reader;
    struct usb_replies replies;
    struct usb_inquiry inquiry;
    struct usb_import import;
    struct usb_importer importer; /* what that knows of the session */
    struct usb_hold_owner owner;  /* of the device, after the session */
    struct buf in;                /* bytes that wait: after a parked URB, or for others */
    char why[160];                /* it has ended, though it has a device */
    char peer[80];
};

static void session_end(struct usb_session *s, const char *why);

/* --- the stream ------------------------------------------------------------------------------- */

/* Whether more replies wait for the client than it is read with. */
static bool is_full(const struct usb_session *s)
{
    return stream_queued(s->stream) >= QUEUE_FULL;
}

/* Whether nothing of the client is to be read now. */
static bool is_held_up(const struct usb_session *s)
{
    return s->import.parked || s->inquiry.waits || is_full(s);
}

/* Takes one record. Returns false when there is none. */
static bool take(struct usb_session *s, const uint8_t **data, size_t *len)
{
    switch (usbip_reader_next(&s->reader, data, len)) {
    case USBIP_READ_NOTHING:
        return false;
    case USBIP_READ_OP:
        usb_inquiry_take(&s->inquiry);
        break;
    case USBIP_READ_URB:
        usb_import_take_head(&s->import);
        break;
    case USBIP_READ_BODY:
        usb_import_take_body(&s->import);
        break;
    case USBIP_READ_DEVICE:
    case USBIP_READ_INTERFACE:
    case USBIP_READ_BAD:
        session_end(s, "it sends what is no command of USB/IP");
        break;
    }
    return true;
}

/* Takes bytes of the client. Bytes after a parked URB are kept, and so is the rest when the client
 * does not read its answers. */
static void process(struct usb_session *s, const uint8_t *data, size_t len)
{
    s->import.gathering = true;
    while (s->stream && !is_held_up(s) && take(s, &data, &len))
        ;
    s->import.gathering = false;
    if (s->stream && len > 0 && buf_add(&s->in, data, len) < 0)
        session_end(s, "out of memory");
    usb_import_start(&s->import); /* what is done at once may have what is kept be taken */
    usb_replies_flush(&s->replies);
}

/* Continues where that is possible again. */
static void update(struct usb_session *s)
{
    usb_import_retry(&s->import);
    usb_inquiry_catch_up(&s->inquiry);
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

    /* a reset comes from where the program has ended with answers unread: no loss of the network */
    s->owner.has_lost = error < 0 && error != -ECONNRESET && error != -EPIPE;
    session_end(s, error < 0 ? error_text(-error) : "it has closed the connection");
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

/* --- the end ---------------------------------------------------------------------------------- */

static void session_free(void *arg)
{
    struct usb_session *s = arg;

    usb_import_free(&s->import);
    usb_replies_free(&s->replies);
    buf_free(&s->in);
    timer_stop(&s->limit);
    free(s);
}

/* Keeps the device for this client, or gives it back. One line tells of it, and of why. */
static void leave_device(struct usb_session *s)
{
    const struct usb_session_setup *setup = s->setup;
    struct usb_device *d = s->import.device;

    s->import.device = NULL;
    d->importer = NULL;
    const bool kept =
        s->owner.ms > 0 && !d->gone &&
        usb_hold_begin(setup->base, d, &s->owner, setup->callbacks->changed, setup->ctx) == 0;
    if (!kept)
        d->ops->release(d);
    log_peer_info(s->peer, "%s: %s: %s%s", s->peer, d->name, s->why,
                  kept      ? "; kept for it for a while"
                  : d->gone ? ""
                            : "; free again");
    setup->callbacks->changed(setup->ctx);
}

static void leave_list(struct usb_session *s)
{
    *s->at = s->next;
    if (s->next)
        s->next->at = s->at;
}

/* The last URB is done, the stream gone. */
static void session_close(struct usb_session *s)
{
    s->over = true;
    usb_replies_stop(&s->replies);
    usb_inquiry_stop(&s->inquiry);
    timer_stop(&s->limit);
    crowd_leave(s->place);
    s->place = NULL;
    if (s->import.device)
        leave_device(s);
    leave_list(s);
    s->setup->callbacks->ended(s->setup->ctx);
    loop_defer(s->setup->base, session_free, s);
}

static void session_end(struct usb_session *s, const char *why)
{
    if (s->over)
        return;
    if (s->import.device)
        snprintf(s->why, sizeof s->why, "%s", why);
    else if (s->inquiry.watching) /* as programs do when they end */
        log_debug("%s: watches no more: %s", s->peer, why);
    else
        log_peer_info(s->peer, "%s: %s", s->peer, why);
    s->over = true;
    stream_close(s->stream);
    s->stream = NULL;
    crowd_leave(s->place);
    s->place = NULL;
    usb_replies_stop(&s->replies);
    usb_inquiry_stop(&s->inquiry);
    if (usb_import_end(&s->import))
        session_close(s);
}

static void on_failed(void *ctx, const char *why)
{
    session_end(ctx, why);
}

static void on_limit(void *ctx)
{
    session_end(ctx, "it asks for nothing");
}

/* --- the first phase -------------------------------------------------------------------------- */

static void on_answered(void *ctx)
{
    struct usb_session *s = ctx;

    usb_replies_flush(&s->replies);
    struct stream *stream = s->stream;
    if (!stream)
        return;
    s->stream = NULL;
    stream_finish(stream);
    session_close(s);
}

static void on_watches(void *ctx)
{
    timer_stop(&((struct usb_session *)ctx)->limit);
}

static void on_imported(void *ctx, struct usb_device *d, bool resumed)
{
    struct usb_session *s = ctx;

    d->importer = &s->importer;
    crowd_set_working(s->place, true);
    usb_import_begin(&s->import, d);
    timer_stop(&s->limit);
    log_peer_info(s->peer, "%s: imported by %s%s", d->name, s->peer,
                  resumed ? ", as it was left" : "");
    s->setup->callbacks->changed(s->setup->ctx);
}

static const struct usb_inquiry_callbacks inquiry_callbacks = {
    .failed = on_failed,
    .answered = on_answered,
    .watches = on_watches,
    .imported = on_imported,
};

/* --- the second phase ------------------------------------------------------------------------- */

static void on_import_ended(struct usb_importer *i, const char *why)
{
    session_end((struct usb_session *)(void *)((char *)i - offsetof(struct usb_session, importer)),
                why);
}

static bool on_asked_held_up(void *ctx)
{
    const struct usb_session *s = ctx;

    return s->stream && is_held_up(s);
}

static void on_has_room(void *ctx)
{
    update(ctx);
}

static void on_idle(void *ctx)
{
    session_close(ctx);
}

static const struct usb_import_callbacks import_callbacks = {
    .failed = on_failed,
    .is_held_up = on_asked_held_up,
    .has_room = on_has_room,
    .idle = on_idle,
};

/* --- beginning -------------------------------------------------------------------------------- */

/* Gives the parts of a session what they need of each other, and of its setup. */
static void connect_parts(struct usb_session *s)
{
    s->importer =
        (struct usb_importer){.peer = s->peer, .owner = &s->owner, .end = on_import_ended};
    s->inquiry = (struct usb_inquiry){.bus = s->setup->bus,
                                      .reader = &s->reader,
                                      .replies = &s->replies,
                                      .importer = &s->importer,
                                      .callbacks = &inquiry_callbacks,
                                      .ctx = s};
    s->import.reader = &s->reader;
    s->import.replies = &s->replies;
    s->import.pcap = s->setup->pcap;
    s->import.peer = s->peer;
    s->import.callbacks = &import_callbacks;
    s->import.ctx = s;
}

static void enter_list(struct usb_session *s, struct usb_sessions *all)
{
    s->next = all->first;
    if (s->next)
        s->next->at = &s->next;
    s->at = &all->first;
    all->first = s;
}

/* Makes what a session has besides its connection. Returns NULL without memory. */
static struct usb_session *make(const struct usb_session_setup *setup, struct newcomer *newcomer)
{
    struct usb_session *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->setup = setup;
    connect_parts(s);
    usbip_reader_init(&s->reader);
    buf_init(&s->in, IN_MAX);
    timer_make(&s->limit, setup->base, on_limit, s);
    usb_import_init(&s->import, setup->base, setup->budget);
    int replies = usb_replies_init(&s->replies, setup->base, newcomer->stream, on_failed, s);
    if (replies == 0 && buf_add(&s->in, buf_head(&newcomer->first), newcomer->first.len) == 0)
        return s;
    session_free(s);
    return NULL;
}

struct usb_session *usb_session_new(const struct usb_session_setup *setup,
                                    struct newcomer *newcomer)
{
    struct usb_session *s = make(setup, newcomer);

    if (!s)
        return NULL;
    s->stream = newcomer->stream;
    s->place = newcomer->place;
    buf_free(&newcomer->first);
    newcomer->stream = NULL;
    stream_set_owner(s->stream, &stream_callbacks, s);
    crowd_set_owner(s->place, on_failed, s);
    snprintf(s->peer, sizeof s->peer, "%s", stream_peer(s->stream));
    snprintf(s->owner.peer, sizeof s->owner.peer, "%s", s->peer);
    enter_list(s, setup->all);
    return s;
}

void usb_session_begin(struct usb_session *s)
{
    timer_in_ms(&s->limit, OP_LIMIT_MS);
    update(s);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void notice(struct usb_session *s)
{
    const bool waited = s->inquiry.waits;

    if (!s->stream)
        return;
    usb_inquiry_notice(&s->inquiry, stream_queued(s->stream) > 0);
    if (waited && s->stream)
        update(s);
}

/* Any may end within the call, and stays until the loop's next turn. */
void usb_sessions_notice(struct usb_sessions *all)
{
    for (struct usb_session *s = all->first, *next; s; s = next) {
        next = s->next;
        notice(s);
    }
}

void usb_sessions_end(struct usb_sessions *all, const char *why)
{
    for (struct usb_session *s = all->first, *next; s; s = next) {
        next = s->next;
        session_end(s, why);
    }
}
