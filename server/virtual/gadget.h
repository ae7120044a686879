/*
 * A built-in USB device: the common part of all of them, as a device's firmware has it. It answers
 * the standard requests of endpoint 0 (USB 2.0 chapter 9) from descriptors. It keeps transfers that
 * have to wait, in order, and leaves the rest to its kind. Everything runs on the loop thread.
 */
#ifndef SERVER_VIRTUAL_GADGET_H
#define SERVER_VIRTUAL_GADGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/usb_desc.h"
#include "usb_device.h"
#include "usb_queue.h"

struct event_base;
struct gadget;

enum { GADGET_STRINGS_MAX = 8 };

/* The functions of a kind of device. Results are bytes moved, or enum usbip_errno. */
struct gadget_kind {
    /* A request of endpoint 0 that is not a standard one; `data` has setup->length bytes: given
     * (OUT) or to be filled (IN). */
    int (*control)(struct gadget *g, const struct usb_setup *setup, uint8_t *data);
    /* A transfer of another endpoint; returns GADGET_WAIT to be asked again by gadget_kick. Kicks
     * of this endpoint from within it do nothing. */
    int (*transfer)(struct gadget *g, struct usb_transfer *t);
    /* A transfer of that endpoint is done: another one may be possible now; or NULL. */
    void (*moved)(struct gadget *g, uint8_t address);
    /* A configuration, or an alternate setting, has been set; or NULL. */
    void (*configured)(struct gadget *g);
    /* Reset: by a port reset, or because an importer has come or gone. */
    void (*reset)(struct gadget *g);
    /* The same, by a port reset only; or NULL: `reset` is called for that, too. */
    void (*port_reset)(struct gadget *g);
    void (*free)(struct gadget *g);
};

enum { GADGET_WAIT = 1 << 30 };

struct gadget_descriptors {
    const uint8_t *device; /* 18 bytes */
    const uint8_t *configuration;
    size_t configuration_len;
    const uint8_t *bos; /* or NULL */
    size_t bos_len;
    const char *strings[GADGET_STRINGS_MAX]; /* by index; [0] is not used */
    enum usbip_speed speed;
};

/* The first member of each kind's own structure. */
struct gadget {
    struct usb_device device;
    struct event_base *base;
    const struct gadget_kind *kind;
    const struct gadget_descriptors *descriptors;
    uint8_t configuration; /* 0: none */
    uint8_t alternate[256];
    uint32_t halted;                  /* endpoints, a bit each: gadget_bit */
    struct usb_queue waiting[32];     /* oldest first, by the same number */
    struct usb_transfer *running[32]; /* the kind has it just now */
    uint32_t revoked;                 /* and it is to be cancelled after that: a bit each */
};

/* Readies one, listed under `busid`, which ends in its device number. The name must stay valid. */
void gadget_init(struct gadget *g, struct event_base *base, const struct gadget_kind *kind,
                 const struct gadget_descriptors *descriptors, const char *name, unsigned number);

/* Unplugs it from its importer. It keeps its busid, and nobody can have it until gadget_return. Not
 * from one of its own functions. */
void gadget_leave(struct gadget *g);

/* Plugs it in again, perhaps with other descriptors. */
void gadget_return(struct gadget *g, const struct gadget_descriptors *descriptors);

/* Asks the kind again for the transfers that wait at an endpoint. */
void gadget_kick(struct gadget *g, uint8_t address);

/* Answers with `len` bytes, or as many as there is room for. Returns how many. */
int gadget_give(uint8_t *data, size_t room, const void *from, size_t len);

/* The number of an endpoint in `halted` and `waiting`. */
unsigned gadget_slot(uint8_t address);

#endif
