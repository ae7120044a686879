/*
 * libusb in the loop: the ends of transfers, and devices that come and go, become callbacks on the
 * loop thread. Implemented in posix/usb_events.c and win32/usb_events.c.
 */
#ifndef COMMON_USB_EVENTS_H
#define COMMON_USB_EVENTS_H

#include <stdbool.h>

struct event_base;
struct libusb_context;
struct usb_events;

/* Whether real USB devices can be published on this system: not yet on Windows. */
bool usb_events_exist(void);

/* Has the loop handle the events of a libusb context, which stays the caller's and must outlive
 * this. Returns NULL without memory. */
struct usb_events *usb_events_new(struct event_base *base, struct libusb_context *usb);

/* Ends that; not from a callback of libusb's. Accepts NULL. */
void usb_events_free(struct usb_events *e);

#endif
