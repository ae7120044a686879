/*
 * Transfers of programs: URBs are made of them, and what has become of these is told. Those named
 * as members of libusb's struct usbi_os_backend promise what libusbi.h says there. All but
 * usbip_transfer_complete take the backend's lock.
 */
#ifndef CLIENT_LIBUSB_USBIP_TRANSFER_H
#define CLIENT_LIBUSB_USBIP_TRANSFER_H

struct usbi_transfer;

int usbip_transfer_submit(struct usbi_transfer *t);
int usbip_transfer_cancel(struct usbi_transfer *t);

/* Has the core tell of one that is done; without the lock, as its callback may call anything. */
int usbip_transfer_complete(struct usbi_transfer *t);

/* The core does not want it any more: its memory goes. */
void usbip_transfer_clear(struct usbi_transfer *t);

#endif
