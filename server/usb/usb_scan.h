/*
 * The USB devices that there are, by a libusb context of their own. It takes long where there are
 * many, so a worker makes it.
 */
#ifndef SERVER_USB_USB_SCAN_H
#define SERVER_USB_USB_SCAN_H

#include <stdbool.h>

struct event_base;
struct libusb_context;
struct libusb_device;
struct usb_scanner;

struct usb_scan {
    int error;                   /* 0 or libusb's; LIBUSB_ERROR_NO_DEVICE where there is no USB */
    struct libusb_context *usb;  /* NULL if none could be made; who keeps it sets it to NULL */
    struct libusb_device **list; /* NULL without one */
    long count;
};

/* Makes it now, on the caller's thread. It is freed by usb_scan_free. */
void usb_scan_make(struct usb_scan *s);

/* Frees the list, and ends the context if nobody has kept it. */
void usb_scan_free(struct usb_scan *s);

/* Makes a scanner whose `done` is called on the loop's thread with each scan, which is freed
 * afterwards, on the worker's. NULL without memory, or where the system refuses. */
struct usb_scanner *usb_scanner_new(struct event_base *base,
                                    void (*done)(void *ctx, struct usb_scan *s), void *ctx);

/* Has it scan; once more afterwards if it is busy. Returns false where the system refuses. */
bool usb_scanner_start(struct usb_scanner *s);

/* Whether a scan is under way, or is to be made. */
bool usb_scanner_is_busy(const struct usb_scanner *s);

/* Gives up what is under way. Not in `done`; accepts NULL. */
void usb_scanner_free(struct usb_scanner *s);

#endif
