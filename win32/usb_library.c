#include "usb_library.h"

#include <stdio.h>

#include <libusb.h>

void usb_library_describe(char text[static USB_LIBRARY_TEXT_MAX])
{
    const struct libusb_version *version = libusb_get_version();
    libusb_context *usb = NULL;
    libusb_device **devices = NULL;

    int r = libusb_init(&usb);
    if (r < 0) {
        snprintf(text, USB_LIBRARY_TEXT_MAX, "libusb %d.%d.%d does not start: %s", version->major,
                 version->minor, version->micro, libusb_error_name(r));
        return;
    }
    long count = (long)libusb_get_device_list(usb, &devices);
    if (count >= 0)
        libusb_free_device_list(devices, 1);
    libusb_exit(usb);
    snprintf(text, USB_LIBRARY_TEXT_MAX, "libusb %d.%d.%d is there and sees %ld USB devices",
             version->major, version->minor, version->micro, count >= 0 ? count : 0);
}
