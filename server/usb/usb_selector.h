/*
 * How real USB devices are chosen: `usb:VID:PID`, `usb:VID:PID:SERIAL` or `usb:BUSID`. Or several
 * of these with `/` between them, for a board that returns from a reset as another one.
 */
#ifndef SERVER_USB_USB_SELECTOR_H
#define SERVER_USB_USB_SELECTOR_H

#include <stdbool.h>
#include <stdint.h>

/* The facts about a device before it is opened. */
struct usb_identity {
    const char *busid; /* "1-1.2": its bus and the ports that lead to it */
    uint16_t vendor, product;
    const char *serial; /* "" if there is none; NULL: not known, and then any will do */
};

/* Whether `selector`, without "usb:", has one of the forms. */
bool usb_selector_is_valid(const char *selector);

/* Whether it means this device. */
bool usb_selector_matches(const char *selector, const struct usb_identity *device);

/* Reads VID:PID, without anything after it. Returns 0 or -EINVAL. */
int usb_selector_id(const char *text, uint16_t *vendor, uint16_t *product);

#endif
