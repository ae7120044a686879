/*
 * The built-in USB device `usb:demo-ftdi`: an FT232R, a USB serial adapter, that returns the bytes
 * sent to it. RTS is CTS, DTR is DSR and DCD, a break is received as a break.
 */
#ifndef SERVER_VIRTUAL_USB_FTDI_H
#define SERVER_VIRTUAL_USB_FTDI_H

#include "usb_kind.h"

extern const struct usb_kind usb_ftdi_kind;

#endif
