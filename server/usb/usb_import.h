/*
 * The second phase of a session: a device that a client has imported, and the URBs that it has
 * carried out on it. Those above its budget wait, and are not failed; unlinks are heard meanwhile,
 * as far as waiting URBs are kept (usb_budget.h).
 */
#ifndef SERVER_USB_USB_IMPORT_H
#define SERVER_USB_USB_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "timer.h"
#include "usb_budget.h"
#include "usb_early_unlinks.h"
#include "usb_merge.h"

struct event_base;
struct usb_pcap;
struct usb_replies;
struct usbip_reader;

struct usb_import_callbacks {
    /* The session is to end, with usb_import_end. */
    void (*failed)(void *ctx, const char *why);
    /* Whether nothing of the client is to be read now. */
    bool (*is_held_up)(void *ctx);
    /* There may be room for the URB that is parked. */
    void (*has_room)(void *ctx);
    /* After usb_import_end: the device has released the last URB. */
    void (*idle)(void *ctx);
};

struct usb_import {
    struct usb_device *device; /* NULL: none is imported yet */
    struct usbip_reader *reader;
    struct usb_replies *replies;
    struct usb_pcap *pcap; /* NULL: nothing is recorded */
    const char *peer;
    const struct usb_import_callbacks *callbacks;
    void *ctx;
    uint32_t devid;
    struct usb_merge merge; /* what the device is given goes through it */
    struct usb_budget budget;
    struct usb_urb *reading;   /* its payload is being read */
    struct usb_urb *to_cancel; /* the next one, when the session ends */
    bool parked;               /* one is not read before others are done: the line is full */
    bool gathering;            /* more URBs are at hand: small ones wait for them */
    bool starting;             /* those in line are being submitted */
    bool ended;                /* nobody waits for answers */
    bool ending;               /* URBs are being cancelled */
    bool refused;              /* a URB was too large, which is said once */
    struct usb_early_unlinks unlinks;
    struct timer early; /* those unlinks that were kept are over */
};

/* Readies one; its pointers and callbacks have been set. URBs may hold `budget` bytes, unless the
 * device has a budget of its own. */
void usb_import_init(struct usb_import *m, struct event_base *base, size_t budget);

/* Frees what it has; not itself. */
void usb_import_free(struct usb_import *m);

/* The device is the client's. */
void usb_import_begin(struct usb_import *m, struct usb_device *d);

/* Takes the URB, or the unlink, whose header the reader has; sets `parked` where it has to wait for
 * room. */
void usb_import_take_head(struct usb_import *m);

/* Its payload is there, too. */
void usb_import_take_body(struct usb_import *m);

/* Tries again to take the one that is parked. */
void usb_import_retry(struct usb_import *m);

/* Begins what was merged while `gathering` was set. */
void usb_import_start(struct usb_import *m);

/* Nobody is to be answered any more: cancels all that is under way. Returns whether nothing is;
 * otherwise `idle` follows. Also where nothing was imported. */
bool usb_import_end(struct usb_import *m);

#endif
