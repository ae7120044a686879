/*
 * An imported device: URBs sent over its connection, and their answers. It waits for nothing but in
 * usbip_link_control; the owner waits for `fd`, and calls usbip_link_step. Not for several threads
 * at once: the owner has a lock.
 *
 * OUT data may be posted: such a URB is done as soon as the connection has taken it, while the
 * device still works on it. The window of those is bounded, they stay in order, and a later error
 * is kept for the owner to tell.
 */
#ifndef CLIENT_LIBUSB_USBIP_LINK_H
#define CLIENT_LIBUSB_USBIP_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/usbip.h"
#include "proto/usbip_reader.h"
#include "proto/usbip_urbs.h"

enum {
    USBIP_LINK_IN_MAX = 64 * 1024,     /* bytes read at once */
    USBIP_LINK_POSTED_MAX = 64 * 1024, /* bytes that are posted and not answered */
    USBIP_LINK_POSTED_COUNT = 256,     /* and URBs */
    USBIP_LINK_LENGTH_MAX = 16 << 20,  /* of a URB: com2net takes no more, by default */
    USBIP_LINK_UNLINK_MS = 1000,       /* servers that do not answer an unlink get no longer */
    USBIP_LINK_EXCESS_MAX = 64 * 1024, /* bytes of an answer beyond what was asked, which are cut */
};

/*
 * Where a URB is in its life. Only usbip_link_move (usbip_link_state.h) changes it, and the
 * counters of the link that follow from it. These are all the ways:
 *
 * - OWNED > QUEUED > SENDING > SENT > DONE > OWNED: as usual;
 * - QUEUED > DONE: cancelled before a byte of it has gone;
 * - SENDING > LEAVING > CANCELLED > UNLINKED > DONE: cancelled later; SENT > CANCELLED, too;
 * - SENT > POSTED > OWNED: a stand-in, or nobody's;
 * - CANCELLED > GIVEN_UP > DROPPED > OWNED, UNLINKED > DROPPED: its unlink is not answered in time;
 * - any > DONE: the connection has ended.
 *
 * One that nobody waits for is freed where others are DONE.
 */
enum usbip_link_state {
    USBIP_LINK_OWNED,     /* its owner's: not submitted yet, or taken */
    USBIP_LINK_QUEUED,    /* no byte of it has gone; it has no number */
    USBIP_LINK_SENDING,   /* some have: it is the first of the queue */
    USBIP_LINK_LEAVING,   /* likewise, and it is cancelled: an unlink is to follow it */
    USBIP_LINK_SENT,      /* all have: it waits for its answer */
    USBIP_LINK_CANCELLED, /* likewise, and an unlink is to be sent */
    USBIP_LINK_UNLINKED,  /* likewise, and the unlink is sent */
    USBIP_LINK_POSTED,    /* sent; who asked for it has been told that it is done */
    USBIP_LINK_GIVEN_UP,  /* as CANCELLED, but nobody waits for it any more */
    USBIP_LINK_DROPPED,   /* as UNLINKED, likewise */
    USBIP_LINK_DONE,      /* to be taken */
    USBIP_LINK_STATES
};

/* One URB. The link's, from submit until it is taken; then the owner's again. */
struct usbip_link_urb {
    struct usbip_urbs_entry entry; /* its number, while it is in flight */
    struct usbip_link_urb *next;   /* to be sent; or done */
    void *owner;                   /* what it is for, or NULL: nobody waits for it any more */
    /* what is asked */
    uint8_t setup[8]; /* of endpoint 0 */
    uint8_t address;  /* of the endpoint, with 0x80 for IN; endpoint 0 too */
    uint32_t flags;   /* enum usbip_flags */
    int32_t interval; /* in frames or microframes; of interrupt and isochronous ones */
    bool post;        /* OUT: done when it is sent, unless it is larger than the window */
    bool barrier;     /* it is sent when nothing posted is under way any more */
    uint8_t *data;    /* `length` bytes, which stay valid while it is the link's */
    size_t length;
    struct usbip_packet *packets; /* isochronous: offset and length are given, the rest is told */
    size_t packet_count;
    /* the result */
    int status; /* 0, enum usbip_errno, or whatever the server likes */
    size_t actual;
    /* the link's own */
    enum usbip_link_state state;
    struct usbip_packet *told; /* as the server says */
    uint32_t unlink_seqnum;    /* 0: no unlink was sent */
    long long give_up;         /* when an unlink that is not answered is taken for done, in ms */
};

