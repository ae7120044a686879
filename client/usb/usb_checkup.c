#include "usb_checkup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "proto/address.h"
#include "usbip_names.h"

enum { TRIES = 5 };

void usb_checkup_print(struct usb_checkup *c, bool fine, const char *what)
{
    printf("%s %s", fine ? "ok  " : "BAD ", what);
    c->ill = c->ill || !fine;
}

/* --- which server it is ----------------------------------------------------------------------- */

/* The paths of its devices tell: usbipd-win sends instance IDs of Windows (ExportedDevice.cs),
 * Linux those of sysfs. */
static bool has_path(const struct usb_server *s, const char *begin)
{
    return s->count > 0 && strncmp(s->list[0].device.path, begin, strlen(begin)) == 0;
}

static bool is_usbipd_win(const struct usb_server *s)
{
    return !s->extended && has_path(s, "USB\\");
}

static const char *kind_of(const struct usb_server *s)
{
    if (s->extended)
        return ", with com2net's extensions";
    if (is_usbipd_win(s))
        return ", as usbipd-win: those that are in use are not told from the others, but by "
               "`usbipd list` there";
    return has_path(s, "/sys/devices/")
               ? ", as usbipd of Linux: devices in use are not listed"
               : ", without com2net's extensions: devices in use may not be listed";
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Of a name; who typed an address knows it. What is wrong with it is told of the server. */
static void print_address(const struct usb_server *s)
{
    struct plain_address list[USBIP_NAMES_ADDRESSES];
    char text[PLAIN_ADDRESS_TEXT_MAX];

    if (address_is_loopback(s->address.host) ||
        plain_address_find(s->address.host, s->address.port, true, list, 1) > 0)
        return;
    usbip_names_look_up(&s->address, USBIP_CALL_TIMEOUT_MS);
    const int n = usbip_names_get(&s->address, list);
    if (n <= 0)
        return;
    printf("ok   %s is", s->address.host);
    for (int i = 0; i < n; i++)
        if (plain_address_text(&list[i], text) == 0)
            printf("%s %s", i > 0 ? "," : "", text);
    putchar('\n');
}

/* A list costs two round trips, one of them for the connection, and the look for the name. */
static double round_trip_ms(const struct usb_server *s)
{
    double best = 1e9;

    for (int i = 0; i < TRIES; i++) {
        struct usbip_found *list;
        size_t count;
        const uint64_t begin = clock_now_us();

        if (usbip_call_list(&s->address, USBIP_CALL_TIMEOUT_MS, false, NULL, &list, &count) < 0)
            break;
        free(list);
        const double took = (double)(clock_now_us() - begin) / 2e3;
        if (took < best)
            best = took;
    }
    return best;
}

static void print_devices(const struct usb_server *s)
{
    const char *ready = is_usbipd_win(s) ? ", is shared" : ", is free";

    for (size_t i = 0; i < s->count; i++) {
        const struct usbip_found *f = &s->list[i];
        bool is_free = f->entry.state == USBIP_EXT_FREE;

        printf("%s %s, %04x:%04x%s%s%s\n", is_free ? "ok  " : "note", f->device.busid,
               f->device.vendor, f->device.product, is_free ? ready : ", is in use by ",
               is_free            ? ""
               : f->entry.user[0] ? f->entry.user
                                  : "somebody",
               f->device.configuration == 0 ? " (not configured)" : "");
    }
}

bool usb_checkup_server(struct usb_checkup *c, struct usb_server *s)
{
    char error[USB_SERVER_ERROR_MAX];

    print_address(s);
    if (usb_server_list(s, error) < 0) {
        usb_checkup_print(c, false, error);
        putchar('\n');
        return false;
    }
    usb_checkup_print(c, true, s->name);
    printf(" answers, USB/IP %x.%02x%s\n", USBIP_VERSION >> 8, USBIP_VERSION & 0xff, kind_of(s));
    double ms = round_trip_ms(s);
    if (ms < 1e9)
        printf("ok   a round trip takes %.*f ms\n", ms < 10 ? 2 : 0, ms);
    if (s->count == 0)
        printf("note it has no device%s\n", s->extended ? "" : " that is free");
    print_devices(s);
    return true;
}
