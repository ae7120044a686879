#include "usb_record.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include <libusb.h>

#include "proto/usbip_ext.h"

enum { PORTS_MAX = 7 }; /* of hubs in a row, USB 3.2 section 8.9 */

void usb_record_busid(struct libusb_device *real, char busid[static USBIP_BUSID_SIZE])
{
    uint8_t ports[PORTS_MAX];
    int count = libusb_get_port_numbers(real, ports, PORTS_MAX);
    int n = snprintf(busid, USBIP_BUSID_SIZE, "%u", libusb_get_bus_number(real));

    for (int i = 0; i < count; i++)
        n +=
            snprintf(busid + n, USBIP_BUSID_SIZE - (size_t)n, "%c%u", i == 0 ? '-' : '.', ports[i]);
}

static enum usbip_speed speed_of(struct libusb_device *real)
{
    switch (libusb_get_device_speed(real)) {
    case LIBUSB_SPEED_LOW:
        return USBIP_SPEED_LOW;
    case LIBUSB_SPEED_FULL:
        return USBIP_SPEED_FULL;
    case LIBUSB_SPEED_SUPER:
    case LIBUSB_SPEED_SUPER_PLUS: /* which clients before Linux 6.12 refuse */
        return USBIP_SPEED_SUPER;
    default: /* unknown is refused by clients */
        return USBIP_SPEED_HIGH;
    }
}

int usb_record_read(struct libusb_device *real, struct usbip_device *r)
{
    struct libusb_device_descriptor d;

    if (libusb_get_device_descriptor(real, &d) < 0)
        return -EIO;
    usb_record_busid(real, r->busid);
    snprintf(r->path, sizeof r->path, "/com2net/%s", r->busid);
    r->extensions = USBIP_EXT_VERSION;
    r->busnum = libusb_get_bus_number(real);
    r->devnum = libusb_get_device_address(real);
    r->speed = speed_of(real);
    r->vendor = d.idVendor;
    r->product = d.idProduct;
    r->release = d.bcdDevice;
    r->device_class = d.bDeviceClass;
    r->device_subclass = d.bDeviceSubClass;
    r->device_protocol = d.bDeviceProtocol;
    r->configurations = d.bNumConfigurations;
    return 0;
}

bool usb_record_is_of_streams(const struct usbip_device *r)
{
    static const uint16_t products[] = {0x6001, 0x6010, 0x6011, 0x6014, 0x6015, 0x6040,
                                        0x6041, 0x6042, 0x6043, 0x6044, 0x6045, 0x6048};

    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        if (r->vendor == 0x0403 && r->product == products[i])
            return true;
    return false;
}
