/*
 * What libusb says of calls and transfers, as the wire has it, and in words.
 */
#ifndef SERVER_USB_USB_ERRORS_H
#define SERVER_USB_USB_ERRORS_H

#include <libusb.h>

#include "usb_device.h"

/* Of a call (0 or enum libusb_error), as the answer to the request that it has carried out: 0 or
 * enum usbip_errno, which has Linux's numbers everywhere. */
int usb_errors_of_call(int error);

/* Likewise of a transfer that has ended. */
int usb_errors_of_transfer(enum libusb_transfer_status status);

/* Says why a device, or an interface of it that is not negative, cannot be had: libusb's `r`, and
 * what to do. Returns -errno, the system's. */
int usb_errors_say(struct libusb_device *real, int r, int interface,
                   char error[static USB_DEVICE_ERROR_MAX]);

#endif
