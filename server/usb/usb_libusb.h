/*
 * A real USB device that is exported, through libusb.
 */
#ifndef SERVER_USB_USB_LIBUSB_H
#define SERVER_USB_USB_LIBUSB_H

#include <stdbool.h>
#include <stdint.h>

#include "usb_device.h"

struct event_base;
struct libusb_context;
struct libusb_device;

/* As libusb_init, but LIBUSB_ERROR_NO_DEVICE where this system has no USB: there are no devices,
 * yet. libusb calls that "Other error" if it is built without udev, or what its look has met. */
int usb_libusb_init(struct libusb_context **usb);

/* Makes a device that can be exported of a real one, which is not opened yet. Its name is `name`
 * or, if that is NULL, its busid. `name` must stay valid, and the context be handled by the loop.
 * `lost` is called once it is found out to be gone, perhaps from within its other functions: it is
 * not freed there. Returns NULL without memory. */
struct usb_device *usb_libusb_new(struct event_base *base, struct libusb_device *real,
                                  const char *name, void (*lost)(void *ctx, struct usb_device *d),
                                  void *ctx);

/* It is that real device; `libusb` says so in the words of another event. */
bool usb_libusb_is(const struct usb_device *d, const struct libusb_device *real);

/* Says that it is gone. */
void usb_libusb_lose(struct usb_device *d);

/* One that had no configuration when it was found may have been given one since. */
void usb_libusb_look_again(struct usb_device *d);

/* Tries whether it can be opened. Returns 0, or -errno with why not, and what to do, in `error`. */
int usb_libusb_try(struct libusb_device *real, char error[static USB_DEVICE_ERROR_MAX]);

#endif
