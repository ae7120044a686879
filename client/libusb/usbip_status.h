/*
 * A server's answers, in libusb's words. Pure.
 */
#ifndef CLIENT_LIBUSB_USBIP_STATUS_H
#define CLIENT_LIBUSB_USBIP_STATUS_H

#include <libusb.h>

/* Of usbip_call_*: enum libusb_error of a negative errno. */
int usbip_error_of_call(int error);

/* Of usbip_sync_control: enum libusb_error of its result. */
int usbip_error_of_status(int status);

/* Of a URB. */
enum libusb_transfer_status usbip_status(int status);

#endif
