/*
 * The interfaces of a real device that is exported: those of the configuration in force, with their
 * alternate settings and endpoints. They are taken from their drivers, and returned. Functions that
 * return an int return 0 or libusb's error; calls of libusb wait for the device.
 */
#ifndef SERVER_USB_USB_INTERFACES_H
#define SERVER_USB_USB_INTERFACES_H

#include <stdbool.h>
#include <stdint.h>

struct libusb_config_descriptor;
struct libusb_device;
struct libusb_device_handle;
struct libusb_endpoint_descriptor;
struct usb_device;

struct usb_interfaces {
    struct usb_device *device;               /* whose list of interfaces follows */
    struct libusb_device *real;              /* the same, as libusb has it */
    struct libusb_device_handle *handle;     /* NULL: not opened */
    struct libusb_config_descriptor *config; /* in force; NULL: not configured */
    uint8_t alternate[256];                  /* of each interface, by its number */
    bool foreign[256];                       /* it could not be taken from its driver */
    bool touched; /* endpoints other than 0 were used, since it was configured */
};

/* Takes over which configuration is in force, and how it is listed. */
void usb_interfaces_read(struct usb_interfaces *i);

/* Frees what it has; not itself. */
void usb_interfaces_free(struct usb_interfaces *i);

/* The descriptor of an endpoint, by the alternate settings in force, or NULL. `foreign` tells
 * whether its interface is a foreign one. */
const struct libusb_endpoint_descriptor *usb_interfaces_endpoint(const struct usb_interfaces *i,
                                                                 uint8_t address, bool *foreign);

/* Takes all interfaces. Where no driver lets programs have one (LIBUSB_ERROR_NOT_SUPPORTED,
 * _NOT_FOUND; on Windows each interface has a driver of its own), that one stays foreign, if
 * another can be had. After a failure `interface` is the number of the one that is not available.
 */
int usb_interfaces_claim(struct usb_interfaces *i, int *interface);

/* The first foreign interface from number `from` on, or -1. */
int usb_interfaces_next_foreign(const struct usb_interfaces *i, int from);

/* Gives all back, to their drivers. */
void usb_interfaces_release(struct usb_interfaces *i);

/* Sets the alternate setting 0 of all. A client takes for granted that SET_CONFIGURATION and a
 * reset do this. The one may not be sent, and libusb's reset leaves it to the system. */
int usb_interfaces_set_defaults(struct usb_interfaces *i);

/* SET_CONFIGURATION. That of the configuration in force is for an importer's enumeration, and then
 * need not reach the device. Later it is all that Linux's USB/IP client sends of a reset. An
 * example is a disk that still has data of an abandoned command. `is_idle`: no transfer is under
 * way. */
int usb_interfaces_configure(struct usb_interfaces *i, uint8_t value, bool is_idle);

/* SET_INTERFACE. */
int usb_interfaces_set_alternate(struct usb_interfaces *i, uint8_t interface, uint8_t alternate);

#endif
