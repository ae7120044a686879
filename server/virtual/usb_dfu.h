/*
 * The built-in USB device `usb:demo-dfu`: a device whose firmware is replaced by DFU 1.1
 * (dfu-util(1), fwupd, WebDFU). It leaves the bus to change between run time and DFU mode, and
 * comes back under the same busid. What it is given is kept, and uploaded again; nothing runs it.
 */
#ifndef SERVER_VIRTUAL_USB_DFU_H
#define SERVER_VIRTUAL_USB_DFU_H

#include <stdbool.h>

struct event_base;
struct usb_device;

enum { USB_DFU_ERROR_MAX = 512 };

/* `file` is where the firmware is kept, and must stay valid; NULL: in memory. It begins in run time
 * or in DFU mode. Returns NULL with what is wrong in `error`. */
struct usb_device *usb_dfu_new(struct event_base *base, const char *file, bool begins_in_dfu,
                               const char *name, unsigned number,
                               char error[static USB_DFU_ERROR_MAX]);

#endif
