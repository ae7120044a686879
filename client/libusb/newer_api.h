/*
 * Functions that releases newer than the pinned one added to libusb's interface. They have the
 * names and promises of upstream's libusb.h. They are those of 1.0.30 (LIBUSB_API_VERSION
 * 0x0100010C), and the strings of configurations and interfaces of the coming 1.0.31. Programs take
 * them from libusb's own header; this one is for newer_api.c. Once a pinned release has them they
 * go.
 */
#ifndef CLIENT_LIBUSB_NEWER_API_H
#define CLIENT_LIBUSB_NEWER_API_H

#include <stdint.h>

struct libusb_device;
struct libusb_device_handle;

enum libusb_device_string_type {
    LIBUSB_DEVICE_STRING_MANUFACTURER,
    LIBUSB_DEVICE_STRING_PRODUCT,
    LIBUSB_DEVICE_STRING_SERIAL_NUMBER,
    LIBUSB_DEVICE_STRING_COUNT,
};

enum { LIBUSB_DEVICE_STRING_BYTES_MAX = 384 }; /* in UTF-8, with the NUL */

/*
 * A string of a device that need not be open, in UTF-8 and in the device's first language. Returns
 * its length with the NUL, or LIBUSB_ERROR_NOT_FOUND where there is none, or another error. `data`
 * of `length` > 0 bytes gets what fits, whole characters only, and is "" after an error; NULL: only
 * the length is wanted. Our own server has told the strings in its list; a foreign one is asked
 * through an import, as libusb_open does.
 */
int libusb_get_device_string(struct libusb_device *dev, enum libusb_device_string_type type,
                             char *data, int length);
/* The same, of a configuration (0: the one in force) and of an interface's setting. */
int libusb_get_config_string(struct libusb_device *dev, uint8_t configuration, char *data,
                             int length);
int libusb_get_interface_string(struct libusb_device *dev, uint8_t configuration, uint8_t number,
                                uint8_t setting, char *data, int length);

/* Bus and address, as on Linux: bus << 8 | address. */
unsigned long libusb_get_session_data(struct libusb_device *dev);

/* RAW_IO is WinUSB's: here no endpoint supports it. */
int libusb_endpoint_supports_raw_io(struct libusb_device_handle *h, uint8_t endpoint);
int libusb_endpoint_set_raw_io(struct libusb_device_handle *h, uint8_t endpoint, int enable);
int libusb_get_max_raw_io_transfer_size(struct libusb_device_handle *h, uint8_t endpoint);

#endif
