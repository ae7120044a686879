/* A URB's life, for usbip_link.c, and for tests that look into it. */
#ifndef CLIENT_LIBUSB_USBIP_LINK_STATE_H
#define CLIENT_LIBUSB_USBIP_LINK_STATE_H

#include "usbip_link.h"

/* Whether it has such a way: see enum usbip_link_state. */
bool usbip_link_may_move(enum usbip_link_state from, enum usbip_link_state to);

/* Moves a URB of a link, and corrects the link's counters. */
void usbip_link_move(struct usbip_link *l, struct usbip_link_urb *u, enum usbip_link_state to);

/* Whether a part of it has gone: it stands in the queue, and among those that have numbers. */
static inline bool usbip_link_is_in_part(const struct usbip_link_urb *u)
{
    return u->state == USBIP_LINK_SENDING || u->state == USBIP_LINK_LEAVING;
}

#endif
