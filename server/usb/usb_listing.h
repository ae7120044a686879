/*
 * The list of the devices of an export for a USB/IP client, in answer to its first request.
 */
#ifndef SERVER_USB_USB_LISTING_H
#define SERVER_USB_USB_LISTING_H

#include <stdint.h>

struct buf;
struct usb_device;

enum { USB_LISTING_MAX = 1 << 18 }; /* bytes of an answer: some 300 devices */

/* Adds an answer whole, to an empty buf. Each returns 0 or what buf_add says. */

/* OP_REP_DEVLIST: the devices of a list by `next` that are available. */
int usb_listing_add_standard(struct buf *b, const struct usb_device *first);

/* OP_REP_EXT_LIST: all of them, and who has them. */
int usb_listing_add_extended(struct buf *b, const struct usb_device *first);

/* OP_REP_EXT_DESCRIPTORS, of one device, or with enum usbip_op_status in place of NULL. */
int usb_listing_add_descriptors(struct buf *b, const struct usb_device *d, uint32_t status);

#endif
