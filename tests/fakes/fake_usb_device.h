/*
 * A USB device that exists in memory only. Its transfers wait, in order, until the test ends them.
 */
#ifndef TESTS_FAKES_FAKE_USB_DEVICE_H
#define TESTS_FAKES_FAKE_USB_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "usb_device.h"

struct fake_usb_device {
    struct usb_device device;
    char name[USBIP_BUSID_SIZE];
    struct usb_transfer *under_way; /* oldest first, by `next` */
    size_t count;                   /* of those */
    unsigned claims, releases;
    unsigned submits, cancels;
    int claim_error; /* negative errno: importing fails so */
    /* What a cancel does: whether the transfer ends at once, as it does by default, or whenever the
     * test ends it. NULL: always. */
    bool (*ends_cancelled)(void *ctx, const struct usb_transfer *t);
    /* Told of each transfer that begins; NULL: nobody is. */
    void (*submitted)(void *ctx, struct usb_transfer *t);
    void *ctx;
};

/* Free to import, listed as `record` says, and named by its busid. */
void fake_usb_device_init(struct fake_usb_device *f, const struct usbip_device *record);

/* Ends a transfer that is under way. IN: with `actual` bytes of `data`, which may be NULL where
 * the test has put them into the transfer. */
void fake_usb_device_end(struct fake_usb_device *f, struct usb_transfer *t, int status,
                         const void *data, size_t actual);

#endif
