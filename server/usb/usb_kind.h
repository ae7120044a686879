/*
 * A kind of built-in USB devices, as the command line and a bus know it. Each kind brings its
 * options, their help and their checks. So a new option is in the file of its kind only.
 */
#ifndef SERVER_USB_USB_KIND_H
#define SERVER_USB_USB_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "cli.h"

struct event_base;
struct usb_device;

/* The parts of a device. Texts and options stay valid as long as the device is there. */
struct usb_making {
    struct event_base *base;
    const char *variant; /* what follows a colon in its selector, or NULL */
    const void *options; /* of its kind, or NULL where the kind has none */
    const char *name;    /* in the log */
    unsigned number;     /* of the device at its address, from 1: it is in the busid */
};

struct usb_kind {
    const char *name;                 /* what follows usb:demo- */
    const char *forms;                /* what may follow it, for people: "disk:IMAGE" */
    bool has_variants;                /* a colon may follow */
    bool variant_is_path;             /* of a file */
    const struct cli_option *options; /* its own, or NULL; `take` gets `options_size` bytes */
    size_t options_size;              /* of a struct that is zero where nothing is given */
    /* Returns NULL with the reason in `error`, which says "out of memory" before. */
    struct usb_device *(*make)(const struct usb_making *m, char error[static CLI_ERROR_MAX]);
};

#endif
