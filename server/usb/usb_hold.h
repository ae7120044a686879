/*
 * A USB device that stays taken for a while after its importer has disconnected. So the importer
 * may get it back as it was left. A program that opens and closes does not reset a board, nor does
 * a network that was away. Only clients that ask for it get it (com2net's extensions of USB/IP).
 *
 * A client that closes the connection in good order has released the device. The next client that
 * asks gets it, and only the owner finds it as it was. After a connection that was lost it is kept
 * for the owner.
 */
#ifndef SERVER_USB_USB_HOLD_H
#define SERVER_USB_USB_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/usbip_ext.h"

struct event_base;
struct usb_device;
struct usb_hold;

struct usb_hold_owner {
    uint8_t token[USBIP_EXT_TOKEN_SIZE];
    char peer[USBIP_EXT_USER_SIZE];
    uint32_t ms;   /* how long; 0: not at all */
    bool has_lost; /* the connection */
};

/* Keeps a device, which is claimed and has no transfer under way, until `ended` says that it has
 * been returned. Sets its `hold`. Returns 0 or -ENOMEM. */
int usb_hold_begin(struct event_base *base, struct usb_device *d,
                   const struct usb_hold_owner *owner, void (*ended)(void *ctx), void *ctx);

/* The client that has it back; NULL if nobody. */
const struct usb_hold_owner *usb_hold_owner(const struct usb_device *d);

/* Whether the token is its owner's. */
bool usb_hold_is_for(const struct usb_device *d, const uint8_t token[static USBIP_EXT_TOKEN_SIZE]);

/* The owner is back: the device is the caller's, claimed. */
void usb_hold_take(struct usb_device *d);

/* Gives the device back; nothing happens where none is kept. `ended` is not called. */
void usb_hold_end(struct usb_device *d);

#endif
