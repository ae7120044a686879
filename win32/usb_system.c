/* USB devices as libusb and Windows's drivers have them. */
#include "usb_system.h"

#include <stdio.h>

#include <libusb.h>

static void read_text(struct libusb_device_handle *handle, uint8_t index,
                      char text[static USB_SYSTEM_TEXT_MAX])
{
    if (index == 0 || libusb_get_string_descriptor_ascii(handle, index, (unsigned char *)text,
                                                         USB_SYSTEM_TEXT_MAX) < 0)
        text[0] = '\0';
    text[USB_SYSTEM_TEXT_MAX - 1] = '\0';
}

void usb_system_texts(struct libusb_device *real, const char *busid, struct usb_system_texts *t)
{
    struct libusb_device_descriptor d;
    struct libusb_device_handle *handle;

    (void)busid;
    *t = (struct usb_system_texts){.serial = ""};
    if (libusb_get_device_descriptor(real, &d) < 0 || libusb_open(real, &handle) < 0)
        return;
    read_text(handle, d.iManufacturer, t->manufacturer);
    read_text(handle, d.iProduct, t->product);
    read_text(handle, d.iSerialNumber, t->serial);
    libusb_close(handle);
}

bool usb_system_is_there(void)
{
    return true;
}

bool usb_system_tells(void)
{
    return true;
}

bool usb_system_has(const char *busid, unsigned devnum)
{
    (void)busid;
    (void)devnum;
    return true;
}

bool usb_system_is_imported(const char *busid)
{
    (void)busid;
    return false; /* nobody says which of a machine's buses are those of usbip-win2 */
}

/* CreateFile's "access denied" has two reasons. */
void usb_system_access_advice(uint16_t vendor, uint16_t product,
                              char text[static USB_SYSTEM_ADVICE_MAX])
{
    snprintf(
        text, USB_SYSTEM_ADVICE_MAX,
        "end the program that has %04x:%04x open, as its driver lets in one at a time; if none "
        "has, run com2net as administrator",
        vendor, product);
}

void usb_system_driver_advice(uint16_t vendor, uint16_t product, int interface,
                              char text[static USB_SYSTEM_ADVICE_MAX])
{
    char part[24] = "it";

    if (interface >= 0)
        snprintf(part, sizeof part, "its interface %d", interface);
    snprintf(
        text, USB_SYSTEM_ADVICE_MAX,
        "%s has no driver that lets programs have it: install WinUSB or libusbK for %04x:%04x, "
        "for the interface that is wanted, with Zadig (https://zadig.akeo.ie, there Options, List "
        "All Devices), and plug it in again; the driver that it has now, and with that its COM "
        "port, is then gone until it is uninstalled in the Device Manager",
        part, vendor, product);
}
