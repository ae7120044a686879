/*
 * The built-in USB device `usb:demo-dfu`: a device whose firmware is replaced by DFU 1.1
 * (dfu-util(1), fwupd, WebDFU). It leaves the bus to change between run time and DFU mode, and
 * comes back under the same busid. Downloaded firmware is kept, and uploaded again; nothing runs
 * it.
 */
#ifndef SERVER_VIRTUAL_USB_DFU_H
#define SERVER_VIRTUAL_USB_DFU_H

#include <stdbool.h>

#include "usb_kind.h"

struct usb_dfu_options {
    const char *file; /* where the firmware is kept; NULL: in memory */
    bool begins_in_dfu;
};

extern const struct usb_kind usb_dfu_kind;

#endif
