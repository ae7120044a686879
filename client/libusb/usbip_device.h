/*
 * A device of a server, for a program that uses it: its descriptors, and its import, which is made
 * when it is needed first. Not for several threads at once.
 */
#ifndef CLIENT_LIBUSB_USBIP_DEVICE_H
#define CLIENT_LIBUSB_USBIP_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/usb_desc.h"
#include "proto/usb_submit.h"
#include "usbip_call.h"
#include "usbip_config.h"
#include "usbip_link.h"

enum {
    USBIP_DEVICE_GRACE_MS = 2000,  /* our server keeps it so long when it is closed */
    USBIP_DEVICE_LINGER_MS = 1000, /* of others, which reset it each time, the connection stays */
    USBIP_DEVICE_REQUEST_MS = 5000,
    /* Numbers of strings in descriptors that are made of a list's record, which has none: hardly
     * any device uses these. Manufacturer, product, serial number. */
    USBIP_DEVICE_MADE_STRING = 0xf1,
    USBIP_DEVICE_MADE_STRINGS = 3,
};

struct usbip_device_use {
    const struct usbip_server *server;
    struct usbip_found found;
    struct buf descriptors; /* usbip_ext.h; empty: nobody has read them */
    uint8_t configuration;  /* in force; 0: none */
    uint8_t alternate[256];
    struct usbip_link link; /* imported: link.fd >= 0 */
    bool has_link;
    bool posts;             /* what is sent to bulk endpoints */
    bool refusal_told;      /* that the server may not open it */
    long long linger_until; /* ms; 0: it is in use, or not imported */
    long long left;         /* when its connection was ended last, in ms; 0: never */
};

/* Begins with the facts of a list. */
void usbip_device_init(struct usbip_device_use *d, const struct usbip_server *server,
                       const struct usbip_found *found, const struct usbip_config *config);
/* Whether its server has com2net's extensions. */
bool usbip_device_is_ours(const struct usbip_device_use *d);
/* Reads the descriptors, if the server gives them without an import; otherwise that does it. */
void usbip_device_describe(struct usbip_device_use *d);

/* Frees what it has; not itself. */
void usbip_device_free(struct usbip_device_use *d);

/* The serial number, in ASCII with others as '?'; "" where it is not known. */
void usbip_device_serial(const struct usbip_device_use *d, char serial[static 128]);

/* The device descriptor. Until it is read it is made of the facts of the list. */
void usbip_device_descriptor(const struct usbip_device_use *d,
                             uint8_t descriptor[static USB_DESC_DEVICE_SIZE]);

/* The device's own number for one of those, once that is known; 0: it has no such string. */
uint8_t usbip_device_string(const struct usbip_device_use *d, uint8_t made);

/* A configuration with all that belongs to it, by its number from 0. NULL with `*len` 0 if there is
 * none, or none is known. Valid until the next import. */
const uint8_t *usbip_device_configuration(const struct usbip_device_use *d, uint8_t index,
                                          size_t *len);

/* The same by its value, bConfigurationValue. */
const uint8_t *usbip_device_configuration_of(const struct usbip_device_use *d, uint8_t value,
                                             size_t *len);

/* The descriptor that a GET_DESCRIPTOR asks for, where it is known; NULL otherwise. */
const uint8_t *usbip_device_known(const struct usbip_device_use *d, const struct usb_setup *setup,
                                  size_t *len);

/* Makes sure that it is imported, configured, and its descriptors known. Returns as
 * usbip_call_import does, with the server's words for a refusal, or "". */
int usbip_device_import(struct usbip_device_use *d, char reason[static USBIP_EXT_REASON_SIZE]);

/* Nobody uses it: posted URBs are sent first. `keep`: a foreign server's connection stays a moment,
 * for programs that open it again. */
void usbip_device_leave(struct usbip_device_use *d, bool keep);

/* Ends a connection that has stayed long enough, or that the server has ended. */
void usbip_device_tidy(struct usbip_device_use *d);

/* The facts about it. Valid until the next import, or change of settings. */
struct usb_submit_device usbip_device_facts(const struct usbip_device_use *d);

#endif
