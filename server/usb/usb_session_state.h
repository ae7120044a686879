/*
 * What a session is made of: for usb_session.c, and for its two phases, usb_session_ops.c and
 * usb_session_urbs.c. Nobody else includes this.
 */
#ifndef SERVER_USB_USB_SESSION_STATE_H
#define SERVER_USB_USB_SESSION_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/util.h>

#include "proto/buf.h"
#include "proto/usbip_reader.h"
#include "usb_hold.h"
#include "usb_merge.h"
#include "usb_session.h"
#include "usb_unlinks.h"
#include "usb_urbs.h"

struct crowd_place;
struct event;
struct stream;

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
    struct crowd_place *place;
    struct event *timer; /* ASKING: the limit */
    struct event *flush; /* what is in `out` goes at the end of the turn */
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
    bool refused;              /* a URB was too large, which is said once */
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

/* Replies of one turn are joined; the end of the turn, or flush, sends them. Both may end the
 * session: its stream is NULL then. */
void usb_session_reply(struct usb_session *s, const void *data, size_t len);
void usb_session_flush(struct usb_session *s);

/* Whether nothing of the client is to be read now. */
bool usb_session_is_held_up(const struct usb_session *s);

/* Goes on where that is possible again. */
void usb_session_update(struct usb_session *s);

/* Gives the device back, or keeps it for the client. The last URB is done, the stream gone. */
void usb_session_close(struct usb_session *s);

/* --- usb_session_ops.c: before a device is imported ------------------------------------------- */

/* Carries out what the reader has read. */
void usb_session_take_op(struct usb_session *s);

/* Imports what is wanted, or refuses, or has it wait. */
void usb_session_import(struct usb_session *s);

/* Sends the list to one who watches it. */
void usb_session_list_anew(struct usb_session *s);

/* --- usb_session_urbs.c: afterwards ----------------------------------------------------------- */

/* Takes the URB whose header is there. Returns false when it has to wait for room. */
bool usb_session_begin_urb(struct usb_session *s);

/* Its payload is there, too. */
void usb_session_take_body(struct usb_session *s);

/* Of the session's timer `early`. */
void usb_session_on_early(evutil_socket_t fd, short what, void *session);

/* Cancels all that are under way. */
void usb_session_cancel_all(struct usb_session *s);

#endif
