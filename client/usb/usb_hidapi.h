/*
 * hidapi comes as two libraries of the same calls: libhidapi-hidraw asks the kernel's /dev/hidraw,
 * libhidapi-libusb asks libusb. Where the second is installed, programs of the first get it through
 * a library in net2usb's folder. The library has the name of the first and needs the second.
 */
#ifndef CLIENT_USB_USB_HIDAPI_H
#define CLIENT_USB_USB_HIDAPI_H

#include <limits.h>

#define USB_HIDAPI_HIDRAW "libhidapi-hidraw.so.0"

/* The package to be installed, for messages. */
#define USB_HIDAPI_WANTED "libhidapi-libusb.so.0 (Debian's package libhidapi-libusb0)"

struct usb_program;

/* Finds the folder with that library, within `folder`, that of net2usb's. Returns 0; or -ENOENT if
 * the program's loader would not find all that the library needs. Then the program must not get it:
 * it would keep the program from starting. */
int usb_hidapi_find(const struct usb_program *p, const char *folder, char path[static PATH_MAX]);

#endif
