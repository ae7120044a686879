/*
 * A record of transfers for Wireshark: a pcapng file whose packets are those of Linux's usbmon,
 * with the header of 64 bytes (LINKTYPE_USB_LINUX_MMAPPED; Documentation/usb/usbmon.rst).
 */
#ifndef SERVER_USB_USB_PCAP_H
#define SERVER_USB_USB_PCAP_H

#include "usb_device.h"

struct usb_pcap;

enum { USB_PCAP_ERROR_MAX = 512 };

/* Makes the file, in place of one that is there. Returns NULL with the reason in `error`. */
struct usb_pcap *usb_pcap_open(const char *path, char error[static USB_PCAP_ERROR_MAX]);

/* Finishes the file. Accepts NULL. */
void usb_pcap_close(struct usb_pcap *p);

/* Record that a transfer begins, and that it is done. Accept NULL. A file that cannot be written
 * any more is said once. */
void usb_pcap_submit(struct usb_pcap *p, const struct usb_device *d, const struct usb_transfer *t);
void usb_pcap_done(struct usb_pcap *p, const struct usb_device *d, const struct usb_transfer *t);

#endif
