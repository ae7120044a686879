/*
 * The devices of the servers, as the core lists them. The caller has the backend's lock.
 */
#ifndef CLIENT_LIBUSB_USBIP_LIST_H
#define CLIENT_LIBUSB_USBIP_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct device_priv;
struct libusb_context;

/* Asks all servers what they have: the core hears of devices that have come and gone. A server that
 * does not answer has none. */
void usbip_list_refresh(struct libusb_context *ctx);

/* The kept connection of a server has something, or has ended; or the server is due. */
void usbip_list_hear(struct libusb_context *ctx, size_t server);

/* Has a device of a context share what another one of this process has imported. Returns whether
 * there is such a one. */
bool usbip_list_share(struct device_priv *p);
/* A device of a context goes, and with the last one its import. */
void usbip_list_unshare(struct device_priv *p);

/* Whether a program is given this device: by name, or because its server lists no other one. */
bool usbip_list_is_given(const struct device_priv *p);

/* Gives the core the device descriptor, as far as it is known by now. */
void usbip_list_show(struct device_priv *p);

#endif
