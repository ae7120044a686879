/*
 * A list of transfers that wait, on the device's side of a session. They wait at an endpoint of a
 * built-in device, for memory of the system, or in a lane of usb_merge.h. A transfer is in one
 * queue at most. Each function takes the same time however many wait, as it is a client that says
 * how many.
 */
#ifndef SERVER_USB_USB_QUEUE_H
#define SERVER_USB_USB_QUEUE_H

#include <stdbool.h>

struct usb_transfer;

struct usb_queue {
    struct usb_transfer *first, *last; /* by `next`; none: NULL */
};

/* Adds one at the end. */
void usb_queue_add(struct usb_queue *q, struct usb_transfer *t);

/* Adds one as the first. */
void usb_queue_add_first(struct usb_queue *q, struct usb_transfer *t);

/* Takes the first one. NULL where there is none. */
struct usb_transfer *usb_queue_take(struct usb_queue *q);

/* Takes one from where it is. Returns whether it was in this queue. */
bool usb_queue_remove(struct usb_queue *q, struct usb_transfer *t);

#endif
