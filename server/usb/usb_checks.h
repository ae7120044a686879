/*
 * The answers of Linux's server to a client's URBs: for tests of clients, by the option
 * kernel-checks of a device. usbip-host hands what it is sent to usb_submit_urb, and ends the
 * session where that refuses (drivers/usb/usbip/stub_rx.c).
 */
#ifndef SERVER_USB_USB_CHECKS_H
#define SERVER_USB_USB_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct usbip_device;
struct usbip_packet;
struct usbip_urb;

/* A device's. */
struct usb_checks {
    bool on;
    uint8_t alternate[256]; /* in force, by the number of the interface */
};

/* Somebody has imported the device who did not have it before. */
void usb_checks_begin(struct usb_checks *c);

/* Why the next URB would end the session; NULL: it would not. Settings that it changes are those of
 * the next ones. `descriptors` are the device's, as usbip_ext.h has them; empty: not known. */
const char *usb_checks_urb(struct usb_checks *c, const struct usbip_device *record,
                           const struct buf *descriptors, const struct usbip_urb *u,
                           const struct usbip_packet *packets);

#endif
