/*
 * The built-in USB devices `usb:demo-mouse` and `usb:demo-keyboard`: HID 1.11 devices with the boot
 * protocol, whose events come from hid_events.h. What a driver does with a keyboard's lights is
 * logged.
 */
#ifndef SERVER_VIRTUAL_USB_HID_H
#define SERVER_VIRTUAL_USB_HID_H

#include "hid_events.h"

struct event_base;
struct usb_device;

/* `events` and `play`: see hid_events_new. Returns NULL with what is wrong in `error`. */
struct usb_device *usb_hid_new(struct event_base *base, enum hid_role role, const char *events,
                               const char *play, const char *name, unsigned number,
                               char error[static HID_EVENTS_ERROR_MAX]);

#endif
