/*
 * The operating system's facts about a USB device that libusb does not tell, or not without opening
 * it. A device is libusb's, and named by its busid, "1-1.2". Implemented in
 * posix/linux/usb_system.c and win32/usb_system.c.
 */
#ifndef COMMON_SEAM_USB_SYSTEM_H
#define COMMON_SEAM_USB_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct libusb_device;

enum { USB_SYSTEM_TEXT_MAX = 128, USB_SYSTEM_ADVICE_MAX = 384 };

/* Each empty where there is none. */
struct usb_system_texts {
    char manufacturer[USB_SYSTEM_TEXT_MAX];
    char product[USB_SYSTEM_TEXT_MAX];
    char serial[USB_SYSTEM_TEXT_MAX];
};

/* Whether this system has a place for USB devices at all, or none yet. */
bool usb_system_is_there(void);

/* May open it for a moment, on Windows, and be without texts where that is not possible. */
void usb_system_texts(struct libusb_device *real, const char *busid, struct usb_system_texts *t);

/* Whether it is known without looking which devices there are now; otherwise they are looked for
 * when somebody asks. */
bool usb_system_tells(void);

/* Whether the device under this busid is still the one with this number; true where that cannot be
 * told. */
bool usb_system_has(const char *busid, unsigned devnum);

/* Whether it is itself imported over USB/IP, and so not ours to export. */
bool usb_system_is_imported(const char *busid);

/* Advice when we have no permission for it: a sentence without its full stop. */
void usb_system_access_advice(uint16_t vendor, uint16_t product,
                              char text[static USB_SYSTEM_ADVICE_MAX]);

/* The fault and the remedy when no driver lets programs use the device, or this interface of it if
 * that is not negative. Empty where drivers are no condition. */
void usb_system_driver_advice(uint16_t vendor, uint16_t product, int interface,
                              char text[static USB_SYSTEM_ADVICE_MAX]);

/* The driver that this interface of a device has now, and what comes of it when the device is
 * published, such as "ftdi_sio, ttyUSB0". Empty where there is nothing to tell. Opens nothing. */
void usb_system_interface(struct libusb_device *real, const char *busid, int interface,
                          char text[static USB_SYSTEM_ADVICE_MAX]);

#endif
