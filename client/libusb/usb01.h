/*
 * libusb-0.1, as programs that were built with it see it. Structs have the layout, and calls the
 * names and meanings, of /usr/include/usb.h of libusb 0.1.12. Sources: Debian's libusb-dev; the
 * project's page libusb.sourceforge.io/doc. For usb01_*.c, and for tests; programs bring the
 * original.
 *
 * Calls return 0 or more, or a negative errno, which they leave in errno as well: libftdi looks for
 * ENODATA there. Times are milliseconds, 0 is for ever. Structs are the library's; those of a
 * device that is gone stay until the next usb_find_devices, or until it is closed. As with the
 * original, several threads may use handles, but only one may look for devices.
 */
#ifndef CLIENT_LIBUSB_USB01_H
#define CLIENT_LIBUSB_USB01_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* The records have these layouts in libusb-1.0, too (usb01_list.c checks it). */
struct usb_endpoint_descriptor {
    uint8_t bLength, bDescriptorType, bEndpointAddress, bmAttributes;
    uint16_t wMaxPacketSize;
    uint8_t bInterval, bRefresh, bSynchAddress;
    unsigned char *extra;
    int extralen; /* bytes */
};

struct usb_interface_descriptor {
    uint8_t bLength, bDescriptorType, bInterfaceNumber, bAlternateSetting, bNumEndpoints;
    uint8_t bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol, iInterface;
    struct usb_endpoint_descriptor *endpoint;
    unsigned char *extra;
    int extralen;
};

struct usb_interface {
    struct usb_interface_descriptor *altsetting;
    int num_altsetting;
};

struct usb_config_descriptor {
    uint8_t bLength, bDescriptorType;
    uint16_t wTotalLength;
    uint8_t bNumInterfaces, bConfigurationValue, iConfiguration, bmAttributes, MaxPower;
    struct usb_interface *interface;
    unsigned char *extra;
    int extralen;
};

struct usb_device_descriptor {
    uint8_t bLength, bDescriptorType;
    uint16_t bcdUSB;
    uint8_t bDeviceClass, bDeviceSubClass, bDeviceProtocol, bMaxPacketSize0;
    uint16_t idVendor, idProduct, bcdDevice;
    uint8_t iManufacturer, iProduct, iSerialNumber, bNumConfigurations;
} __attribute__((packed));

struct usb_bus;

struct usb_device {
    struct usb_device *next, *prev;
    char filename[PATH_MAX + 1]; /* "004": the address */
    struct usb_bus *bus;
    struct usb_device_descriptor descriptor;
    struct usb_config_descriptor *config; /* bNumConfigurations, or NULL: they cannot be read */
    void *dev;                            /* for Darwin */
    uint8_t devnum;
    unsigned char num_children; /* 0: there are no hubs */
    struct usb_device **children;
};

struct usb_bus {
    struct usb_bus *next, *prev;
    char dirname[PATH_MAX + 1]; /* "200": the number */
    struct usb_device *devices;
    uint32_t location;
    struct usb_device *root_dev; /* NULL: there are no hubs */
};

typedef struct usb_dev_handle usb_dev_handle;

#pragma GCC visibility push(default)

extern struct usb_bus *usb_busses;
/* Not in usb.h, but exported: the level of usb_set_debug, and the text of usb_strerror. */
extern int usb_debug;
extern int usb_error_errno; /* negative */
extern char usb_error_str[8192];
extern int usb_error_type; /* 0 no error, 1 usb_error_str, 2 usb_error_errno */

void usb_init(void);
void usb_set_debug(int level);
int usb_find_busses(void);  /* both: how many have come and gone */
int usb_find_devices(void); /* structs of those that stay are not moved */
struct usb_bus *usb_get_busses(void);
struct usb_device *usb_device(usb_dev_handle *dev);

usb_dev_handle *usb_open(struct usb_device *dev);
int usb_close(usb_dev_handle *dev);
int usb_set_configuration(usb_dev_handle *dev, int configuration);
int usb_claim_interface(usb_dev_handle *dev, int interface);
int usb_release_interface(usb_dev_handle *dev, int interface);
int usb_set_altinterface(usb_dev_handle *dev, int alternate); /* of the one claimed last */
int usb_resetep(usb_dev_handle *dev, unsigned int ep);
int usb_clear_halt(usb_dev_handle *dev, unsigned int ep);
int usb_reset(usb_dev_handle *dev);
int usb_get_driver_np(usb_dev_handle *dev, int interface, char *name, unsigned int namelen);
int usb_detach_kernel_driver_np(usb_dev_handle *dev, int interface);

/* These return how many bytes were transferred. */
int usb_control_msg(usb_dev_handle *dev, int requesttype, int request, int value, int index,
                    char *bytes, int size, int timeout);
int usb_bulk_write(usb_dev_handle *dev, int ep, const char *bytes, int size, int timeout);
int usb_bulk_read(usb_dev_handle *dev, int ep, char *bytes, int size, int timeout);
int usb_interrupt_write(usb_dev_handle *dev, int ep, const char *bytes, int size, int timeout);
int usb_interrupt_read(usb_dev_handle *dev, int ep, char *bytes, int size, int timeout);
int usb_get_string(usb_dev_handle *dev, int index, int langid, char *buf, size_t buflen);
int usb_get_string_simple(usb_dev_handle *dev, int index, char *buf, size_t buflen);
int usb_get_descriptor(usb_dev_handle *udev, unsigned char type, unsigned char index, void *buf,
                       int size);
int usb_get_descriptor_by_endpoint(usb_dev_handle *udev, int ep, unsigned char type,
                                   unsigned char index, void *buf, int size);

char *usb_strerror(void);

#pragma GCC visibility pop

#endif
