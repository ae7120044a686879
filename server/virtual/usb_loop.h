/*
 * The built-in USB device `usb:demo-loop`: bulk, interrupt and isochronous endpoints that return
 * the data sent to them. A bulk pair (4 OUT, 4 IN) takes all data and sends zeros. It runs at full,
 * high or super speed. For tests of the data that go through USB/IP.
 */
#ifndef SERVER_VIRTUAL_USB_LOOP_H
#define SERVER_VIRTUAL_USB_LOOP_H

#include <stdint.h>

#include "usb_kind.h"

struct usb_loop_options {
    uint32_t id; /* VID << 16 | PID of a device whose driver is to take it, or 0 */
};

/* Its variants are its speeds. It also has the vendor requests of Linux's Gadget Zero, 0525:a4a0,
 * so that the kernel's usbtest driver can be used with that id. */
extern const struct usb_kind usb_loop_kind;

#endif
