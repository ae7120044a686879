/*
 * libusb's contexts, with which real USB devices are found. A context is kept for as long as a
 * device of it is exported; its events are the loop's.
 */
#ifndef SERVER_USB_USB_CONTEXT_H
#define SERVER_USB_USB_CONTEXT_H

#include <stdbool.h>

struct event_base;
struct libusb_context;
struct libusb_device;
struct usb_events;

/* Called while libusb handles events: only notes what is to be done. Not called on systems that
 * tell nothing (usb_events_tell_of_devices). */
struct usb_context_callbacks {
    void (*arrived)(void *ctx);
    void (*left)(void *ctx, struct libusb_device *real);
};

struct usb_context {
    struct usb_context *next;
    struct libusb_context *usb;
    struct usb_events *events;
    unsigned devices; /* that are kept of it */
    const struct usb_context_callbacks *callbacks;
    void *ctx;
};

/* Takes a context of libusb's, which knows the devices that there were when it was made. NULL
 * without memory: then it stays the caller's. */
struct usb_context *usb_context_new(struct libusb_context *usb,
                                    const struct usb_context_callbacks *callbacks, void *ctx);

/* Its devices have been freed before. */
void usb_context_free(struct usb_context *c);

/* Enters it into a list, and has its events be heard. Returns false without memory. */
bool usb_context_keep(struct usb_context *c, struct event_base *base, struct usb_context **list);

/* Frees those of a list that have no devices any more; the oldest stays to hear of new ones. */
void usb_context_sweep(struct usb_context **list);

#endif
