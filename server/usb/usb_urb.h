/*
 * One URB of a client, from its command to its answer. Its memory is one piece: header, payload and
 * descriptors of the reply follow each other, so that the reply is one write. Freed URBs are kept
 * for the next of their size. The system takes longer to supply a large one than the wire takes to
 * carry it. usb_budget.h says which URBs there are.
 */
#ifndef SERVER_USB_USB_URB_H
#define SERVER_USB_USB_URB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/usbip.h"
#include "proto/usbip_urbs.h"
#include "usb_device.h"

struct usb_import;

/*
 * Where a URB is in its life. Only usb_budget_move (usb_budget.h) changes it, and the counters that
 * follow from it:
 *
 * - NEW > READ > SUBMITTED > ENDED: as usual;
 * - NEW > READ_TO_WAIT > IN_LINE > READ: there was no room for it before;
 * - SUBMITTED > UNLINKED > ENDED: its client does not want it any more;
 * - READ > ENDED: it is refused before the device has it.
 */
enum usb_urb_state {
    USB_URB_NEW,          /* nobody's yet */
    USB_URB_READ,         /* its body is read, or has been; it has room for its data */
    USB_URB_READ_TO_WAIT, /* its body is read; an IN one has no room for its data */
    USB_URB_IN_LINE,      /* the same, and its body has been read: it waits for others */
    USB_URB_SUBMITTED,    /* the device has it */
    USB_URB_UNLINKED,     /* the same, and a CMD_UNLINK has cancelled it */
    USB_URB_ENDED,        /* it is answered, or nobody waits for its answer: not to be cancelled */
};

struct usb_urb {
    struct usbip_urbs_entry entry;
    struct usb_import *import;
    struct usbip_urb head; /* of the command */
    struct usb_transfer transfer;
    enum usb_urb_state state;
    uint32_t unlink_seqnum;          /* of the CMD_UNLINK, where it is UNLINKED */
    size_t size;                     /* bytes that it takes of the budget */
    uint8_t *reply;                  /* room for the header, which transfer.data follows */
    struct usb_urb *previous, *next; /* of the line */
    struct usb_urb *free_next;
    unsigned size_class;
};

enum { USB_URB_CLASSES = 24 };

struct usb_urb_pool {
    struct usb_urb *free[USB_URB_CLASSES];
    size_t free_bytes;
    size_t free_max;
};

/* Bytes that a URB with this head takes: as it is carried out, or while it `waits`. */
size_t usb_urb_size(const struct usbip_urb *head, size_t packets, bool waits);

/* Makes one with room for so much. NULL without memory. */
struct usb_urb *usb_urb_new(struct usb_urb_pool *pool, const struct usbip_urb *head, size_t packets,
                            bool waits);
void usb_urb_free(struct usb_urb_pool *pool, struct usb_urb *u);
void usb_urb_pool_free(struct usb_urb_pool *pool);

/* Fills in the transfer, once the body is there. Returns 0, or the status that the URB is to be
 * answered with. */
int usb_urb_prepare(struct usb_urb *u);

/* Writes the reply of a URB that is done, in place, at u->reply. Returns its length. */
size_t usb_urb_reply(struct usb_urb *u);

#endif
