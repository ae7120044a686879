#include "usb_replies.h"

#include <errno.h>

#include <event2/event.h>

#include "stream.h"

enum { JOIN_MAX = 16 * 1024 }; /* replies up to this size are joined */

static const char not_read[] = "its replies cannot be kept any longer: it does not read them";

static void on_flush(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    usb_replies_flush(ctx);
}

int usb_replies_init(struct usb_replies *r, struct event_base *base, struct stream *stream,
                     void (*failed)(void *ctx, const char *why), void *ctx)
{
    *r = (struct usb_replies){.stream = stream, .failed = failed, .ctx = ctx};
    buf_init(&r->waiting, 2 * JOIN_MAX);
    r->flush = evtimer_new(base, on_flush, r);
    return r->flush ? 0 : -ENOMEM;
}

void usb_replies_free(struct usb_replies *r)
{
    buf_free(&r->waiting);
    if (r->flush)
        event_free(r->flush);
}

void usb_replies_stop(struct usb_replies *r)
{
    r->stream = NULL;
    event_del(r->flush);
}

void usb_replies_flush(struct usb_replies *r)
{
    if (!r->stream || r->waiting.len == 0)
        return;
    if (stream_write(r->stream, buf_head(&r->waiting), r->waiting.len) == 0)
        buf_drain(&r->waiting, r->waiting.len);
    else
        r->failed(r->ctx, not_read);
}

void usb_replies_add(struct usb_replies *r, const void *data, size_t len)
{
    if (r->waiting.len + len > JOIN_MAX)
        usb_replies_flush(r);
    if (!r->stream)
        return;
    if (len > JOIN_MAX) {
        if (stream_write(r->stream, data, len) < 0)
            r->failed(r->ctx, not_read);
    } else if (buf_add(&r->waiting, data, len) < 0) {
        r->failed(r->ctx, "out of memory");
    } else if (!event_pending(r->flush, EV_TIMEOUT, NULL)) {
        event_active(r->flush, EV_TIMEOUT, 0);
    }
}
