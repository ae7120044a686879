/*
 * The core's own functions that ours wrap.
 */
#ifndef CLIENT_LIBUSB_USBIP_CORE_H
#define CLIENT_LIBUSB_USBIP_CORE_H

#include <libusbi.h>

/* The core's calls of libusb_ instead of core_, by the names that its compiler is told. */
int core_get_device_descriptor(struct libusb_device *dev, struct libusb_device_descriptor *d);
int core_hotplug_register_callback(struct libusb_context *ctx, int events, int flags, int vendor,
                                   int product, int device_class, libusb_hotplug_callback_fn fn,
                                   void *data, libusb_hotplug_callback_handle *handle);

/* The core's libusb_bulk_transfer, by the name that core_sync.c gives it. */
int core_bulk_transfer(struct libusb_device_handle *h, unsigned char endpoint, unsigned char *data,
                       int length, int *transferred, unsigned int timeout);

#endif
