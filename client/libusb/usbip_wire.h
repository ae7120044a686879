/* A URB as it is sent: its header, its data where they are, and the descriptors of its packets. */
#ifndef CLIENT_LIBUSB_USBIP_WIRE_H
#define CLIENT_LIBUSB_USBIP_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "usbip_link_urb.h"

struct usbip_wire {
    uint8_t head[USBIP_URB_SIZE];
    uint8_t *packets;
    struct iovec parts[3]; /* of what is left */
    int count;
    size_t size; /* bytes in all */
};

/* Lays it out in place: it is not to be moved. Returns 0 or -ENOMEM; usbip_wire_free has to follow.
 */
int usbip_wire_init(struct usbip_wire *w, const struct usbip_link_urb *u, uint32_t devid);

/* Frees what it has; not itself. */
void usbip_wire_free(struct usbip_wire *w);

/* Leaves out the next bytes, which are sent. */
void usbip_wire_skip(struct usbip_wire *w, size_t sent);

#endif
