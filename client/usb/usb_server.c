#include "usb_server.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "address_text.h"
#include "host_machine.h"
#include "log.h"
#include "proto/address.h"
#include "proto/buf.h"
#include "proto/usb_desc.h"
#include "name.h"
#include "text.h"
#include "usbip_trouble.h"
#include "usb_text.h"

enum { IDS_LEN = 9, SHOWN_MAX = 8 /* devices in an error */ };

/* Says why a text is no server, and what would be one. */
static void refuse(const char *text, char error[static USB_SERVER_ERROR_MAX])
{
    static const char form[] = "it is HOST or HOST:PORT, with an IPv6 address [ADDRESS]:PORT";
    char why[ADDRESS_WHY_MAX];
    struct address a;
    uint16_t port;
    enum address_fault fault = address_parse(text, &a);

    if (address_port(text, &port) && strlen(text) > 3 && text[0] != '0')
        snprintf(why, sizeof why, "its HOST is missing, as in localhost:%s", text);
    else if (fault != ADDRESS_FINE)
        address_text_fault(fault, text, why);
    else if (a.scheme[0])
        address_text_scheme(&a, "usbip://", why);
    else
        snprintf(why, sizeof why, "%s", form);
    snprintf(error, USB_SERVER_ERROR_MAX, "%.200s is no server: %s", text, why);
}

/* Puts an address in the place of a name that means the machine around this one. */
static void find_host_machine(struct usbip_server *a)
{
    char address[HOST_MACHINE_ADDRESS_MAX];
    const char *of;

    if (!host_machine_is_meant(a->host) || host_machine_find(a->host, address, &of) < 0)
        return;
    log_info("%s is no name that is known here: taking %s, of %s", a->host, address, of);
    snprintf(a->host, sizeof a->host, "%s", address);
}

int usb_server_init(struct usb_server *s, const char *text, char error[static USB_SERVER_ERROR_MAX])
{
    *s = (struct usb_server){.list = NULL};
    if (strchr(text, ',') || usbip_server_parse(text, &s->address) < 0) {
        refuse(text, error);
        return -EINVAL;
    }
    find_host_machine(&s->address);
    snprintf(s->name, sizeof s->name, strchr(s->address.host, ':') ? "[%s]:%s" : "%s:%s",
             s->address.host, s->address.port);
    return 0;
}

void usb_server_free(struct usb_server *s)
{
    free(s->list);
    s->list = NULL;
    s->count = 0;
}

/* An empty list shows no mark; that of a com2net whose devices are all in use is empty, too. So it
 * is asked, on a connection of its own, which another server closes. */
static bool may_be_extended(const struct usb_server *s)
{
    return s->count == 0 || s->list[0].device.extensions >= USBIP_EXT_VERSION;
}

int usb_server_list(struct usb_server *s, char error[static USB_SERVER_ERROR_MAX])
{
    char trouble[UNREACHED_TEXT_MAX];
    struct usbip_found *list;
    size_t count;

    usb_server_free(s);
    s->extended = false;
    int r = usbip_call_list(&s->address, USBIP_CALL_TIMEOUT_MS, false, NULL, &s->list, &s->count);
    if (r < 0) {
        s->list = NULL;
        s->count = 0;
        usbip_trouble_quoted(&s->address, r, s->outside, trouble);
        snprintf(error, USB_SERVER_ERROR_MAX, "%.280s: %s", s->name, trouble);
        return r;
    }
    if (may_be_extended(s) &&
        usbip_call_list(&s->address, USBIP_CALL_TIMEOUT_MS, true, NULL, &list, &count) == 0) {
        usb_server_free(s);
        s->list = list;
        s->count = count;
        s->extended = true;
    }
    for (size_t i = 0; i < s->count; i++) { /* they are printed, and typed */
        struct usbip_found *f = &s->list[i];
        char text[USBIP_EXT_USER_SIZE];

        text_clean(text, sizeof f->device.busid, f->device.busid);
        strcpy(f->device.busid, text);
        text_clean(text, sizeof f->entry.name, f->entry.name);
        strcpy(f->entry.name, text);
        text_clean(text, sizeof f->entry.user, f->entry.user);
        strcpy(f->entry.user, text);
    }
    return 0;
}

void usb_server_name_for_command(const struct usb_server *s, char name[static USB_SERVER_NAME_MAX])
{
    if (s->outside && address_is_loopback(s->address.host))
        snprintf(name, USB_SERVER_NAME_MAX, "windows:%s", s->address.port);
    else
        snprintf(name, USB_SERVER_NAME_MAX, "%s", s->name);
}

/* Text number `number`, in whichever language comes first. */
static void find_text(const struct buf *b, uint8_t number, char *to, size_t size)
{
    const uint8_t *data = buf_head(b);
    size_t len = b->len;
    struct usbip_ext_descriptor d;

    while (number > 0 && usbip_ext_next_descriptor(&data, &len, &d)) {
        if (d.value == (0x300 | number)) {
            usb_text_of_descriptor(to, size, d.data, d.len);
            return;
        }
    }
}

