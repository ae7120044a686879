/*
 * An export without a listener: sessions are made by the test, of sockets that it has. Implements
 * the part of server/usb/usb_export.h that sessions use; there is one.
 */
#ifndef TESTS_FAKES_FAKE_USB_EXPORT_H
#define TESTS_FAKES_FAKE_USB_EXPORT_H

#include "usb_export.h"

struct usb_export {
    struct usb_device *devices; /* by `next` */
    size_t budget;
    unsigned forgotten; /* sessions that have ended */
    unsigned changes;   /* that were told */
};

#endif
