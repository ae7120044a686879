/*
 * The functions of a USB device, as Windows has them: each has a driver of its own. A device of one
 * function is that function. Windows knows a device by the ports that it hangs on, in a "location
 * path" such as PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(3)#USB(2)#USBMI(1), the last part of which is
 * the first interface of a function (SPDRP_LOCATION_PATHS).
 */
#ifndef WIN32_USB_FUNCTION_H
#define WIN32_USB_FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

enum { USB_FUNCTION_TEXT_MAX = 64, USB_FUNCTION_DEPTH_MAX = 7 /* USB 2.0, 4.1.1 */ };

/* A device: its numbers, and the ports from the root hub on. */
struct usb_function_place {
    uint16_t vendor, product;
    uint8_t ports[USB_FUNCTION_DEPTH_MAX];
    int depth;
};

/* Reads which driver the function has that an interface belongs to: the name of its service, such
 * as WinUSB or FTDIBUS, "" if it has none. Returns false where Windows has no such device. */
bool usb_function_driver(const struct usb_function_place *place, int interface,
                         char driver[static USB_FUNCTION_TEXT_MAX]);

#endif
