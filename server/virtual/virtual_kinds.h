/*
 * The kinds of built-in USB devices that there are: `usb:demo-NAME` on the command line.
 */
#ifndef SERVER_VIRTUAL_VIRTUAL_KINDS_H
#define SERVER_VIRTUAL_VIRTUAL_KINDS_H

struct usb_kind;

/* Ends with NULL. Devices are listed on bus 250. */
extern const struct usb_kind *const virtual_kinds[];

#endif
