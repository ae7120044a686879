/* net2usb doctor on Windows: whether a server can be used from a container, and how. */
#include <stdio.h>
#include <stdlib.h>

#include "audience.h"
#include "cli.h"
#include "net2usb.h"
#include "owner.h"
#include "proto/address.h"
#include "reach.h"
#include "usb_checkup.h"

static void tell_reach(void *ctx, enum reach_kind kind, const char *sentence)
{
    if (kind == REACH_NOTE)
        printf("note %s", sentence);
    else
        usb_checkup_print(ctx, kind == REACH_FINE, sentence);
    putchar('\n');
}

/* Of a server of this Windows. */
static void look_at_listener(struct usb_checkup *c, const struct usb_server *s, bool answers)
{
    struct reach_port port = {.port = (uint16_t)atoi(s->address.port), .usb = true};
    const enum audience audience = audience_of_port(port.port);
    char owner[128];

    if (owner_of_port(port.port, false, owner, sizeof owner) == 0)
        printf("%s %s listens there\n", answers ? "ok  " : "note", owner);
    if (audience == AUDIENCE_UNKNOWN) {
        printf("note `com2net status` shows what com2net publishes here, and `usbipd list` what "
               "usbipd-win shares\n");
        return;
    }
    port.loopback = audience == AUDIENCE_MACHINE;
    if (answers)
        reach_tell(&port, tell_reach, c);
}

static void say_what_to_type(const struct usb_server *s)
{
    char name[USB_SERVER_NAME_MAX];

    if (s->count == 0) {
        printf("type com2net usb:VID:PID %s, or usbipd bind --busid BUSID, where the device is\n",
               s->address.port);
        return;
    }
    usb_server_name_for_command(s, name);
    printf("type net2usb run %s -- COMMAND, in the container or in WSL\n", name);
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
    const bool answers = usb_checkup_server(&checkup, &s);
    if (address_is_loopback(s.address.host))
        look_at_listener(&checkup, &s, answers);
    if (answers)
        say_what_to_type(&s);
    usb_server_free(&s);
    return checkup.ill ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}
