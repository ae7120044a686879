/*
 * The real USB devices of this machine that sources name: found at the start and when they are
 * plugged in, and lost.
 */
#ifndef SERVER_USB_USB_HOST_H
#define SERVER_USB_USB_HOST_H

#include <stdbool.h>

#include "cli.h"

struct event_base;
struct usb_options;
struct usb_device;
struct usb_host;

/* Both are called from the loop, and `arrived` also while the host is made. */
struct usb_host_callbacks {
    /* The device is the callee's from now on. */
    void (*arrived)(void *ctx, struct usb_device *d);
    /* It is gone, and is to be freed once its importer has released it. */
    void (*left)(void *ctx, struct usb_device *d);
};

/* Watches for the devices that are not built in, of a list of options. Returns NULL with the reason
 * in `error`. */
struct usb_host *usb_host_new(struct event_base *base, const struct usb_options *devices,
                              const struct usb_host_callbacks *callbacks, void *ctx,
                              char error[static CLI_ERROR_MAX]);

/* Whether each of them has a device or may wait for it. If not, `error` has which one, and the
 * devices that are present. */
bool usb_host_is_complete(const struct usb_host *h, char error[static CLI_ERROR_MAX]);

/* Looks whether devices have arrived or left that nobody tells of. Call it before listing them. */
void usb_host_refresh(struct usb_host *h);

bool usb_host_has(const struct usb_host *h, const struct usb_device *d);

/* Frees a device that has arrived, before the host. */
void usb_host_free_device(struct usb_host *h, struct usb_device *d);

/* Ends the watch. Accepts NULL. */
void usb_host_free(struct usb_host *h);

#endif
