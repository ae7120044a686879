/*
 * The URBs of one client, found by their numbers: those under way, within its budget, and those
 * that wait for these in line. Each waits for those of its own endpoint only, whose order it keeps;
 * and an endpoint with none under way may have one in a quarter of the budget beyond it: a request,
 * or data that the device waits for, is not stuck behind reads that wait for it. One that waits
 * keeps what was read of it: an IN one its header and descriptors, an OUT one its data, too. So the
 * commands behind can be read: those under way may be such as end by an unlink only. What is kept
 * is bounded by half the budget, or USB_URBS_LINE_MIN, and one URB more. Pure bookkeeping: the
 * session submits and answers.
 */
#ifndef SERVER_USB_USB_URBS_H
#define SERVER_USB_USB_URBS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/usbip_urbs.h"
#include "usb_urb.h"

enum { USB_URBS_LINE_MIN = 1 << 20, USB_URBS_SLOTS = 32 };

struct usb_urbs {
    struct usbip_urbs table;
    struct usb_urb_pool pool;
    size_t budget;
    struct usb_urb *first, *last; /* of the line */
    /* usb_urbs_move's: */
    size_t held; /* bytes of those that have room: READ, SUBMITTED and later */
    size_t kept; /* bytes of those that have none yet: READ_TO_WAIT, IN_LINE */
    unsigned under_way[USB_URBS_SLOTS], in_line[USB_URBS_SLOTS]; /* of each endpoint */
    uint32_t slots_in_line;                                      /* those that are not 0 */
};

/* Begins with none. Freed ones are kept for the next up to half the budget. */
void usb_urbs_init(struct usb_urbs *us, size_t budget);

/* Frees what it has but for the URBs: the caller has removed them. */
void usb_urbs_free(struct usb_urbs *us);

/* Makes one that is to be read: READ or READ_TO_WAIT. Returns 0; -EAGAIN: not before others are
 * done; -EEXIST: its number is that of another one; -ENOMEM: and there is nothing to wait for. */
int usb_urbs_make(struct usb_urbs *us, const struct usbip_urb *head, size_t packets,
                  struct usb_urb **u);

/* Changes what is counted of it, and the line: it comes to the end of that as IN_LINE. */
void usb_urbs_move(struct usb_urbs *us, struct usb_urb *u, enum usb_urb_state state);

/* Takes the next one out of the line: it is READ, and to be submitted. Returns 0; -EAGAIN: there is
 * none, or not before others are done; -ENOMEM: and there is nothing to wait for. */
int usb_urbs_next(struct usb_urbs *us, struct usb_urb **u);

/* NULL where there is none. */
struct usb_urb *usb_urbs_find(const struct usb_urbs *us, uint32_t seqnum);

/* Frees one, wherever it is. */
void usb_urbs_remove(struct usb_urbs *us, struct usb_urb *u);

#endif
