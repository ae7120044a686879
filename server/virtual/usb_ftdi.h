/*
 * The built-in USB device `usb:demo-ftdi`: an FT232R, a USB serial adapter, that gives back what is
 * sent to it; RTS is CTS, DTR is DSR and DCD, a break is received as a break.
 */
#ifndef SERVER_VIRTUAL_USB_FTDI_H
#define SERVER_VIRTUAL_USB_FTDI_H

struct event_base;
struct usb_device;

/* Returns NULL without memory. */
struct usb_device *usb_ftdi_new(struct event_base *base, const char *name, unsigned number);

#endif
