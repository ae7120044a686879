/* net2usb doctor on Windows: whether a server can be used from a container, and how. */
#include <stdio.h>

#include "cli.h"
#include "net2usb.h"
#include "proto/address.h"
#include "usb_checkup.h"

static void say_what_to_type(const struct usb_server *s)
{
    char name[USB_SERVER_NAME_MAX];

    if (s->count == 0) {
        printf("note so that it has one: com2net usb:VID:PID %s, or usbipd bind --busid BUSID\n",
               s->address.port);
        return;
    }
    usb_server_name_for_command(s, name);
    printf("type net2usb run %s -- COMMAND, in the container or in WSL\n", name);
    if (address_is_loopback(s->address.host))
        printf("note WSL with a network of its own (nat) reaches it only where it listens on "
               "0.0.0.0:%s and the firewall lets it: see windows.md\n",
               s->address.port);
}

static void say_who_publishes(const struct usb_server *s)
{
    if (address_is_loopback(s->address.host))
        printf("note `com2net status` shows what is published here, `usbipd list` what usbipd-win "
               "shares\n");
}

int usb_doctor(void *ctx, const struct cli_arguments *a)
{
    const struct net2usb_options *o = ctx;
    struct usb_checkup checkup = {.ill = false};
    char error[USB_SERVER_ERROR_MAX];
    struct usb_server s;

    if (a->count > 1)
        return cli_usage_error("doctor takes one server: net2usb doctor [HOST[:PORT]]");
    if (usb_server_init(&s, a->count > 0 ? a->words[0] : o->own, error) < 0)
        return cli_usage_error("%s", error);
    s.outside = o->outside;
    if (usb_checkup_server(&checkup, &s))
        say_what_to_type(&s);
    else
        say_who_publishes(&s);
    usb_server_free(&s);
    return checkup.ill ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}
