#include "virtual_kinds.h"

#include <stddef.h>

#include "icestick.h"
#include "usb_dfu.h"
#include "usb_disk.h"
#include "usb_ftdi.h"
#include "usb_hid.h"
#include "usb_loop.h"

const struct usb_kind *const virtual_kinds[] = {
    &usb_loop_kind, &usb_ftdi_kind,      &icestick_kind,         &usb_disk_kind,
    &usb_dfu_kind,  &usb_hid_mouse_kind, &usb_hid_keyboard_kind, NULL,
};
