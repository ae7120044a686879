/*
 * The settings of the libraries from the environment, which `net2usb run` sets:
 *
 *   NET2USB_SERVER   HOST[:PORT], several with commas between them
 *
 *   NET2USB_DEVICES  which of their devices there are: BUSID, VID:PID, VID:PID:SERIAL or a name,
 *                    with commas; all without it
 *
 *   NET2USB_POST     VID:PID, with commas: data sent to these are posted, as to FTDI's chips
 *
 *   NET2USB_STRICT   not empty: nothing is posted
 */
#ifndef CLIENT_LIBUSB_USBIP_CONFIG_H
#define CLIENT_LIBUSB_USBIP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usbip_call.h"

enum { USBIP_CONFIG_SERVERS_MAX = 16, USBIP_CONFIG_TEXT_MAX = 1024 };

struct usbip_config {
    struct usbip_server servers[USBIP_CONFIG_SERVERS_MAX];
    size_t server_count;
    char devices[USBIP_CONFIG_TEXT_MAX]; /* as given */
    char post[USBIP_CONFIG_TEXT_MAX];
    bool strict;
};

/* Reads the environment. Values that cannot be understood are left out. */
void usbip_config_read(struct usbip_config *c);

/* Whether a device is one of those that are wanted. `serial` is its serial number, or "". */
bool usbip_config_wants(const struct usbip_config *c, const struct usbip_found *f,
                        const char *serial);

/* Whether what is sent to bulk endpoints of a device is posted. */
bool usbip_config_posts(const struct usbip_config *c, uint16_t vendor, uint16_t product);

#endif
