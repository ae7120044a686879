/*
 * The built-in USB device `usb:demo-disk`: a mass storage device over an image file.
 */
#ifndef SERVER_VIRTUAL_USB_DISK_H
#define SERVER_VIRTUAL_USB_DISK_H

#include <stdbool.h>

#include "usb_kind.h"

struct usb_disk_options {
    const char *image; /* its file, unless that is the variant */
    bool read_only;
};

extern const struct usb_kind usb_disk_kind;

#endif
