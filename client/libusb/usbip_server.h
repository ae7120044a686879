/*
 * A server of USB devices, by its name.
 */
#ifndef CLIENT_LIBUSB_USBIP_SERVER_H
#define CLIENT_LIBUSB_USBIP_SERVER_H

#include <stdbool.h>

enum { USBIP_SERVER_HOST_MAX = 256 };

struct usbip_server {
    char host[USBIP_SERVER_HOST_MAX];
    char port[8];
    bool looked_up; /* by the caller, see usbip_names.h: a call does not wait for its name */
};

/* Reads HOST[:PORT] or [HOST]:PORT; without one the port is USB/IP's, 3240. Returns 0 or -EINVAL.
 */
int usbip_server_parse(const char *text, struct usbip_server *s);

#endif
