/*
 * libusb's synchronous calls, upstream's own, except that libusb_bulk_transfer has another name:
 * usbip_transfer.c has one of its own, which calls it.
 */
#define libusb_bulk_transfer core_bulk_transfer
#include "sync.c"
