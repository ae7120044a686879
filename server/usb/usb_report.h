/*
 * The facts about the USB devices of an address, at one moment: plain data, which printers read.
 */
#ifndef SERVER_USB_USB_REPORT_H
#define SERVER_USB_USB_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/usbip.h"

enum { USB_REPORT_PEER_MAX = 80 };

struct usb_report_device {
    const char *name; /* the device's */
    bool real;        /* not built in */
    char busid[USBIP_BUSID_SIZE];
    uint16_t vendor, product;
    char importer[USB_REPORT_PEER_MAX]; /* who has it, or empty */
};

struct usb_report {
    const char *name;                  /* of the first source */
    struct usb_report_device *devices; /* allocated; NULL: none */
    size_t count;
};

#endif
