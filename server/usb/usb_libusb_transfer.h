/*
 * One transfer of a real device, as libusb has it: laid out as libusb wants it, and its result
 * taken back. There is no timeout. Its end is told on the loop thread, see usb_events.h.
 */
#ifndef SERVER_USB_USB_LIBUSB_TRANSFER_H
#define SERVER_USB_USB_LIBUSB_TRANSFER_H

#include <stdbool.h>

struct libusb_device_handle;
struct libusb_endpoint_descriptor;
struct usb_transfer;

/* A transfer has ended, and has its result; its `done` is for the callee to call. `gone`: as the
 * device is. */
typedef void usb_libusb_ended(void *ctx, struct usb_transfer *t, bool gone);

/* Begins a transfer of an endpoint; NULL is endpoint 0. `t` has no `own` before. Returns 0, and
 * `ended` follows. Returns LIBUSB_ERROR_NO_MEM if there is no memory for it now. Otherwise it
 * returns a negative status, enum usbip_errno, that it is to be answered with. */
int usb_libusb_transfer_begin(struct usb_transfer *t, struct libusb_device_handle *handle,
                              const struct libusb_endpoint_descriptor *e, usb_libusb_ended *ended,
                              void *ctx);

/* Asks libusb to end it; `ended` follows as for all. Nothing happens where it has not begun. */
void usb_libusb_transfer_cancel(struct usb_transfer *t);

#endif
