#include "usb_describe.h"

#include <errno.h>
#include <stdint.h>

#include <libusb.h>

#include "proto/buf.h"
#include "proto/usb_desc.h"
#include "proto/usbip_ext.h"
#include "usb_system.h"

enum { CONFIGURATION_MAX = 0xffff };

static uint8_t low(uint16_t v)
{
    return (uint8_t)v;
}

static uint8_t high(uint16_t v)
{
    return (uint8_t)(v >> 8);
}

static int add_extra(struct buf *b, const unsigned char *extra, int len)
{
    return len > 0 ? buf_add(b, extra, (size_t)len) : 0;
}

static int add_endpoint(struct buf *b, const struct libusb_endpoint_descriptor *e)
{
    const uint8_t bytes[] = {e->bLength,
                             e->bDescriptorType,
                             e->bEndpointAddress,
                             e->bmAttributes,
                             low(e->wMaxPacketSize),
                             high(e->wMaxPacketSize),
                             e->bInterval,
                             e->bRefresh, /* of audio: it has two bytes more */
                             e->bSynchAddress};
    int r = buf_add(b, bytes, e->bLength < sizeof bytes ? e->bLength : sizeof bytes);

    return r < 0 ? r : add_extra(b, e->extra, e->extra_length);
}

static int add_interface(struct buf *b, const struct libusb_interface_descriptor *i)
{
    const uint8_t bytes[] = {9,
                             i->bDescriptorType,
                             i->bInterfaceNumber,
                             i->bAlternateSetting,
                             i->bNumEndpoints,
                             i->bInterfaceClass,
                             i->bInterfaceSubClass,
                             i->bInterfaceProtocol,
                             i->iInterface};
    int r = buf_add(b, bytes, sizeof bytes);

    if (r == 0)
        r = add_extra(b, i->extra, i->extra_length);
    for (int k = 0; k < i->bNumEndpoints && r == 0; k++)
        r = add_endpoint(b, &i->endpoint[k]);
    return r;
}

/* libusb has kept the descriptors it does not know, after the one that they followed. */
static int add_configuration(struct buf *b, const struct libusb_config_descriptor *c)
{
    const uint8_t bytes[] = {9,
                             c->bDescriptorType,
                             low(c->wTotalLength),
                             high(c->wTotalLength),
                             c->bNumInterfaces,
                             c->bConfigurationValue,
                             c->iConfiguration,
                             c->bmAttributes,
                             c->MaxPower};
    int r = buf_add(b, bytes, sizeof bytes);

    if (r == 0)
        r = add_extra(b, c->extra, c->extra_length);
    for (int i = 0; i < c->bNumInterfaces && r == 0; i++)
        for (int k = 0; k < c->interface[i].num_altsetting && r == 0; k++)
            r = add_interface(b, &c->interface[i].altsetting[k]);
    return r;
}

static int add_configurations(struct libusb_device *real, uint8_t count, struct buf *b)
{
    int r = 0;

    for (uint8_t i = 0; i < count && r == 0; i++) {
        struct libusb_config_descriptor *c;
        struct buf bytes;

        if (libusb_get_config_descriptor(real, i, &c) < 0)
            continue; /* the client will ask the device */
        buf_init(&bytes, CONFIGURATION_MAX);
        r = add_configuration(&bytes, c);
        if (r == 0)
            r = usbip_ext_add_descriptor(b, (uint16_t)(USB_DESC_CONFIGURATION << 8 | i), 0,
                                         buf_head(&bytes), bytes.len);
        buf_free(&bytes);
        libusb_free_config_descriptor(c);
    }
    return r;
}

static int add_device(const struct libusb_device_descriptor *d, struct buf *b)
{
    const uint8_t bytes[USB_DESC_DEVICE_SIZE] = {
        USB_DESC_DEVICE_SIZE, USB_DESC_DEVICE,      low(d->bcdUSB),     high(d->bcdUSB),
        d->bDeviceClass,      d->bDeviceSubClass,   d->bDeviceProtocol, d->bMaxPacketSize0,
        low(d->idVendor),     high(d->idVendor),    low(d->idProduct),  high(d->idProduct),
        low(d->bcdDevice),    high(d->bcdDevice),   d->iManufacturer,   d->iProduct,
        d->iSerialNumber,     d->bNumConfigurations};

    return usbip_ext_add_descriptor(b, USB_DESC_DEVICE << 8, 0, bytes, sizeof bytes);
}

static int add_strings(struct libusb_device *real, const struct libusb_device_descriptor *d,
                       const char *busid, struct buf *b)
{
    struct usb_system_texts texts;

    usb_system_texts(real, busid, &texts);
    const struct {
        uint8_t number;
        const char *text;
    } strings[] = {{d->iManufacturer, texts.manufacturer},
                   {d->iProduct, texts.product},
                   {d->iSerialNumber, texts.serial}};
    int r = 0;

    for (size_t i = 0; i < sizeof strings / sizeof *strings && r == 0; i++)
        if (strings[i].number > 0 && strings[i].text[0])
            r = usbip_ext_add_string(b, strings[i].number, strings[i].text);
    return r;
}

int usb_describe(struct libusb_device *real, const char *busid, struct buf *b)
{
    struct libusb_device_descriptor d;

    if (libusb_get_device_descriptor(real, &d) < 0)
        return -EIO;
    int r = add_device(&d, b);
    if (r == 0)
        r = add_configurations(real, d.bNumConfigurations, b);
    return r < 0 ? r : add_strings(real, &d, busid, b);
}
