/* Waits, with --wait, until a server answers and has what is wanted of it. */
#ifndef CLIENT_USB_USB_WAIT_H
#define CLIENT_USB_USB_WAIT_H

#include <stdbool.h>

#include "usb_server.h"

/* The conditions on a server: its list at least. */
struct usb_want {
    char **selectors; /* each finds a device, and one that is free if it finds a single one */
    int count;
    bool devices; /* without selectors: any that is free */
};

/* Takes the server's list, again and again for `wait_ms` (0: once; CLI_FOREVER) until it has the
 * wanted devices. The log names what it waits for. Returns 0; -EBUSY: it is there, but in use; or
 * another -errno, and then the list may be empty. `error` is a sentence. */
int usb_wait(struct usb_server *s, const struct usb_want *want, int wait_ms,
             char error[static USB_SERVER_ERROR_MAX]);

#endif
