/*
 * The built-in USB devices `usb:demo-mouse` and `usb:demo-keyboard`: HID 1.11 devices with the boot
 * protocol, whose events come from hid_events.h. A driver's changes of a keyboard's lights are
 * logged.
 */
#ifndef SERVER_VIRTUAL_USB_HID_H
#define SERVER_VIRTUAL_USB_HID_H

#include "usb_kind.h"

struct usb_hid_options {
    const char *events; /* a FIFO or file that says what happens, or NULL; see hid_events_new */
    const char *play;   /* what happens for each importer, or NULL */
};

extern const struct usb_kind usb_hid_mouse_kind, usb_hid_keyboard_kind;

#endif
