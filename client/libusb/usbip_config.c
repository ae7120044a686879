#define _GNU_SOURCE 1 /* secure_getenv; as libusb's config.h has it */
#include "usbip_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FTDI = 0x0403, ONE_MAX = 300 };

/* Takes one of several with commas between them. Returns false when none is left. */
static bool take_one(const char **text, char one[static ONE_MAX])
{
    while (**text == ',')
        ++*text;
    size_t len = strcspn(*text, ",");
    if (len == 0)
        return false;
    snprintf(one, ONE_MAX, "%.*s", (int)(len < ONE_MAX ? len : ONE_MAX - 1), *text);
    *text += len;
    return true;
}

void usbip_config_read(struct usbip_config *c)
{
    const char *servers = secure_getenv("NET2USB_SERVER"),
               *devices = secure_getenv("NET2USB_DEVICES");
    const char *post = secure_getenv("NET2USB_POST"), *strict = secure_getenv("NET2USB_STRICT");
    char one[ONE_MAX];

    *c = (struct usbip_config){.strict = strict && *strict};
    snprintf(c->devices, sizeof c->devices, "%s", devices ? devices : "");
    snprintf(c->post, sizeof c->post, "%s", post ? post : "");
    while (servers && c->server_count < USBIP_CONFIG_SERVERS_MAX && take_one(&servers, one))
        if (usbip_server_parse(one, &c->servers[c->server_count]) == 0)
            c->server_count++;
}

/* Whether the text is VID:PID of these, perhaps with something after it, which is put in
 * `*rest`. */
static bool is_of(const char *text, uint16_t vendor, uint16_t product, const char **rest)
{
    char ids[10];

    snprintf(ids, sizeof ids, "%04x:%04x", vendor, product);
    for (size_t i = 0; i < sizeof ids - 1; i++)
        if ((text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a' : text[i]) != ids[i])
            return false;
    *rest = text + sizeof ids - 1;
    return true;
}

/* Whether one selector means a device. */
static bool matches(const char *selector, const struct usbip_found *f, const char *serial)
{
    const char *rest;

    if (strcmp(selector, f->device.busid) == 0 ||
        (f->entry.name[0] && strcmp(selector, f->entry.name) == 0))
        return true;
    return is_of(selector, f->device.vendor, f->device.product, &rest) &&
           (!*rest || (*rest == ':' && strcmp(rest + 1, serial) == 0));
}

bool usbip_config_wants(const struct usbip_config *c, const struct usbip_found *f,
                        const char *serial)
{
    const char *devices = c->devices;
    char one[ONE_MAX];

    if (!*devices)
        return true;
    while (take_one(&devices, one))
        if (matches(one, f, serial))
            return true;
    return false;
}

/* FTDI's chips take bytes as a stream, and tell of an error only by silence. So posted bytes are as
 * good as others. Of other devices the user has to say so. */
bool usbip_config_posts(const struct usbip_config *c, uint16_t vendor, uint16_t product)
{
    const char *post = c->post, *rest;
    char one[ONE_MAX];

    if (c->strict)
        return false;
    if (vendor == FTDI)
        return true;
    while (take_one(&post, one))
        if (is_of(one, vendor, product, &rest) && !*rest)
            return true;
    return false;
}
