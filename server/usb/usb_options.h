/*
 * How a USB device is published: the options after the commas of its SOURCE.
 */
#ifndef SERVER_USB_USB_OPTIONS_H
#define SERVER_USB_USB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli.h"
#include "usb_built_in.h"

struct usb_options {
    const struct usb_options *next; /* that shares its address, or NULL */
    const char *selector;           /* of a real one: the text after usb: */
    const char *name;   /* of ,name=, otherwise what was typed: the device's name in the log */
    bool real;          /* not built in */
    bool named;         /* by name= */
    bool hotplug;       /* it may be absent at the start */
    bool reset;         /* when a client has released it */
    bool no_merge;      /* usb_merge.h */
    bool kernel_checks; /* usb_checks.h */
    size_t budget;      /* bytes that transfers of one client may hold */
    struct usb_built_in built_in; /* of one that is not real */
};

/* Whether a SOURCE is a USB device: it begins with usb: */
bool usb_options_are_meant(const char *text);

/* Reads what was typed for a device, as port_options_parse does. `kinds` are those of built-in
 * devices, a list that ends with NULL. The result is to be freed, unless this fails. */
int usb_options_parse(const char *text, char *commas, const struct usb_kind *const *kinds,
                      struct usb_options *options, char error[static CLI_ERROR_MAX]);
void usb_options_free(struct usb_options *options);

/* Prints the options of usb: sources for --help, a table for each kind. */
void usb_options_print(const struct usb_kind *const *kinds);

#endif
