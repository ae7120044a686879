/*
 * The built-in USB device `usb:demo-loop`: bulk, interrupt and isochronous endpoints that give back
 * what is sent to them, and a bulk pair (4 OUT, 4 IN) that takes all there is and gives zeros; at
 * full, high or super speed. For tests of what goes through USB/IP.
 */
#ifndef SERVER_VIRTUAL_USB_LOOP_H
#define SERVER_VIRTUAL_USB_LOOP_H

#include <stdint.h>

#include "proto/usbip.h"

struct event_base;
struct usb_device;

/* Returns NULL without memory. `speed`: USBIP_SPEED_FULL, _HIGH or _SUPER. `id`: VID << 16 | PID of
 * a device whose driver is to take it, or 0. It also has the vendor requests of Linux's Gadget
 * Zero, 0525:a4a0, so that the kernel's usbtest driver can be used with that id. */
struct usb_device *usb_loop_new(struct event_base *base, enum usbip_speed speed, uint32_t id,
                                const char *name, unsigned number);

#endif
