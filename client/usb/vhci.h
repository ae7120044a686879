/*
 * The kernel's own USB/IP client, vhci_hcd, through its files in sysfs (Linux's
 * drivers/usb/usbip/vhci_sysfs.c). It gets a connection on which an import has been answered, and
 * makes a device of it. There is one for all containers of a machine.
 */
#ifndef CLIENT_USB_VHCI_H
#define CLIENT_USB_VHCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usbip_call.h"

enum { VHCI_ERROR_MAX = 1024, VHCI_NODES_MAX = 16 };

enum vhci_state { VHCI_FREE = 4, VHCI_ATTACHING = 5, VHCI_USED = 6, VHCI_ERROR = 7 };

/* A port. They are numbered through all of its hubs. */
struct vhci_port {
    unsigned number;
    bool super;     /* of a hub for super speed, which takes those devices and no others */
    unsigned state; /* enum vhci_state */
    uint32_t devid;
    char busid[32]; /* of the device on this machine, such as 3-1; "0-0": none yet */
};

/* Files of a device under /dev, without that: "ttyUSB0", "bus/usb/003/002". */
struct vhci_nodes {
    char names[VHCI_NODES_MAX][64];
    size_t count;
    bool settled; /* it is configured, and its drivers have what they want, or there are none */
};

/* The server at the other end of a port, as usbip, too, notes it. */
struct vhci_record {
    char host[USBIP_SERVER_HOST_MAX], port[8], busid[32];
};

/* Makes the functions look below another folder than /, for tests. */
void vhci_set_root(const char *root);

/* Lists the ports, into memory that the caller frees. Returns 0 or -errno, with a sentence in
 * `error` that says what is missing. */
int vhci_read(struct vhci_port **ports, size_t *count, char error[static VHCI_ERROR_MAX]);

/* Gives a connection away, to a port that is free; the caller closes its descriptor. Returns the
 * port's number, or -errno with a sentence. */
int vhci_attach(int fd, const struct usbip_device *d, char error[static VHCI_ERROR_MAX]);

/* Takes the device of a port off. Returns 0, -EINVAL (it has none) or another -errno, with a
 * sentence. */
int vhci_detach(unsigned port, char error[static VHCI_ERROR_MAX]);

/* The files of a device, by its busid on this machine. */
void vhci_find_nodes(const char *busid, struct vhci_nodes *nodes);

/* Writes the note about a port, which is to be removed when the port is free. */
void vhci_put_record(unsigned port, const struct vhci_record *r);

/* Reads the note. Returns 0 or -errno. */
int vhci_get_record(unsigned port, struct vhci_record *r);

/* Removes it. */
void vhci_remove_record(unsigned port);

#endif
