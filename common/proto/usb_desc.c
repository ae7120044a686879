#include "usb_desc.h"

#include <errno.h>
#include <stdbool.h>

enum { REPLACEMENT = 0xfffd }; /* Unicode's, for a value that is no character */

static uint16_t get_le16(const uint8_t *p)
{
    return (uint16_t)(p[1] << 8 | p[0]);
}

static void put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

struct usb_setup usb_setup_get(const uint8_t bytes[static 8])
{
    return (struct usb_setup){.type = bytes[0],
                              .request = bytes[1],
                              .value = get_le16(bytes + 2),
                              .index = get_le16(bytes + 4),
                              .length = get_le16(bytes + 6)};
}

const uint8_t *usb_desc_next(struct usb_desc_walk *w)
{
    const uint8_t *descriptor = w->data;

    if (w->len < 2 || descriptor[0] < 2 || descriptor[0] > w->len)
        return NULL;
    w->data += descriptor[0];
    w->len -= descriptor[0];
    return descriptor;
}

int usb_desc_get_device(const uint8_t *data, size_t len, struct usb_desc_device *d)
{
    if (len < USB_DESC_DEVICE_SIZE || data[0] < USB_DESC_DEVICE_SIZE || data[1] != USB_DESC_DEVICE)
        return -EPROTO;
    *d = (struct usb_desc_device){.usb = get_le16(data + 2),
                                  .device_class = data[4],
                                  .device_subclass = data[5],
                                  .device_protocol = data[6],
                                  .max_packet_0 = data[7],
                                  .vendor = get_le16(data + 8),
                                  .product = get_le16(data + 10),
                                  .release = get_le16(data + 12),
                                  .manufacturer_string = data[14],
                                  .product_string = data[15],
                                  .serial_string = data[16],
                                  .configurations = data[17]};
    return 0;
}

int usb_desc_get_interface(const uint8_t *descriptor, struct usb_desc_interface *i)
{
    if (descriptor[0] < 9 || descriptor[1] != USB_DESC_INTERFACE)
        return -EPROTO;
    *i = (struct usb_desc_interface){.number = descriptor[2],
                                     .alternate = descriptor[3],
                                     .endpoints = descriptor[4],
                                     .interface_class = descriptor[5],
                                     .interface_subclass = descriptor[6],
                                     .interface_protocol = descriptor[7]};
    return 0;
}

int usb_desc_get_endpoint(const uint8_t *descriptor, struct usb_desc_endpoint *e)
{
    if (descriptor[0] < 7 || descriptor[1] != USB_DESC_ENDPOINT)
        return -EPROTO;
    uint16_t size = get_le16(descriptor + 4);
    *e = (struct usb_desc_endpoint){.address = descriptor[2],
                                    .type = (enum usb_transfer_type)(descriptor[3] & 3),
                                    .max_packet = size & 0x7ff,
                                    .packets = (uint8_t)(1 + (size >> 11 & 3)),
                                    .interval = descriptor[6]};
    return 0;
}

/* Takes one character off UTF-8 text, which ends with a 0 (RFC 3629). */
static uint32_t take_character(const char **text)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const uint8_t *p = (const uint8_t *)*text;
    unsigned more = *p >= 0xf8 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
    uint32_t c = more ? *p & (0x3fu >> more) : *p;

    if (*p >= 0x80 && !more)
        c = REPLACEMENT;
    *text += 1;
    for (unsigned i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return REPLACEMENT;
        c = c << 6 | (p[i] & 0x3fu);
        *text += 1;
    }
    bool is_surrogate = c >= 0xd800 && c <= 0xdfff;
    return c < least[more] || c > 0x10ffff || is_surrogate ? REPLACEMENT : c;
}

size_t usb_desc_put_string(const char *text, uint8_t descriptor[static USB_DESC_STRING_MAX])
{
    size_t len = 2;

    while (*text) {
        uint32_t c = take_character(&text);
        bool is_pair = c > 0xffff; /* in UTF-16 */

        if (len + (is_pair ? 4 : 2) > USB_DESC_STRING_MAX)
            break;
        if (is_pair) {
            put_le16(descriptor + len, (uint16_t)(0xd800 + ((c - 0x10000) >> 10)));
            len += 2;
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        put_le16(descriptor + len, (uint16_t)c);
        len += 2;
    }
    descriptor[0] = (uint8_t)len;
    descriptor[1] = USB_DESC_STRING;
    return len;
}

size_t usb_desc_configuration_size(const uint8_t *data, size_t len)
{
    if (len < USB_DESC_CONFIGURATION_SIZE || data[0] < USB_DESC_CONFIGURATION_SIZE ||
        data[1] != USB_DESC_CONFIGURATION)
        return 0;
    size_t total = get_le16(data + 2);
    return total < len ? total : len;
}

int usb_desc_find_endpoint(const uint8_t *configuration, size_t len, uint8_t address,
                           const uint8_t alternate[static 256], struct usb_desc_endpoint *e)
{
    struct usb_desc_walk walk = {configuration, usb_desc_configuration_size(configuration, len)};
    struct usb_desc_interface interface = {0};
    bool chosen = false;

    for (const uint8_t *d = usb_desc_next(&walk); d; d = usb_desc_next(&walk)) {
        if (usb_desc_get_interface(d, &interface) == 0)
            chosen = alternate[interface.number] == interface.alternate;
        else if (chosen && usb_desc_get_endpoint(d, e) == 0 && e->address == address)
            return 0;
    }
    return -ENOENT;
}
