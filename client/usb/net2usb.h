/*
 * The verbs of net2usb, and the options that they share.
 */
#ifndef CLIENT_USB_NET2USB_H
#define CLIENT_USB_NET2USB_H

#include <stdbool.h>

enum { NET2USB_POST_MAX = 1024, NET2USB_EXIT_FAILED = 125 /* of run, as of net2pty */ };

struct net2usb_options {
    const char *remote; /* -r, -b and -p of usbip: what else is an argument; NULL: not given */
    const char *busid;
    const char *port;
    char post[NET2USB_POST_MAX];
    bool strict, persist, docker;
};

/* A verb. `argv` has the `argc` arguments behind it, and `command` what follows "--", or NULL.
 * Return the exit status. */
typedef int net2usb_verb(int argc, char **argv, char **command, const struct net2usb_options *o);

net2usb_verb usb_list, usb_run, usb_env, usb_doctor, usb_attach, usb_detach, usb_ports;

#endif
