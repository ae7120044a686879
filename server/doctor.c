#include "doctor.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "cli.h"
#include "error_text.h"
#include "listener.h"
#include "others.h"
#include "owner.h"
#include "reach.h"
#include "serial.h"
#include "serial_list.h"
#include "text.h"
#include "usb_list.h"

enum { USB_IP_PORT = 3240 }; /* IANA's, which people take for it */

struct doctor {
    struct others others;
    bool well;
};

static void tell(void *ctx, enum reach_kind kind, const char *sentence)
{
    static const char *const marks[] = {
        [REACH_FINE] = "ok  ", [REACH_NOTE] = "note", [REACH_BAD] = "BAD "};
    struct doctor *d = ctx;

    printf("%s %s\n", marks[kind], sentence);
    d->well = d->well && kind != REACH_BAD;
}

/* --- devices ---------------------------------------------------------------------------------- */

static bool is_published(void *ctx, const char *device)
{
    const struct others *others = ctx;

    return others_next(others, device, NULL);
}

/* Who has it open already; Windows tells of nobody. */
static void look_for_user(struct doctor *d, const struct serial_info *port)
{
    char owner[64], line[SERIAL_PATH_MAX + 160];

    if (owner_of_file(port->path, owner, sizeof owner) < 0)
        return;
    snprintf(line, sizeof line, "%s: %s has it open: end that before it is published", port->path,
             owner);
    tell(d, REACH_NOTE, line);
}

/* `selector` is what to type for it. */
static void look_at_port(struct doctor *d, const struct serial_info *port, const char *selector)
{
    char error[SERIAL_ERROR_MAX], line[2 * SERIAL_SELECTOR_MAX + 64];

    if (is_published(&d->others, port->path))
        return;
    if (serial_ports_may_open(port->path, error) < 0) {
        tell(d, REACH_BAD, error);
        return;
    }
    snprintf(line, sizeof line, "%s can be published: com2net %s 7000", port->path, selector);
    tell(d, REACH_FINE, line);
    look_for_user(d, port);
}

static void look_at_ports(struct doctor *d)
{
    struct serial_info *list;
    size_t count;
    char selector[SERIAL_SELECTOR_MAX], line[160];
    int r = serial_list(&list, &count);

    if (r < 0) {
        snprintf(line, sizeof line, "cannot list the serial ports: %s", error_text(-r));
        tell(d, REACH_BAD, line);
    } else if (count == 0) {
        tell(d, REACH_NOTE, "no serial ports are here; without hardware: com2net loop: 7000");
    }
    for (size_t i = 0; i < count; i++) {
        serial_selector(list, count, i, selector);
        look_at_port(d, &list[i], selector);
    }
    free(list);
}

/* A device that cannot be published need not be one that somebody wants. */
static void tell_usb(void *ctx, bool fine, const char *sentence)
{
    tell(ctx, fine ? REACH_FINE : REACH_NOTE, sentence);
}

/* --- addresses -------------------------------------------------------------------------------- */

/* Who publishes something there, or NULL. */
static const struct others_device *find_publisher(const struct doctor *d, const struct addr *addr)
{
    char why[ADDRESS_WHY_MAX];
    struct addr other;

    for (size_t i = 0; i < d->others.device_count; i++) {
        const struct others_device *device = &d->others.devices[i];

        if (addr_parse_listen(device->published.address, &other, why) == 0 &&
            other.port == addr->port)
            return device;
    }
    return NULL;
}

/* A built-in one has no key; of one that has a name of its own nothing tells. */
static bool is_usb(const struct others_device *device)
{
    static const char usb[] = "usb:";

    return strncmp(device->published.key, usb, sizeof usb - 1) == 0 ||
           strncmp(device->published.name, usb, sizeof usb - 1) == 0;
}

/* `addr` is that of `device`, where one is published there. */
static void look_at_way(struct doctor *d, const struct addr *addr,
                        const struct others_device *device)
{
    struct reach_port p = {.port = addr->port};

    p.loopback = addr_is_of_loopback(addr);
    p.usb = (device && is_usb(device)) || addr->port == USB_IP_PORT;
    reach_tell(&p, tell, d);
}

static void look_at_published(struct doctor *d)
{
    char name[OTHERS_NAME_MAX], why[ADDRESS_WHY_MAX], line[1024];
    struct addr addr;

    for (size_t i = 0; i < d->others.device_count; i++) {
        const struct others_device *device = &d->others.devices[i];

        others_name(device->who, name);
        snprintf(line, sizeof line, "%.300s is published on %.200s by %s", device->published.name,
                 device->published.address, name);
        tell(d, REACH_FINE, line);
        if (addr_parse_listen(device->published.address, &addr, why) == 0 &&
            find_publisher(d, &addr) == device)
            look_at_way(d, &addr, device);
    }
}

/* One that nobody publishes yet. */
static void look_at_address(struct doctor *d, const struct addr *addr)
{
    char error[LISTENER_ERROR_MAX], text[ADDR_TEXT_MAX], line[ADDR_TEXT_MAX + 64];

    if (listener_may(addr, error) < 0) {
        tell(d, REACH_BAD, error);
        return;
    }
    addr_text(addr, text);
    snprintf(line, sizeof line, "%s is free for com2net to listen on", text);
    tell(d, REACH_FINE, line);
    look_at_way(d, addr, NULL);
}

int doctor_run(int count, char **words)
{
    struct doctor d = {.well = true};
    char why[ADDRESS_WHY_MAX];
    struct addr addr;

    for (int i = 0; i < count; i++) {
        if (addr_parse_listen(words[i], &addr, why) < 0)
            return cli_usage_error("%s: %s; devices are looked at without being named", words[i],
                                   why);
        if (addr.port == 0)
            return cli_usage_error("%s: with port 0 the system chooses one; name the port to be "
                                   "looked at, such as 7000",
                                   words[i]);
    }
    others_ask(&d.others);
    look_at_ports(&d);
    usb_list_check(is_published, &d.others, tell_usb, &d);
    look_at_published(&d);
    if (d.others.device_count == 0)
        tell(&d, REACH_NOTE, "no com2net publishes anything on this machine now");
    for (int i = 0; i < count; i++)
        if (addr_parse_listen(words[i], &addr, why) == 0 && !find_publisher(&d, &addr))
            look_at_address(&d, &addr);
    others_free(&d.others);
    return d.well ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}
