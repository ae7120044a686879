/*
 * The answers of a session: replies of one turn of the loop are joined, so that they share one
 * write.
 */
#ifndef SERVER_USB_USB_REPLIES_H
#define SERVER_USB_USB_REPLIES_H

#include <stddef.h>

#include "proto/buf.h"

struct event;
struct event_base;
struct stream;

struct usb_replies {
    struct stream *stream; /* the session's; NULL: nobody is to have any more */
    struct buf waiting;    /* replies of this turn */
    struct event *flush;   /* they go at the end of the turn */
    void (*failed)(void *ctx, const char *why);
    void *ctx;
};

/* `failed` is called, perhaps from each of these, where replies cannot be kept any longer: the
 * session is to end. Returns 0 or -ENOMEM. */
int usb_replies_init(struct usb_replies *r, struct event_base *base, struct stream *stream,
                     void (*failed)(void *ctx, const char *why), void *ctx);

/* Frees what it has; not itself. */
void usb_replies_free(struct usb_replies *r);

/* Drops what waits, and all that follows. */
void usb_replies_stop(struct usb_replies *r);

/* Adds a reply, or a part of one. */
void usb_replies_add(struct usb_replies *r, const void *data, size_t len);

/* Sends what waits, now. */
void usb_replies_flush(struct usb_replies *r);

#endif
