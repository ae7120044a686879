/*
 * The first phase of a session: a client's requests before it has a device. That is a list,
 * descriptors, or an import. Each request has a connection of its own; that of an import stays, and
 * so does that of a client that watches the list.
 */
#ifndef SERVER_USB_USB_INQUIRY_H
#define SERVER_USB_USB_INQUIRY_H

#include <stdbool.h>

#include "proto/usbip_ext.h"

struct usb_bus;
struct usb_device;
struct usb_importer;
struct usb_replies;
struct usbip_reader;

/* Called from these functions. */
struct usb_inquiry_callbacks {
    /* The session is to end. */
    void (*failed)(void *ctx, const char *why);
    /* It has its answer, and nothing follows: the session is to end once that is sent. */
    void (*answered)(void *ctx);
    /* It stays, to hear of changes. */
    void (*watches)(void *ctx);
    /* It has the device, which is claimed, or `resumed`: as it was kept for this client. The
     * session enters itself as its importer. The answer is sent after this. */
    void (*imported)(void *ctx, struct usb_device *d, bool resumed);
};

struct usb_inquiry {
    struct usb_bus *bus;
    struct usbip_reader *reader;
    struct usb_replies *replies;
    const struct usb_importer *importer; /* the session, as a device knows it */
    const struct usb_inquiry_callbacks *callbacks;
    void *ctx;
    struct usbip_ext_import wanted;
    bool watching; /* it hears of changes */
    bool outdated; /* the list has changed, but the last one is not sent yet */
    bool waits;    /* for its client's old session to release the device that it imports */
};

/* Carries out the request that the reader has read. */
void usb_inquiry_take(struct usb_inquiry *q);

/* Something has changed in the list. Tries again to import the device that it waits for, or tells a
 * client that watches. With `is_behind` it does not tell while its last message is still to be
 * sent. */
void usb_inquiry_notice(struct usb_inquiry *q, bool is_behind);

/* All is sent that was to be: tells of changes meanwhile. */
void usb_inquiry_catch_up(struct usb_inquiry *q);

/* No more is to be asked or told. */
void usb_inquiry_stop(struct usb_inquiry *q);

#endif
