#define _GNU_SOURCE 1 /* secure_getenv; as libusb's config.h has it */
#include "usbip_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FTDI = 0x0403 };

/* Takes one of several with commas between them. Returns false when none is left. */
static bool take_one(const char **text, char one[static USBIP_CONFIG_ONE_MAX])
{
    while (**text == ',')
        ++*text;
    size_t len = strcspn(*text, ",");
    if (len == 0)
        return false;
    snprintf(one, USBIP_CONFIG_ONE_MAX, "%.*s",
             (int)(len < USBIP_CONFIG_ONE_MAX ? len : USBIP_CONFIG_ONE_MAX - 1), *text);
    *text += len;
    return true;
}

/* Its place among the servers, where it is added if it is new; -1 where it is none, or one too
 * many. */
static int add_server(struct usbip_config *c, const char *text)
{
    struct usbip_server server;

    if (usbip_server_parse(text, &server) < 0)
        return -1;
    for (size_t i = 0; i < c->server_count; i++)
        if (strcmp(c->servers[i].host, server.host) == 0 &&
            strcmp(c->servers[i].port, server.port) == 0)
            return (int)i;
    if (c->server_count == USBIP_CONFIG_SERVERS_MAX)
        return -1;
    c->servers[c->server_count] = server;
    return (int)c->server_count++;
}

/* The value of a variable whose name begins with NET2USB_BOARD_. */
static void add_board(struct usbip_config *c, const char *value)
{
    struct usbip_board board;
    char server[USBIP_CONFIG_ONE_MAX];
    const size_t len = strcspn(value, " ");

    if (len >= sizeof server || c->board_count == USBIP_CONFIG_BOARDS_MAX)
        return;
    snprintf(server, sizeof server, "%.*s", (int)len, value);
    value += len;
    const int n = snprintf(board.selector, sizeof board.selector, "%s", value + (*value == ' '));
    const int place = add_server(c, server);
    if (place < 0 || n >= (int)sizeof board.selector)
        return;
    board.server = (size_t)place;
    c->boards[c->board_count++] = board;
}

static void read_boards(struct usbip_config *c)
{
    static const char name[] = "NET2USB_BOARD_";

    for (char **v = environ; v && *v; v++) {
        char whole[512]; /* names of boards are in it, which may be long */
        const size_t len = strcspn(*v, "=");

        if (strncmp(*v, name, sizeof name - 1) != 0 || len >= sizeof whole)
            continue;
        snprintf(whole, sizeof whole, "%.*s", (int)len, *v);
        const char *value = secure_getenv(whole);
        if (value)
            add_board(c, value);
    }
}

void usbip_config_read(struct usbip_config *c)
{
    const char *servers = secure_getenv("NET2USB_SERVER"),
               *devices = secure_getenv("NET2USB_DEVICES");
    const char *post = secure_getenv("NET2USB_POST"), *strict = secure_getenv("NET2USB_STRICT");
    char one[USBIP_CONFIG_ONE_MAX];

    *c = (struct usbip_config){.strict = strict && *strict};
    snprintf(c->devices, sizeof c->devices, "%s", devices ? devices : "");
    snprintf(c->post, sizeof c->post, "%s", post ? post : "");
    while (servers && take_one(&servers, one))
        add_server(c, one);
    c->common_count = c->server_count;
    read_boards(c);
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

bool usbip_config_wants(const struct usbip_config *c, size_t server, const struct usbip_found *f,
                        const char *serial)
{
    const char *devices = c->devices;
    char one[USBIP_CONFIG_ONE_MAX];

    if (server < c->common_count && !*devices)
        return true;
    while (server < c->common_count && take_one(&devices, one))
        if (matches(one, f, serial))
            return true;
    for (const struct usbip_board *b = c->boards; b < c->boards + c->board_count; b++)
        if (b->server == server && (!b->selector[0] || matches(b->selector, f, serial)))
            return true;
    return false;
}

bool usbip_config_names(const struct usbip_config *c, size_t server)
{
    if (server < c->common_count && !c->devices[0])
        return false;
    for (const struct usbip_board *b = c->boards; b < c->boards + c->board_count; b++)
        if (b->server == server && !b->selector[0])
            return false;
    return true;
}

/* FTDI's chips take bytes as a stream, and tell of an error only by silence. So posted bytes are as
 * good as others. Of other devices the user has to say so. */
bool usbip_config_posts(const struct usbip_config *c, uint16_t vendor, uint16_t product)
{
    const char *post = c->post, *rest;
    char one[USBIP_CONFIG_ONE_MAX];

    if (c->strict)
        return false;
    if (vendor == FTDI)
        return true;
    while (take_one(&post, one))
        if (is_of(one, vendor, product, &rest) && !*rest)
            return true;
    return false;
}
