/*
 * What the operating system knows of a USB device and libusb does not say, or not without opening
 * it. A device is named by its busid, "1-1.2". Implemented in posix/usb_system.c and
 * win32/usb_system.c.
 */
#ifndef COMMON_USB_SYSTEM_H
#define COMMON_USB_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USB_SYSTEM_TEXT_MAX = 128, USB_SYSTEM_ADVICE_MAX = 384 };

/* Each empty where there is none. */
struct usb_system_texts {
    char manufacturer[USB_SYSTEM_TEXT_MAX];
    char product[USB_SYSTEM_TEXT_MAX];
    char serial[USB_SYSTEM_TEXT_MAX];
};

void usb_system_texts(const char *busid, struct usb_system_texts *t);

/* Whether the system tells libusb of devices that come and go. */
bool usb_system_tells(void);

/* Whether the device under this busid is still the one with this number; true where that cannot be
 * told. */
bool usb_system_has(const char *busid, unsigned devnum);

/* Whether it is itself imported over USB/IP, and so not ours to export. */
bool usb_system_is_imported(const char *busid);

/* What to do when we have no permission for it: a sentence without its full stop. */
void usb_system_access_advice(uint16_t vendor, uint16_t product,
                              char text[static USB_SYSTEM_ADVICE_MAX]);

#endif
