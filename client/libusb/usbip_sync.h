/*
 * A link's work, waited for. Other URBs that are done meanwhile are kept for usbip_link_take. As
 * the link: not for several threads at once.
 */
#ifndef CLIENT_LIBUSB_USBIP_SYNC_H
#define CLIENT_LIBUSB_USBIP_SYNC_H

#include <stdbool.h>
#include <stdint.h>

struct usbip_link;

/* Carries out a request of endpoint 0 and waits for it, at most `ms`. Returns the bytes moved, or
 * enum usbip_errno: USBIP_ETIMEDOUT when nothing came, USBIP_ENOMEM without memory. */
int usbip_sync_control(struct usbip_link *l, const uint8_t setup[static 8], uint8_t *data, int ms);

/* Waits, at most `ms`, until all that was submitted before has been sent and what is posted is
 * answered. Returns whether it is. */
bool usbip_sync_flush(struct usbip_link *l, int ms);

#endif
