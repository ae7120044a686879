/*
 * The real USB devices that sources name: each one device, or several that match.
 */
#ifndef SERVER_USB_USB_WANTED_H
#define SERVER_USB_USB_WANTED_H

#include <stddef.h>

struct libusb_device;
struct usb_options;

struct usb_wanted {
    const struct usb_options *options;
    unsigned most; /* devices that it has had at once; 1 to begin with */
};

struct usb_wanted_list {
    struct usb_wanted *first; /* one after the other */
    size_t count;
};

/* Takes those that are not built in of a list of options, which must outlive it. Returns 0 or
 * -ENOMEM. */
int usb_wanted_read(struct usb_wanted_list *l, const struct usb_options *devices);

/* Frees what it has; not itself. */
void usb_wanted_free(struct usb_wanted_list *l);

/* The source that wants a device: the first that it matches, or NULL. Asks the system for its
 * serial number, unless it cannot match. Hubs, and what is imported itself, are never wanted. */
struct usb_wanted *usb_wanted_find(const struct usb_wanted_list *l, struct libusb_device *real,
                                   const char *busid);

#endif
