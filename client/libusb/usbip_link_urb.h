/*
 * The URBs of a link: the state of each, and the lists that hold them. No connection and no clock.
 */
#ifndef CLIENT_LIBUSB_USBIP_LINK_URB_H
#define CLIENT_LIBUSB_USBIP_LINK_URB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/usbip.h"
#include "proto/usbip_urbs.h"

/*
 * Where a URB is in its life. Only usbip_link_urb_move changes it, and the counters
 * that follow from it. These are all the ways:
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
    USBIP_LINK_LEAVING,   /* the same, and it is cancelled: an unlink is to follow it */
    USBIP_LINK_SENT,      /* all have: it waits for its answer */
    USBIP_LINK_CANCELLED, /* the same, and an unlink is to be sent */
    USBIP_LINK_UNLINKED,  /* the same, and the unlink is sent */
    USBIP_LINK_POSTED,    /* sent; its owner has been told that it is done */
    USBIP_LINK_GIVEN_UP,  /* as CANCELLED, but nobody waits for it any more */
    USBIP_LINK_DROPPED,   /* as UNLINKED, the same */
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

/* Those of a link. Empty when it is all zeros. */
struct usbip_link_urbs {
    struct usbip_urbs numbered;           /* SENDING to DROPPED */
    struct usbip_link_urb *first, *last;  /* QUEUED; the first may be SENDING, or LEAVING */
    struct usbip_link_urb *done, *newest; /* DONE */
    /* usbip_link_urb_move's: how many are in some states */
    size_t posted_bytes, posted_count; /* POSTED */
    unsigned unlinked;                 /* LEAVING to UNLINKED: they have a time to be given up */
    unsigned due;                      /* LEAVING, CANCELLED, GIVEN_UP: their unlinks go first */
};

/* A URB, all zero. Returns NULL without memory. */
struct usbip_link_urb *usbip_link_urb_new(size_t packets);

/* Accepts NULL. */
void usbip_link_urb_free(struct usbip_link_urb *u);

/* Moves one, and corrects the counters. The lists are the caller's to see to. */
void usbip_link_urb_move(struct usbip_link_urbs *all, struct usbip_link_urb *u,
                         enum usbip_link_state to);

/* Whether a part of it has gone: it is in the queue, and among those that have numbers. */
static inline bool usbip_link_urb_is_in_part(const struct usbip_link_urb *u)
{
    return u->state == USBIP_LINK_SENDING || u->state == USBIP_LINK_LEAVING;
}

/* Whether it has a time to be given up. */
bool usbip_link_urb_is_timed(const struct usbip_link_urb *u);

static inline struct usbip_link_urb *usbip_link_urb_of(struct usbip_urbs_entry *e)
{
    return (struct usbip_link_urb *)(void *)e;
}

static inline bool usbip_link_urb_is_in(const struct usbip_link_urb *u)
{
    return (u->address & 0x80) != 0;
}

/* Takes what the server says of packets: how much of each has moved, which is never more than was
 * asked. Returns false if that cannot be. */
bool usbip_link_urb_take_packets(struct usbip_link_urb *u);

/* Puts a new one at the end of the queue. */
void usbip_link_urb_queue(struct usbip_link_urbs *all, struct usbip_link_urb *u);

/* Takes one out of the queue. */
void usbip_link_urb_unqueue(struct usbip_link_urbs *all, const struct usbip_link_urb *u);

/* Takes one that is not done out of the list that holds it. */
void usbip_link_urb_take_out(struct usbip_link_urbs *all, struct usbip_link_urb *u);

/* One that is in no list is done, with a status. One that nobody waits for is freed. */
void usbip_link_urb_done(struct usbip_link_urbs *all, struct usbip_link_urb *u, int status);

/* Takes one of those that are done. */
void usbip_link_urb_take_done(struct usbip_link_urbs *all, struct usbip_link_urb *u);

/* One that is not done; NULL if there is none. */
struct usbip_link_urb *usbip_link_urb_any(const struct usbip_link_urbs *all);

/* The first one that is under way and that `matches`; NULL if there is none. */
struct usbip_link_urb *usbip_link_urb_find(const struct usbip_link_urbs *all,
                                           bool (*matches)(const struct usbip_link_urb *u));

/* Frees all, and the lists. */
void usbip_link_urb_free_all(struct usbip_link_urbs *all);

#endif
