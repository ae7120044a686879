/*
 * The descriptors of a real USB device as bytes. libusb and the system have read them when it was
 * plugged in. The device is not asked, whoever has it.
 */
#ifndef SERVER_USB_USB_DESCRIBE_H
#define SERVER_USB_USB_DESCRIBE_H

struct buf;
struct libusb_device;

/* Adds them in the form of common/proto/usbip_ext.h: device, configurations, and of the strings
 * those that name the device. Returns 0, -EIO, or what buf_add says. */
int usb_describe(struct libusb_device *real, const char *busid, struct buf *b);

#endif
