/*
 * libusb's results of calls and transfers, as the wire has them, and in words.
 */
#ifndef SERVER_USB_USB_ERRORS_H
#define SERVER_USB_USB_ERRORS_H

#include <libusb.h>

#include "usb_device.h"

/* The result of a call (0 or enum libusb_error) as the answer to the request that it has carried
 * out. Returns 0 or enum usbip_errno, which has Linux's numbers everywhere. */
int usb_errors_of_call(int error);

/* The same for a transfer that has ended. */
int usb_errors_of_transfer(enum libusb_transfer_status status);

/* Says why a device, or an interface of it that is not negative, is not available: libusb's `r`,
 * and the remedy. Returns -errno, the system's. */
int usb_errors_say(struct libusb_device *real, int r, int interface,
                   char error[static USB_DEVICE_ERROR_MAX]);

#endif