struct usbip_link {
    int fd; /* -1: it has ended */
    uint32_t devid;
    uint32_t seqnum;
    struct usbip_reader reader;
    struct usbip_urbs urbs;               /* SENDING to DROPPED */
    struct usbip_link_urb *first, *last;  /* QUEUED; the first may be SENDING, or LEAVING */
    size_t offset;                        /* bytes of the first that are sent */
    struct usbip_link_urb *done, *newest; /* DONE */
    struct usbip_link_urb *reading;       /* its answer's body comes */
    /* usbip_link_move's: how many are in some states */
    size_t posted_bytes, posted_count; /* POSTED */
    unsigned unlinked;                 /* LEAVING to UNLINKED: they have a time to be given up */
    unsigned due;                      /* LEAVING, CANCELLED, GIVEN_UP: their unlinks go first */
    int posted_error;                  /* of one that nobody waits for; 0 */
    unsigned unlinks_sent;             /* that no RET_UNLINK has come for */
    unsigned strays;                   /* RET_UNLINKs that nobody has asked for */
    bool joins;                        /* the connection joins what is sent; see usbip_link.c */
    int error;                         /* why it has ended: a negative errno */
    uint8_t *in;                       /* USBIP_LINK_IN_MAX bytes */
    size_t in_start, in_len;
};

/* Begins one on the connection of an import, which it owns. Returns 0 or -ENOMEM. */
int usbip_link_init(struct usbip_link *l, int fd, uint32_t devid);

/* Ends it at once. What was not done is not told; URBs that belonged to it are freed. */
void usbip_link_free(struct usbip_link *l);

/* In the child of a fork: the connection is the parent's. It has ended here, without a word to the
 * server; what was under way is not told of. */
void usbip_link_abandon(struct usbip_link *l);

/* A URB, all zero. Returns NULL without memory. usbip_link_urb_free accepts NULL. */
struct usbip_link_urb *usbip_link_urb_new(size_t packets);
void usbip_link_urb_free(struct usbip_link_urb *u);

/* Sends one, or queues it behind those that wait for the connection. It may be done at once.
 * Returns 0, or -ENOMEM when it is to be sent at once and there is no memory for that: it stays the
 * owner's. One that waits is done with USBIP_ENOMEM then. */
int usbip_link_submit(struct usbip_link *l, struct usbip_link_urb *u);

/* Posts a copy of OUT data, which nobody waits for. Returns false, and has done nothing, when
 * something else has to come first: URBs that wait, answers, or an error that is to be told; or
 * they are more than USBIP_LINK_POSTED_MAX. */
bool usbip_link_post(struct usbip_link *l, uint8_t address, const uint8_t *data, size_t len);

/* Does not want it any more: it will be done soon, whatever the server does. Returns false where
 * there is nothing to cancel: it is done already, and to be taken. */
bool usbip_link_unlink(struct usbip_link *l, struct usbip_link_urb *u);

/* Nobody waits for it, and its data go: it is unlinked, and freed when it is done, or at once. */
void usbip_link_forget(struct usbip_link *l, struct usbip_link_urb *u);

/* The first one that is under way and that `matches`; NULL if there is none. */
struct usbip_link_urb *usbip_link_find(struct usbip_link *l,
                                       bool (*matches)(const struct usbip_link_urb *u));

/* Sends and receives what can be without waiting, and not for ever: `fd` may have more. When the
 * connection ends, all that was under way is done with USBIP_ESHUTDOWN. */
void usbip_link_step(struct usbip_link *l);

/* Takes one that is done, in the order in which they were; NULL if none is. */
struct usbip_link_urb *usbip_link_take(struct usbip_link *l);

/* Whether something waits for the connection to take it: `fd` is to be watched for that, too. */
bool usbip_link_wants_to_send(const struct usbip_link *l);

/* Milliseconds until usbip_link_step has to be called though nothing has come; -1: not at all. */
int usbip_link_timeout(const struct usbip_link *l);

/* Carries out a request of endpoint 0 and waits for it, at most `ms`. What else is done meanwhile
 * is kept for usbip_link_take. Returns the bytes moved, or enum usbip_errno: USBIP_ETIMEDOUT when
 * nothing came, USBIP_ENOMEM without memory. */
int usbip_link_control(struct usbip_link *l, const uint8_t setup[static 8], uint8_t *data, int ms);

/* Waits, at most `ms`, until all that was submitted before has been sent and what is posted is
 * answered. Returns whether it is. */
bool usbip_link_flush(struct usbip_link *l, int ms);

#endif
