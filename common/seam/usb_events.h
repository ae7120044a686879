/*
 * libusb in the loop: the ends of transfers, and devices that arrive or leave, become callbacks on
 * the loop thread. Implemented in posix/usb_events.c and win32/usb_events.c, where libusb has a
 * thread of its own to wait in.
 */
#ifndef COMMON_SEAM_USB_EVENTS_H
#define COMMON_SEAM_USB_EVENTS_H

#include <stdbool.h>

struct event_base;
struct libusb_context;
struct libusb_transfer;
struct usb_events;

/* Has the loop handle the events of a libusb context, which stays the caller's and must outlive
 * this. Returns NULL without memory, or where the system refuses. */
struct usb_events *usb_events_new(struct event_base *base, struct libusb_context *usb);

/* Ends that; not from a callback of libusb's, nor while transfers of the context are under way.
 * Accepts NULL. */
void usb_events_free(struct usb_events *e);

/* How the end of a transfer is told: on the loop thread, never from within libusb_submit_transfer
 * or libusb_cancel_transfer. */
struct usb_end {
    void (*ended)(struct libusb_transfer *l);
    struct libusb_transfer *transfer; /* this one and the next are the implementation's */
    struct usb_end *next;
};

/* Has the end of a transfer, which is filled in otherwise, told so: sets its callback and its
 * user_data, which is `end`. That stays valid until then. */
void usb_events_route(struct libusb_transfer *l, struct usb_end *end);

/* Whether libusb tells of devices that arrive or leave, by hotplug callbacks on the loop thread. If
 * not, its list has to be asked. */
bool usb_events_tell_of_devices(void);

#endif
