/*
 * How a real USB device is listed: the facts that libusb knows without opening it.
 */
#ifndef SERVER_USB_USB_RECORD_H
#define SERVER_USB_USB_RECORD_H

#include <stdbool.h>

#include "proto/usbip.h"

struct libusb_device;

/* The busid of a device: its bus and the ports that lead to it, which it keeps however often it is
 * plugged in there. */
void usb_record_busid(struct libusb_device *real, char busid[static USBIP_BUSID_SIZE]);

/* Fills in all but what depends on the configuration in force (usb_interfaces.h). Returns 0 or
 * -EIO. */
int usb_record_read(struct libusb_device *real, struct usbip_device *r);

/* Whether its bulk OUT endpoints are FIFOs of bytes. So are those of FTDI's serial and MPSSE chips,
 * FT232, FT2232, FT4232, FT232H, FT230X, FT4232HA and their like. Not the FT60x, whose packets
 * count. */
bool usb_record_is_of_streams(const struct usbip_device *r);

#endif
