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
 *
 *   NET2USB_BOARD_X  HOST[:PORT], or that, a space and one of the SELECTORs above: these devices,
 *                    too. X is anything, so that container engines can give a program several
 */
#ifndef CLIENT_LIBUSB_USBIP_CONFIG_H
#define CLIENT_LIBUSB_USBIP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usbip_call.h"

enum {
    USBIP_CONFIG_SERVERS_MAX = 16,
    USBIP_CONFIG_BOARDS_MAX = 32,
    USBIP_CONFIG_TEXT_MAX = 1024,
    USBIP_CONFIG_ONE_MAX = 300, /* of several: a server, a SELECTOR */
};

struct usbip_board {
    size_t server;
    char selector[USBIP_CONFIG_ONE_MAX]; /* "": all devices of the server */
};

struct usbip_config {
    struct usbip_server servers[USBIP_CONFIG_SERVERS_MAX];
    size_t server_count;
    size_t common_count;                 /* those of NET2USB_SERVER, which stand before others */
    char devices[USBIP_CONFIG_TEXT_MAX]; /* of those, as given */
    struct usbip_board boards[USBIP_CONFIG_BOARDS_MAX];
    size_t board_count;
    char post[USBIP_CONFIG_TEXT_MAX];
    bool strict;
};

/* Reads the environment. Values that cannot be understood are left out. */
void usbip_config_read(struct usbip_config *c);

/* Whether a device of a server is one of those that are wanted. `serial` is its serial number, or
 * "". */
bool usbip_config_wants(const struct usbip_config *c, size_t server, const struct usbip_found *f,
                        const char *serial);

/* Whether each device that is wanted of a server has been named. */
bool usbip_config_names(const struct usbip_config *c, size_t server);

/* Whether what is sent to bulk endpoints of a device is posted. */
bool usbip_config_posts(const struct usbip_config *c, uint16_t vendor, uint16_t product);

#endif
