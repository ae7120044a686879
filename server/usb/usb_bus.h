/*
 * The USB devices of one address: those present, those that arrive and those that leave. Built-in
 * ones and real ones (usb_host.h) are in one list. A device that has left is freed once its
 * importer has released it. Everything runs on the loop thread.
 */
#ifndef SERVER_USB_USB_BUS_H
#define SERVER_USB_USB_BUS_H

#include <stdbool.h>

#include "cli.h"

struct event_base;
struct usb_bus;
struct usb_device;
struct usb_options;

/* News, from the loop or from usb_bus_refresh; `arrived` also while the bus is made. */
struct usb_bus_callbacks {
    /* It is new, or there again. */
    void (*arrived)(void *ctx, struct usb_device *d);
    /* It is gone. Its importer is told to end after this. */
    void (*left)(void *ctx, struct usb_device *d);
};

/* Makes a bus with the devices of a list of options, which must outlive it, or NULL: with none.
 * Returns NULL with the reason in `error`. */
struct usb_bus *usb_bus_new(struct event_base *base, const struct usb_options *devices,
                            const struct usb_bus_callbacks *callbacks, void *ctx,
                            char error[static CLI_ERROR_MAX]);

/* Gives devices back that are still kept for somebody, and frees all. No device may have an
 * importer. Accepts NULL. */
void usb_bus_free(struct usb_bus *b);

/* Adds a built-in device, which is the bus's from then on. */
void usb_bus_add(struct usb_bus *b, struct usb_device *d);

/* The devices as they are known, as a list by their `next`; NULL: there are none. A built-in one
 * that is `gone` for a while stays in it. */
struct usb_device *usb_bus_first(const struct usb_bus *b);

/* The one that is there under a busid or a name, or NULL. */
struct usb_device *usb_bus_find(const struct usb_bus *b, const char *text);

/* Whether a device of it is a real one, not built in. */
bool usb_bus_is_real(const struct usb_bus *b, const struct usb_device *d);

/* Looks whether devices have arrived or left that nobody tells of. Call it before listing them.
 * Devices may arrive and leave within this, and the sessions of their importers end. */
void usb_bus_refresh(struct usb_bus *b);

/* Somebody has released a device: those that have left are freed from the loop. */
void usb_bus_sweep(struct usb_bus *b);

#endif
