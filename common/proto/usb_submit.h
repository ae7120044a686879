/*
 * The way of a transfer from a program to the bus, as in Linux. It tells which URB usbfs makes of a
 * program's request, and which URBs usb_submit_urb refuses. usbip-host hands the URBs it receives
 * to usb_submit_urb unchanged, and ends the session if one is refused. So a client sends the URBs
 * that usbfs would have handed on.
 *
 * Sources: drivers/usb/core/devio.c (proc_do_submiturb, proc_bulk, proc_control, check_ctrlrecip),
 * urb.c (usb_submit_urb) and config.c (usb_parse_endpoint, which corrects descriptors before both
 * see them). Pure.
 */
#ifndef COMMON_PROTO_USB_SUBMIT_H
#define COMMON_PROTO_USB_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usb_desc.h"

struct usbip_packet;
struct usbip_urb;

/* The facts about the device. */
struct usb_submit_device {
    uint32_t speed;               /* enum usbip_speed */
    bool known;                   /* its descriptors are: else all may be, and nothing is checked */
    const uint8_t *configuration; /* in force, `len` bytes; NULL: none is */
    size_t len;
    const uint8_t *alternate; /* 256 settings in force, by the number of the interface */
};

/* A URB: as it is asked for, and as it goes out. */
struct usb_submit {
    enum usb_transfer_type type;
    uint8_t address; /* of the endpoint, with 0x80 for IN; of endpoint 0 the direction of `setup` */
    uint8_t setup[8];                   /* of endpoint 0 */
    uint32_t flags;                     /* enum usbip_flags */
    size_t length;                      /* bytes of data; of endpoint 0 without the setup */
    const struct usbip_packet *packets; /* isochronous ones: their lengths */
    size_t packet_count;
    int32_t interval; /* going out: in frames or microframes; 0 of bulk and control ones */
};

/* An endpoint as the kernel takes it: values that its descriptor may not have are corrected. */
struct usb_submit_endpoint {
    enum usb_transfer_type type;
    uint8_t interval;    /* bInterval */
    uint32_t max_packet; /* bytes; 0: it can take nothing */
    uint32_t max_frame;  /* isochronous: bytes of a packet of a URB */
};

/* Finds one. Returns 0 or -ENOENT: it is not there in the settings in force. */
int usb_submit_find(const struct usb_submit_device *d, uint8_t address,
                    struct usb_submit_endpoint *e);

/* Makes the URB that goes out of a program's request. Returns 0, or the error that usbfs returns to
 * the program. It is -EINVAL for another type of endpoint, or a buffer shorter than wLength or than
 * its packets. It is -ENOENT for no such endpoint or interface, -EMSGSIZE for packets larger than
 * they can be. */
int usb_submit_by_usbfs(const struct usb_submit_device *d, struct usb_submit *s);

/* Why usb_submit_urb refuses what a client sends, or warns of it in the kernel's log; NULL: it does
 * not. */
const char *usb_submit_refusal(const struct usb_submit_device *d, const struct usbip_urb *u,
                               const struct usbip_packet *packets);

#endif
