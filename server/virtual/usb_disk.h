/*
 * The built-in USB device `usb:demo-disk`: a mass storage device over an image file.
 */
#ifndef SERVER_VIRTUAL_USB_DISK_H
#define SERVER_VIRTUAL_USB_DISK_H

#include <stdbool.h>

#include "scsi_disk.h"

struct event_base;
struct usb_device;

/* Returns NULL with what is wrong in `error`. */
struct usb_device *usb_disk_new(struct event_base *base, const char *image, bool read_only,
                                const char *name, unsigned number,
                                char error[static SCSI_DISK_ERROR_MAX]);

#endif