void usb_server_names(struct usb_server *s, const struct usbip_found *f, struct usb_names *n)
{
    struct usbip_ext_descriptor d;
    struct usb_desc_device device;
    struct buf b;

    *n = (struct usb_names){.known = false};
    if (!s->extended || s->mute)
        return;
    buf_init(&b, USBIP_EXT_DESCRIPTORS_MAX);
    int r = usbip_call_describe(&s->address, f->device.busid, &b);
    s->mute = r < 0 && r != -ENODEV && r != -EIO; /* one time-out is enough */
    if (r == 0) {
        const uint8_t *data = buf_head(&b);
        size_t len = b.len;

        while (usbip_ext_next_descriptor(&data, &len, &d)) {
            if (d.value != 0x100 || usb_desc_get_device(d.data, d.len, &device) < 0)
                continue;
            n->known = true;
            find_text(&b, device.manufacturer_string, n->manufacturer, sizeof n->manufacturer);
            find_text(&b, device.product_string, n->product, sizeof n->product);
            find_text(&b, device.serial_string, n->serial, sizeof n->serial);
            break;
        }
    }
    buf_free(&b);
}

/* --- selectors -------------------------------------------------------------------------------- */

/* Whether the text begins with four digits of hexadecimal, a colon and four more. */
static bool begins_with_ids(const char *text)
{
    for (int i = 0; i < IDS_LEN; i++)
        if (i == 4 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
            return false;
    return text[IDS_LEN] == '\0' || text[IDS_LEN] == ':';
}

bool usb_selector_is_valid(const char *selector)
{
    return *selector && !strchr(selector, ',') && strlen(selector) < 256;
}

bool usb_selector_matches(struct usb_server *s, const struct usbip_found *f, const char *selector)
{
    char ids[IDS_LEN + 1];
    struct usb_names names;

    if (strcmp(selector, f->device.busid) == 0 ||
        (f->entry.name[0] && strcmp(selector, f->entry.name) == 0))
        return true;
    snprintf(ids, sizeof ids, "%04x:%04x", f->device.vendor, f->device.product);
    if (!begins_with_ids(selector) || strncasecmp(selector, ids, IDS_LEN) != 0)
        return false;
    if (!selector[IDS_LEN])
        return true;
    usb_server_names(s, f, &names);
    return strcmp(selector + IDS_LEN + 1, names.serial) == 0;
}

/* Adds ", what: 250-1 (0403:6010), ..." to an error. */
static void add_devices(struct usb_server *s, const char *selector, char *error)
{
    size_t len = strlen(error);
    unsigned shown = 0;

    for (size_t i = 0; i < s->count && len < USB_SERVER_ERROR_MAX; i++) {
        const struct usbip_found *f = &s->list[i];
        char why[NAME_WHY_MAX];
        const bool named = name_check(f->entry.name, why) == 0; /* not as its SOURCE was typed */

        if (selector && !usb_selector_matches(s, f, selector))
            continue;
        if (shown == SHOWN_MAX) {
            snprintf(error + len, USB_SERVER_ERROR_MAX - len, " and others");
            return;
        }
        snprintf(error + len, USB_SERVER_ERROR_MAX - len, "%s%s (%04x:%04x%s%s)",
                 shown++ > 0 ? ", " : "", f->device.busid, f->device.vendor, f->device.product,
                 named ? ", named " : "", named ? f->entry.name : "");
        len += strlen(error + len);
    }
    if (shown == 0)
        snprintf(error + len, USB_SERVER_ERROR_MAX - len, "nothing");
}

int usb_selector_find(struct usb_server *s, const char *selector, const struct usbip_found **first,
                      char error[static USB_SERVER_ERROR_MAX])
{
    int count = 0;

    if (!usb_selector_is_valid(selector)) {
        snprintf(error, USB_SERVER_ERROR_MAX,
                 "%.200s selects nothing: it is a BUSID, a name, VID:PID or VID:PID:SERIAL",
                 selector);
        return -ENODEV;
    }
    for (size_t i = 0; i < s->count; i++)
        if (usb_selector_matches(s, &s->list[i], selector) && count++ == 0)
            *first = &s->list[i];
    if (count > 0)
        return count;
    bool by_serial = begins_with_ids(selector) && selector[IDS_LEN];
    snprintf(error, USB_SERVER_ERROR_MAX, "%.280s has no device %.200s%s; it has ", s->name,
             selector,
             s->extended ? ""
             : by_serial ? ", or does not tell serial numbers"
                         : ", or somebody else uses it");
    add_devices(s, NULL, error);
    return -ENODEV;
}

int usb_selector_find_one(struct usb_server *s, const char *selector,
                          const struct usbip_found **one, char error[static USB_SERVER_ERROR_MAX])
{
    int count = usb_selector_find(s, selector, one, error);

    if (count <= 1)
        return count;
    snprintf(error, USB_SERVER_ERROR_MAX,
             "%.280s has %d devices %.200s, take one of them: ", s->name, count, selector);
    add_devices(s, selector, error);
    return -EEXIST;
}
