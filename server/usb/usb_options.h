/*
 * How a USB device is published: what stands behind the commas of its SOURCE.
 */
#ifndef SERVER_USB_USB_OPTIONS_H
#define SERVER_USB_USB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"

struct usb_options {
    const struct usb_options *next; /* that shares its address, or NULL */
    const char *selector;           /* what follows usb:, or usb:demo- of a built-in device */
    const char *name;   /* of ,name=, otherwise what was typed: the device's name in the log */
    bool real;          /* not built in */
    bool named;         /* by name= */
    bool hotplug;       /* it may be absent at the start */
    bool reset;         /* when a client has let go of it */
    bool no_merge;      /* usb_merge.h */
    bool kernel_checks; /* usb_checks.h */
    size_t budget;      /* bytes that transfers of one client may hold */
    /* of built-in devices: */
    const char *file;   /* what a memory holds, or NULL */
    const char *events; /* of a mouse or keyboard, or NULL */
    const char *play;   /* likewise */
    uint32_t id;        /* of demo-loop: VID << 16 | PID, or 0 */
    bool read_only;
    bool real_times;    /* it takes as long as a real one */
    bool begins_in_dfu; /* not in run time */
};

/* Whether a SOURCE is a USB device: it begins with usb: */
bool usb_options_are_meant(const char *text);

/* Reads what was typed for a device, as port_options_parse does. */
int usb_options_parse(const char *text, char *commas, struct usb_options *options,
                      char error[static CLI_ERROR_MAX]);

#endif
