/*
 * What the options of net2usb do that each system has; `ctx` is a struct net2usb_options.
 */
#ifndef CLIENT_NET2USB_OPTIONS_H
#define CLIENT_NET2USB_OPTIONS_H

#include "cli_option.h"

cli_take net2usb_take_remote, net2usb_take_wait;

#endif
