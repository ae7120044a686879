/*
 * The lines that net2usb doctor prints, and those about a server, which any system has.
 */
#ifndef CLIENT_USB_USB_CHECKUP_H
#define CLIENT_USB_USB_CHECKUP_H

#include <stdbool.h>

#include "usb_server.h"

/* All zero at its begin. */
struct usb_checkup {
    bool ill; /* a line began with BAD */
};

/* Prints a line's begin; the caller ends it. */
void usb_checkup_print(struct usb_checkup *c, bool fine, const char *what);

/* Looks whether a server's name is known, and whether it answers; what it is, and which devices it
 * has. Returns whether it answers; then `s` has its list. */
bool usb_checkup_server(struct usb_checkup *c, struct usb_server *s);

#endif
