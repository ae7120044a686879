/*
 * Joins small OUT transfers of a device that takes a stream of bytes (usb_device.h: `merges`). So
 * bytes that a client sent one by one are not one transfer each on the bus. It is a layer between a
 * session and its device. A transfer that is submitted here is answered as if the device had
 * answered it.
 *
 * Those that are submitted before usb_merge_start, or while a merged one of their endpoint is under
 * way, are merged. The limit is USB_MERGE_MAX bytes: one packet at high speed. So an answer is not
 * late by more than that takes. They stay in order, also with larger ones, which are not changed.
 * When one of them is cancelled, the device is asked to return the merged one. The bytes of the
 * others that it has not taken are sent again, before all later ones.
 *
 * Everything runs on the loop thread; `done` may be called from each of these.
 */
#ifndef SERVER_USB_USB_MERGE_H
#define SERVER_USB_USB_MERGE_H

#include <stdbool.h>

#include "usb_device.h"
#include "usb_queue.h"

enum {
    USB_MERGE_SMALL = 64, /* bytes of a transfer that is merged, at most */
    USB_MERGE_MAX = 512,  /* and of what it becomes */
    USB_MERGE_LANES = 16,
};

struct usb_merged;

struct usb_merge {
    struct usb_device *device;
    struct usb_merge_lane { /* of an OUT endpoint */
        struct usb_merge *merge;
        struct usb_queue line;        /* waiting */
        struct usb_merged *under_way; /* NULL: none */
        bool starting;                /* what is begun may be done at once */
    } lanes[USB_MERGE_LANES];
    unsigned waiting; /* transfers, of all lanes */
};

/* Begins, for an importer of the device. There is nothing to free once all are done. */
void usb_merge_init(struct usb_merge *m, struct usb_device *d);

/* Submits one, as usb_device_ops says, or has it wait for usb_merge_start. */
void usb_merge_submit(struct usb_merge *m, struct usb_transfer *t);

/* No more will come: starts those that can be started. */
void usb_merge_start(struct usb_merge *m);

/* Cancels one that is not done, as usb_device_ops says. */
void usb_merge_cancel(struct usb_merge *m, struct usb_transfer *t);

#endif
