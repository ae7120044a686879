/*
 * The built-in USB device `usb:demo-loop`: bulk, interrupt and isochronous endpoints that give back
 * what is sent to them, and a bulk pair (4 OUT, 4 IN) that takes all there is and gives zeros; at
 * full, high or super speed. For tests of what goes through USB/IP.
 */
#ifndef SERVER_VIRTUAL_USB_LOOP_H
#define SERVER_VIRTUAL_USB_LOOP_H

#include "proto/usbip.h"

struct event_base;
struct usb_device;

/* Returns NULL without memory. `speed`: USBIP_SPEED_FULL, _HIGH or _SUPER. */
struct usb_device *usb_loop_new(struct event_base *base, enum usbip_speed speed, const char *name,
                                unsigned number);

#endif
