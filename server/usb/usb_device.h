/*
 * A USB device that can be exported, real (usb_libusb.c) or built in (virtual/): the part that
 * sessions know. Everything runs on the loop thread.
 */
#ifndef SERVER_USB_USB_DEVICE_H
#define SERVER_USB_USB_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/usbip.h"

#include "usb_checks.h"

struct buf;
struct usb_device;

enum { USB_DEVICE_ERROR_MAX = 512, USB_DEVICE_INTERFACES_MAX = 32 };

/* One transfer, as the device gets it. It is the submitter's, and the device's from submit until it
 * calls `done`. */
struct usb_transfer {
    uint8_t address;  /* of the endpoint; with 0x80 for IN. Endpoint 0: the direction of `setup` */
    uint8_t setup[8]; /* of endpoint 0 */
    uint32_t flags;   /* enum usbip_flags */
    uint8_t *data;    /* room for `length` bytes; OUT: the bytes to send */
    size_t length;
    bool interrupt;               /* of an interrupt endpoint, as far as is known */
    struct usbip_packet *packets; /* isochronous ones: offset and length are given */
    size_t packet_count;
    /* the result */
    int status;    /* 0 or enum usbip_errno */
    size_t actual; /* bytes; isochronous: of all packets, each at its offset */
    void (*done)(struct usb_transfer *t);
    /* the device's own */
    struct usb_transfer *next, *previous;
    struct usb_queue *queue; /* in which it waits, or NULL */
    void *own;
};

struct usb_device_ops {
    /* Takes the device from its drivers, for one importer. Returns 0 or -errno with the reason and
     * the remedy in `error`. */
    int (*claim)(struct usb_device *d, char error[static USB_DEVICE_ERROR_MAX]);
    /* Gives it back, when no transfer is under way. */
    void (*release)(struct usb_device *d);
    /* Begins a transfer: `done` is called once, perhaps before this returns. */
    void (*submit)(struct usb_device *d, struct usb_transfer *t);
    /* Ends one that is under way as soon as can be. `done` follows as for all, perhaps before this
     * returns. Its status is USBIP_ECONNRESET unless the transfer was ready. */
    void (*cancel)(struct usb_device *d, struct usb_transfer *t);
    /* Adds its descriptors (usbip_ext_add_descriptor), as far as they are known without asking it;
     * also while it is not claimed. Returns 0 or -errno. */
    int (*describe)(const struct usb_device *d, struct buf *b);
    void (*free)(struct usb_device *d);
};

struct usb_hold;
struct usb_hold_owner;

/* The user of a device. Its session lends this to the device, and takes it away when it has
 * released the device. */
struct usb_importer {
    const char *peer;             /* for people */
    struct usb_hold_owner *owner; /* on which terms the device is kept for it afterwards */
    /* Ends the session, for the reason `why`, for the log. The device has an importer still where
     * transfers are under way. */
    void (*end)(struct usb_importer *i, const char *why);
};

struct usb_device {
    const struct usb_device_ops *ops;
    const char *name;           /* in the log, and the name by which clients may ask for it */
    struct usbip_device record; /* as it is listed */
    struct usbip_interface
        interfaces[USB_DEVICE_INTERFACES_MAX]; /* of the configuration in force */
    struct usb_importer *importer;             /* NULL: free to import */
    struct usb_hold *hold;                     /* NULL: not kept for one that has gone */
    bool reset;                                /* it is reset when an importer has released it */
    bool merges; /* it takes bulk OUT data as a stream of bytes, whatever transfers they come in */
    bool gone;   /* unplugged */
    struct usb_checks checks;
    size_t budget; /* bytes that URBs of its importer may hold; 0: as many as the export allows */
    struct usb_device *next; /* of the same export */
    /* Set by the publisher of the device, or NULL. A built-in device calls it, from the loop, when
     * it leaves the bus and when it is there again. When it has left, it has no importer any more
     * on return. */
    void (*presence)(void *ctx, struct usb_device *d, bool there);
    void *presence_ctx;
};

#endif
