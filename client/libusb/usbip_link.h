/*
 * An imported device: URBs sent over its connection, and their answers. It waits for nothing: the
 * owner waits for `fd`, and calls usbip_link_step. Not for several threads
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

#include "proto/usbip_reader.h"
#include "usbip_link_urb.h"

enum {
    USBIP_LINK_IN_MAX = 64 * 1024,     /* bytes read at once */
    USBIP_LINK_POSTED_MAX = 64 * 1024, /* bytes that are posted and not answered */
    USBIP_LINK_POSTED_COUNT = 256,     /* and URBs */
    USBIP_LINK_LENGTH_MAX = 16 << 20,  /* of a URB: com2net takes no more, by default */
    USBIP_LINK_UNLINK_MS = 1000,       /* servers that do not answer an unlink get no longer */
    USBIP_LINK_EXCESS_MAX = 64 * 1024, /* bytes of an answer beyond what was asked, which are cut */
};

struct usbip_link {
    int fd; /* -1: it has ended */
    uint32_t devid;
    uint32_t seqnum;
    struct usbip_reader reader;
    struct usbip_link_urbs urbs;
    size_t offset;                  /* bytes of the first of the queue that are sent */
    struct usbip_link_urb *reading; /* its answer's body comes */
    int posted_error;               /* of one that nobody waits for; 0 */
    unsigned unlinks_sent;          /* that no RET_UNLINK has come for */
    unsigned strays;                /* RET_UNLINKs that nobody has asked for */
    bool joins;                     /* the connection joins what is sent; see usbip_link.c */
    int error;                      /* why it has ended: a negative errno */
    uint8_t *in;                    /* USBIP_LINK_IN_MAX bytes */
    size_t in_start, in_len;
};

/* Begins one on the connection of an import, which it owns. Returns 0 or -ENOMEM. */
int usbip_link_init(struct usbip_link *l, int fd, uint32_t devid);

/* Ends it at once. Undone URBs are not reported; URBs that belonged to it are freed. */
void usbip_link_free(struct usbip_link *l);

/* In the child of a fork: the connection is the parent's. It has ended here, without a word to the
 * server; URBs under way are not reported. */
void usbip_link_abandon(struct usbip_link *l);

/* Sends one, or queues it after those that wait for the connection. It may be done at once. Returns
 * 0, or -ENOMEM when it is to be sent at once and there is no memory for that: it stays the
 * owner's. One that waits is done with USBIP_ENOMEM then. */
int usbip_link_submit(struct usbip_link *l, struct usbip_link_urb *u);

/* Posts a copy of OUT data, which nobody waits for. Returns false, and has done nothing, when
 * something else has to come first: URBs that wait, answers, or an error to report. It does so,
 * too, for more than USBIP_LINK_POSTED_MAX. */
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

/* Sends the bytes that are held back to be joined with more: somebody waits for the answers. */
void usbip_link_push(struct usbip_link *l);

#endif
