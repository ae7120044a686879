/*
 * All URBs of one client, and the memory that they hold. A URB is under way, within the budget, or
 * it waits in line for room. proto/usbip_urbs.h finds them by their numbers.
 *
 * A URB in line waits for those of its own endpoint only, whose order it keeps. An endpoint with
 * none under way may have one in a quarter of the budget beyond it. So a request, or data that the
 * device waits for, does not get stuck after reads that wait for it. A URB in line keeps what was
 * read of it: header and descriptors, and of an OUT one the data. So the commands after it can be
 * read, which may be unlinks: some URBs end by these only. The kept bytes are bounded by half the
 * budget, or USB_BUDGET_LINE_MIN, and one URB more. Pure bookkeeping: usb_import.h submits and
 * answers.
 */
#ifndef SERVER_USB_USB_BUDGET_H
#define SERVER_USB_USB_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/usbip_urbs.h"
#include "usb_urb.h"

enum { USB_BUDGET_LINE_MIN = 1 << 20, USB_BUDGET_SLOTS = 32 };

struct usb_budget {
    struct usbip_urbs table;
    struct usb_urb_pool pool;
    size_t limit;                 /* bytes */
    struct usb_urb *first, *last; /* of the line */
    /* Later bytes are counted by usb_budget_move alone. */
    size_t held; /* bytes of those that have room: READ, SUBMITTED and later */
    size_t kept; /* bytes of those that have none yet: READ_TO_WAIT, IN_LINE */
    unsigned under_way[USB_BUDGET_SLOTS], in_line[USB_BUDGET_SLOTS]; /* of each endpoint */
    uint32_t slots_in_line;                                          /* those that are not 0 */
};

/* Begins with none. Freed ones are kept for the next up to half the budget. */
void usb_budget_init(struct usb_budget *b, size_t limit);

/* Frees what it has but for the URBs: the caller has removed them. */
void usb_budget_free(struct usb_budget *b);

/* Makes one that is to be read: READ or READ_TO_WAIT. Returns 0; -EAGAIN: not before others are
 * done; -EEXIST: its number is that of another one; -ENOMEM: and there is nothing to wait for. */
int usb_budget_make(struct usb_budget *b, const struct usbip_urb *head, size_t packets,
                    struct usb_urb **u);

/* Changes what is counted of it, and the line: it comes to the end of that as IN_LINE. */
void usb_budget_move(struct usb_budget *b, struct usb_urb *u, enum usb_urb_state state);

/* Takes the next one out of the line: it is READ, and to be submitted. Returns 0; -EAGAIN: there is
 * none, or not before others are done; -ENOMEM: and there is nothing to wait for. */
int usb_budget_next(struct usb_budget *b, struct usb_urb **u);

/* NULL where there is none. */
struct usb_urb *usb_budget_find(const struct usb_budget *b, uint32_t seqnum);

/* Frees one, wherever it is. */
void usb_budget_remove(struct usb_budget *b, struct usb_urb *u);

#endif
