/*
 * USB descriptors, as a device gives them: bytes that are not to be trusted. Sources: USB 2.0
 * chapter 9, USB 3.2 chapter 9. Numbers are little-endian. Pure.
 */
#ifndef COMMON_PROTO_USB_DESC_H
#define COMMON_PROTO_USB_DESC_H

#include <stddef.h>
#include <stdint.h>

enum usb_desc_type {
    USB_DESC_DEVICE = 1,
    USB_DESC_CONFIGURATION = 2,
    USB_DESC_STRING = 3,
    USB_DESC_INTERFACE = 4,
    USB_DESC_ENDPOINT = 5,
    USB_DESC_QUALIFIER = 6,
    USB_DESC_BOS = 15,
};

enum { USB_DESC_DEVICE_SIZE = 18, USB_DESC_CONFIGURATION_SIZE = 9, USB_DESC_STRING_MAX = 255 };

/* Requests of endpoint 0 that are more than data. */
enum usb_request {
    USB_REQUEST_CLEAR_FEATURE = 1,
    USB_REQUEST_SET_FEATURE = 3,
    USB_REQUEST_GET_DESCRIPTOR = 6,
    USB_REQUEST_GET_CONFIGURATION = 8,
    USB_REQUEST_SET_CONFIGURATION = 9,
    USB_REQUEST_GET_INTERFACE = 10,
    USB_REQUEST_SET_INTERFACE = 11,
};

enum usb_transfer_type {
    USB_CONTROL,
    USB_ISOCHRONOUS,
    USB_BULK,
    USB_INTERRUPT,
};

struct usb_setup {
    uint8_t type; /* bmRequestType */
    uint8_t request;
    uint16_t value, index, length;
};

struct usb_desc_device {
    uint16_t usb; /* bcdUSB */
    uint8_t device_class, device_subclass, device_protocol;
    uint8_t max_packet_0;
    uint16_t vendor, product, release;
    uint8_t manufacturer_string, product_string, serial_string;
    uint8_t configurations;
};

struct usb_desc_interface {
    uint8_t number, alternate, endpoints;
    uint8_t interface_class, interface_subclass, interface_protocol;
};

struct usb_desc_endpoint {
    uint8_t address; /* with 0x80 for IN */
    enum usb_transfer_type type;
    uint16_t max_packet; /* bytes of one packet */
    uint8_t packets;     /* of a microframe: 1 to 3 (high speed, periodic) */
    uint8_t interval;
};

/* A walk over descriptors that follow each other. */
struct usb_desc_walk {
    const uint8_t *data;
    size_t len;
};

struct usb_setup usb_setup_get(const uint8_t bytes[static 8]);

/* Take the descriptor that the walk is at, and go to the next. Returns its bytes, whose first is
 * their number and whose second the type; NULL at the end, or where what follows is none. */
const uint8_t *usb_desc_next(struct usb_desc_walk *w);

/* Read a descriptor. Return 0, or -EPROTO: it is too short, or another one. */
int usb_desc_get_device(const uint8_t *data, size_t len, struct usb_desc_device *d);
int usb_desc_get_interface(const uint8_t *descriptor, struct usb_desc_interface *i);
int usb_desc_get_endpoint(const uint8_t *descriptor, struct usb_desc_endpoint *e);

/* Makes a string descriptor of UTF-8 text, cut where a descriptor ends; bytes that are no UTF-8
 * become U+FFFD. Returns its size. */
size_t usb_desc_put_string(const char *text, uint8_t descriptor[static USB_DESC_STRING_MAX]);

/* Length of a configuration with all that belongs to it, wTotalLength: the part that is present of
 * the length that it claims. Returns 0 if it is no configuration. */
size_t usb_desc_configuration_size(const uint8_t *data, size_t len);

/* Finds an endpoint of a configuration by its address, in the interface's alternate setting that
 * `alternate` says for its number. Returns 0 or -ENOENT. */
int usb_desc_find_endpoint(const uint8_t *configuration, size_t len, uint8_t address,
                           const uint8_t alternate[static 256], struct usb_desc_endpoint *e);

#endif
