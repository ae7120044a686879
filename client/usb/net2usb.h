/*
 * The verbs of net2usb, and the options that they share.
 */
#ifndef CLIENT_USB_NET2USB_H
#define CLIENT_USB_NET2USB_H

#include <stdbool.h>

#include "cli.h"

enum {
    NET2USB_POST_MAX = 1024,
    NET2USB_EXIT_FAILED = 125 /* of run, as of net2pty */,
    NET2USB_EXIT_NOT_REACHED = 3 /* within --wait, as of net2pty */
};

struct net2usb_options {
    const char *remote; /* -r, -b and -p of usbip, in place of arguments; NULL: not given */
    const char *busid;
    const char *port;
    char post[NET2USB_POST_MAX];
    bool strict, persist, docker, watch;
    const char *output, *prefix; /* of cdi; NULL: not given */
    const char *own;             /* the server where none is given; NULL: one has to be */
    bool outside; /* a COMMAND runs elsewhere, in a container or WSL: this is Windows */
    int wait_ms;  /* or CLI_FOREVER; 0: not at all */
};

/* The verbs; `ctx` is a struct net2usb_options. Return the exit status. */
int usb_list(void *ctx, const struct cli_arguments *a);
int usb_run(void *ctx, const struct cli_arguments *a);
int usb_env(void *ctx, const struct cli_arguments *a);
int usb_cdi(void *ctx, const struct cli_arguments *a);
int usb_doctor(void *ctx, const struct cli_arguments *a);
int usb_attach(void *ctx, const struct cli_arguments *a);
int usb_detach(void *ctx, const struct cli_arguments *a);
int usb_ports(void *ctx, const struct cli_arguments *a);

#endif
