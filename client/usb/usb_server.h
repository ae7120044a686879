/*
 * A USB/IP server as net2usb sees it: its list, and the devices in it that a SELECTOR means. The
 * list has the additions of com2net's extensions where the server has them. Calls wait, at most
 * some seconds.
 */
#ifndef CLIENT_USB_USB_SERVER_H
#define CLIENT_USB_USB_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "usbip_call.h"

enum { USB_SERVER_ERROR_MAX = 1024, USB_SERVER_NAME_MAX = USBIP_SERVER_HOST_MAX + 16 };

struct usb_server {
    struct usbip_server address;
    char name[USB_SERVER_NAME_MAX]; /* HOST:PORT, fit for messages and for NET2USB_SERVER */
    bool extended;                  /* it has com2net's extensions */
    bool outside;                   /* the caller's: it runs in no container, see net2usb.h */
    bool mute;                      /* it does not answer for descriptors, and is not asked again */
    struct usbip_found *list;
    size_t count;
};

/* Texts of a device, fit for a terminal; empty where the server does not tell them. */
struct usb_names {
    char manufacturer[128], product[128], serial[128];
    bool known; /* they have been asked for */
};

/* Reads HOST[:PORT]; nothing is asked yet. Returns 0, or -EINVAL with the right form in `error`. */
int usb_server_init(struct usb_server *s, const char *text,
                    char error[static USB_SERVER_ERROR_MAX]);

/* Frees what it has; not itself. */
void usb_server_free(struct usb_server *s);

/* Takes its list, again. Returns 0, or as usbip_call_list with a sentence in `error`; then the list
 * is empty. */
int usb_server_list(struct usb_server *s, char error[static USB_SERVER_ERROR_MAX]);

/* Its HOST:PORT where a COMMAND runs: as `name`, but Windows itself is "windows" there. */
void usb_server_name_for_command(const struct usb_server *s, char name[static USB_SERVER_NAME_MAX]);

/* Asks for a device's texts; only of the extensions. */
void usb_server_names(struct usb_server *s, const struct usbip_found *f, struct usb_names *n);

/* Whether a text can be a SELECTOR at all: names may be anything, but have no comma. */
bool usb_selector_is_valid(const char *selector);

/* Whether it means this device. A serial number is asked for. */
bool usb_selector_matches(struct usb_server *s, const struct usbip_found *f, const char *selector);

/* Finds the devices that a SELECTOR means. Returns how many, the first of them in `*first`, or
 * -ENODEV with a sentence in `error` that names the devices of the server. */
int usb_selector_find(struct usb_server *s, const char *selector, const struct usbip_found **first,
                      char error[static USB_SERVER_ERROR_MAX]);

/* The same, when it has to be one. */
int usb_selector_find_one(struct usb_server *s, const char *selector,
                          const struct usbip_found **one, char error[static USB_SERVER_ERROR_MAX]);

#endif
