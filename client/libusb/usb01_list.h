/*
 * The lists of libusb-0.1. Busses and devices change only when programs ask for it; descriptors
 * have all that belongs to them. The records that libusb-1.0 has parsed are shown unchanged, since
 * they are alike.
 */
#ifndef CLIENT_LIBUSB_USB01_LIST_H
#define CLIENT_LIBUSB_USB01_LIST_H

#include <stdbool.h>

#include <libusb.h>

#include "usb01.h"

enum { USB01_CONFIGURATIONS_MAX = 8 /* USB_MAXCONFIG */ };

/* A device of the list. */
struct usb01_device {
    struct usb_device shown; /* first: programs have its address */
    libusb_device *device;
    struct usb_config_descriptor configs[USB01_CONFIGURATIONS_MAX];
    struct libusb_config_descriptor *parsed[USB01_CONFIGURATIONS_MAX]; /* what those point into */
    unsigned handles;
    bool gone;
};

/* Reads all configurations, or none: programs look at bNumConfigurations and at `config` only. */
void usb01_list_read_configs(struct usb01_device *d);

/* Frees one that is in no list any more. */
void usb01_list_free(struct usb01_device *d);

#endif
