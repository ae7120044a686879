/*
 * Where a device of a server is: its bus, the ports to it, and its address, as libusb tells them.
 * They are the same in each process, whatever else is there, as far as the server's own are. Hubs
 * between are stand-ins, which no list has: programs see them as parents. The caller has the
 * backend's lock.
 */
#ifndef CLIENT_LIBUSB_USBIP_PLACE_H
#define CLIENT_LIBUSB_USBIP_PLACE_H

#include <stddef.h>
#include <stdint.h>

struct device_priv;
struct libusb_context;

/* Gives the core's device of `p`, which is not in a list yet, its place. */
void usbip_place_set(struct device_priv *p, size_t server);

/* Puts the core's list in the order of places. */
void usbip_place_sort(struct libusb_context *ctx);

/* The configuration of stand-ins. */
const uint8_t *usbip_place_hub_configuration(size_t *len);

#endif
