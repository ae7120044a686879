/* USB devices as libusb and Windows's drivers have them. */
#include "usb_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libusb.h>

#include "serial_ports.h"
#include "usb_function.h"

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

/* The COM port of an interface, or "" where it has none, or where several devices have the same
 * numbers. */
static void find_port(const struct usb_function_place *place, int interface, bool is_alone,
                      char name[static USB_SYSTEM_TEXT_MAX])
{
    struct serial_info *ports;
    size_t count;
    int found = 0;

    name[0] = '\0';
    if (serial_ports_list(&ports, &count) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct serial_info *p = &ports[i];

        if (p->vid != place->vendor || p->pid != place->product ||
            !(p->interface == interface || (is_alone && p->interface < 0)))
            continue;
        found++;
        snprintf(name, USB_SYSTEM_TEXT_MAX, ", %.100s", p->path);
    }
    if (found != 1)
        name[0] = '\0';
    free(ports);
}

/* Whether libusb has a way to a device with this driver. */
static bool lets_programs_in(const char *driver)
{
    static const char *const all[] = {"WinUSB", "libusbK", "libusb0"};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (_stricmp(driver, all[i]) == 0)
            return true;
    return false;
}

void usb_system_interface(struct libusb_device *real, const char *busid, int interface,
                          char text[static USB_SYSTEM_ADVICE_MAX])
{
    struct libusb_device_descriptor d;
    struct usb_function_place place = {.depth = 0};
    char driver[USB_FUNCTION_TEXT_MAX], port[USB_SYSTEM_TEXT_MAX];

    (void)busid;
    text[0] = '\0';
    if (libusb_get_device_descriptor(real, &d) < 0)
        return;
    place.vendor = d.idVendor;
    place.product = d.idProduct;
    place.depth = libusb_get_port_numbers(real, place.ports, USB_FUNCTION_DEPTH_MAX);
    if (place.depth <= 0 || !usb_function_driver(&place, interface, driver))
        return;
    find_port(&place, interface, interface == 0, port);
    if (lets_programs_in(driver))
        snprintf(text, USB_SYSTEM_ADVICE_MAX, "%s: programs can have it", driver);
    else if (driver[0])
        snprintf(text, USB_SYSTEM_ADVICE_MAX, "%s%s: keeps it, programs cannot have it", driver,
                 port);
    else
        snprintf(text, USB_SYSTEM_ADVICE_MAX,
                 "none: programs cannot have it before WinUSB is "
                 "installed for it");
}
