#include "usbip_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "proto/usbip_ext.h"
#include "usbip_clock.h"
#include "usbip_sync.h"

enum {
    ENGLISH = 0x0409,
    FLUSH_MS = 2000,
    GET_DESCRIPTOR_TYPE = 0x80,
    DESCRIPTORS_READ_MAX = 8,
    DESCRIPTORS_SIZE_MAX = (DESCRIPTORS_READ_MAX + 1) << 16
};

bool usbip_device_is_ours(const struct usbip_device_use *d)
{
    return d->found.device.extensions >= USBIP_EXT_VERSION;
}

void usbip_device_init(struct usbip_device_use *d, const struct usbip_server *server,
                       const struct usbip_found *found, const struct usbip_config *config)
{
    *d = (struct usbip_device_use){.server = server,
                                   .found = *found,
                                   .configuration = found->device.configuration,
                                   .link.fd = -1};
    d->posts = usbip_config_posts(config, found->device.vendor, found->device.product);
    buf_init(&d->descriptors, DESCRIPTORS_SIZE_MAX);
}

void usbip_device_describe(struct usbip_device_use *d)
{
    if (usbip_device_is_ours(d) &&
        usbip_call_describe(d->server, d->found.device.busid, &d->descriptors) < 0)
        buf_free(&d->descriptors);
}

static void end_link(struct usbip_device_use *d)
{
    if (d->has_link)
        usbip_link_free(&d->link);
    d->left = usbip_clock_ms();
    d->has_link = false;
    d->linger_until = 0;
}

void usbip_device_free(struct usbip_device_use *d)
{
    end_link(d);
    buf_free(&d->descriptors);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static const uint8_t *find(const struct usbip_device_use *d, uint16_t value, uint16_t index,
                           size_t *len)
{
    const uint8_t *data = buf_head(&d->descriptors);
    size_t left = d->descriptors.len;
    struct usbip_ext_descriptor one;

    while (usbip_ext_next_descriptor(&data, &left, &one)) {
        if (one.value == value && one.index == index) {
            *len = one.len;
            return one.data;
        }
    }
    *len = 0;
    return NULL;
}

const uint8_t *usbip_device_known(const struct usbip_device_use *d, const struct usb_setup *setup,
                                  size_t *len)
{
    if (setup->type != GET_DESCRIPTOR_TYPE || setup->request != USB_REQUEST_GET_DESCRIPTOR)
        return NULL;
    return find(d, setup->value, setup->index, len);
}

/* Programs look at these before they open anything. Numbers of strings are stand-ins, which are
 * replaced when one is asked for; the rest is what most devices have. */
static void make_descriptor(const struct usbip_found *f,
                            uint8_t descriptor[static USB_DESC_DEVICE_SIZE])
{
    const struct usbip_device *r = &f->device;
    const bool is_super = r->speed >= USBIP_SPEED_SUPER;
    const uint8_t made[USB_DESC_DEVICE_SIZE] = {USB_DESC_DEVICE_SIZE,
                                                USB_DESC_DEVICE,
                                                0,
                                                is_super ? 3 : 2,
                                                r->device_class,
                                                r->device_subclass,
                                                r->device_protocol,
                                                is_super                      ? 9
                                                : r->speed == USBIP_SPEED_LOW ? 8
                                                                              : 64,
                                                (uint8_t)r->vendor,
                                                (uint8_t)(r->vendor >> 8),
                                                (uint8_t)r->product,
                                                (uint8_t)(r->product >> 8),
                                                (uint8_t)r->release,
                                                (uint8_t)(r->release >> 8),
                                                USBIP_DEVICE_MADE_STRING,
                                                USBIP_DEVICE_MADE_STRING + 1,
                                                USBIP_DEVICE_MADE_STRING + 2,
                                                r->configurations ? r->configurations : 1};

    memcpy(descriptor, made, sizeof made);
}

void usbip_device_descriptor(const struct usbip_device_use *d,
                             uint8_t descriptor[static USB_DESC_DEVICE_SIZE])
{
    size_t len;
    const uint8_t *known = find(d, USB_DESC_DEVICE << 8, 0, &len);

    if (known && len >= USB_DESC_DEVICE_SIZE)
        memcpy(descriptor, known, USB_DESC_DEVICE_SIZE);
    else
        make_descriptor(&d->found, descriptor);
}

uint8_t usbip_device_string(const struct usbip_device_use *d, uint8_t made)
{
    uint8_t device[USB_DESC_DEVICE_SIZE];

    usbip_device_descriptor(d, device);
    return device[14 + (made - USBIP_DEVICE_MADE_STRING)]; /* iManufacturer and so on */
}

const uint8_t *usbip_device_configuration(const struct usbip_device_use *d, uint8_t index,
                                          size_t *len)
{
    const uint8_t *c = find(d, (uint16_t)(USB_DESC_CONFIGURATION << 8 | index), 0, len);

    *len = c ? usb_desc_configuration_size(c, *len) : 0;
    return *len > 0 ? c : NULL;
}

const uint8_t *usbip_device_configuration_of(const struct usbip_device_use *d, uint8_t value,
                                             size_t *len)
{
    uint8_t device[USB_DESC_DEVICE_SIZE];

    usbip_device_descriptor(d, device);
    for (uint8_t i = 0; i < device[17]; i++) {
        const uint8_t *c = usbip_device_configuration(d, i, len);

        if (c && c[5] == value)
            return c;
    }
    *len = 0;
    return NULL;
}

void usbip_device_serial(const struct usbip_device_use *d, char serial[static 128])
{
    uint8_t device[USB_DESC_DEVICE_SIZE];
    size_t len, n = 0;

    usbip_device_descriptor(d, device);
    const uint8_t *string = find(d, (uint16_t)(USB_DESC_STRING << 8 | device[16]), ENGLISH, &len);
    for (size_t i = 2; string && device[16] && i + 1 < len && n < 127; i += 2)
        serial[n++] = string[i + 1] == 0 && string[i] < 0x80 ? (char)string[i] : '?';
    serial[n] = '\0';
}

/* --- import ----------------------------------------------------------------------------------- */

/* One token for all imports of this process: a device that it closes and opens again is as it was.
 */
static const uint8_t *token(void)
{
    static uint8_t bytes[USBIP_EXT_TOKEN_SIZE];
    static pid_t made; /* by: a child of it has one of its own */

    if (made != getpid() && getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        put_be64(bytes, (uint64_t)usbip_clock_ms() << 32 | (uint32_t)getpid());
    made = getpid();
    return bytes;
}

static int get_descriptor(struct usbip_device_use *d, uint8_t type, uint8_t index, uint8_t *data,
                          size_t len)
{
    const uint8_t setup[8] = {GET_DESCRIPTOR_TYPE, USB_REQUEST_GET_DESCRIPTOR, index, type, 0, 0,
                              (uint8_t)len,        (uint8_t)(len >> 8)};

    return usbip_sync_control(&d->link, setup, data, USBIP_DEVICE_REQUEST_MS);
}

static int read_configuration(struct usbip_device_use *d, uint8_t index)
{
    uint8_t head[USB_DESC_CONFIGURATION_SIZE];
    int n = get_descriptor(d, USB_DESC_CONFIGURATION, index, head, sizeof head);

    if (n < (int)sizeof head)
        return n == USBIP_ENOMEM ? -ENOMEM : -EPROTO;
    const size_t total = (size_t)(head[3] << 8 | head[2]);
    uint8_t *all = malloc(total + 1);
    if (!all)
        return -ENOMEM;
    n = get_descriptor(d, USB_DESC_CONFIGURATION, index, all, total);
    int r = n == USBIP_ENOMEM ? -ENOMEM
            : n < (int)sizeof head
                ? -EPROTO
                : usbip_ext_add_descriptor(&d->descriptors,
                                           (uint16_t)(USB_DESC_CONFIGURATION << 8 | index), 0, all,
                                           (size_t)n);
    free(all);
    return r;
}

static int read_descriptors(struct usbip_device_use *d)
{
    uint8_t device[USB_DESC_DEVICE_SIZE];
    int n = get_descriptor(d, USB_DESC_DEVICE, 0, device, sizeof device);

    if (n < (int)sizeof device || device[1] != USB_DESC_DEVICE)
        return n == USBIP_ENOMEM ? -ENOMEM : -EPROTO;
    int r =
        usbip_ext_add_descriptor(&d->descriptors, USB_DESC_DEVICE << 8, 0, device, sizeof device);
    for (uint8_t i = 0; i < device[17] && i < DESCRIPTORS_READ_MAX && r == 0; i++)
        r = read_configuration(d, i);
    if (r < 0)
        buf_free(&d->descriptors);
    return r;
}

/* A device of the kernel's server has none until somebody sets it, and does not answer before. */
static int configure(struct usbip_device_use *d)
{
    size_t len;
    const uint8_t *first = usbip_device_configuration(d, 0, &len);

    if (d->configuration != 0 || !first)
        return 0;
    const uint8_t setup[8] = {0, USB_REQUEST_SET_CONFIGURATION, first[5]};
    int r = usbip_sync_control(&d->link, setup, NULL, USBIP_DEVICE_REQUEST_MS);
    if (r < 0)
        return r == USBIP_ENOMEM ? -ENOMEM : -EPROTO;
    d->configuration = first[5];
    return 0;
}

int usbip_device_import(struct usbip_device_use *d, char reason[static USBIP_EXT_REASON_SIZE])
{
    struct usbip_ext_import terms = {.grace_ms = USBIP_DEVICE_GRACE_MS};
    struct usbip_imported imported;

    reason[0] = '\0';
    if (d->linger_until != 0) /* is it still there? */
        usbip_link_step(&d->link);
    if (d->linger_until != 0 && d->link.fd < 0)
        end_link(d);
    d->linger_until = 0;
    if (d->has_link)
        return d->link.fd >= 0 ? 0 : -ENODEV;
    snprintf(terms.busid, sizeof terms.busid, "%s", d->found.device.busid);
    memcpy(terms.token, token(), sizeof terms.token);
    int r = usbip_call_import(d->server, d->found.device.busid,
                              usbip_device_is_ours(d) ? &terms : NULL, &imported);
    memcpy(reason, imported.reason, sizeof imported.reason);
    if (r < 0)
        return r;
    r = usbip_link_init(&d->link, imported.fd, usbip_devid(&imported.device));
    d->has_link = true;
    d->configuration = imported.device.configuration;
    if (!imported.grant.resumed)
        memset(d->alternate, 0, sizeof d->alternate);
    if (r == 0 && d->descriptors.len == 0)
        r = read_descriptors(d);
    if (r == 0)
        r = configure(d);
    if (r < 0)
        end_link(d);
    return r;
}

void usbip_device_leave(struct usbip_device_use *d, bool keep)
{
    if (!d->has_link)
        return;
    usbip_sync_flush(&d->link, FLUSH_MS);
    if (keep && !usbip_device_is_ours(d) && d->link.fd >= 0)
        d->linger_until = usbip_clock_ms() + USBIP_DEVICE_LINGER_MS;
    else
        end_link(d);
}

void usbip_device_tidy(struct usbip_device_use *d)
{
    if (d->linger_until == 0)
        return;
    usbip_link_step(&d->link);
    if (d->link.fd < 0 || usbip_clock_ms() >= d->linger_until)
        end_link(d);
}

struct usb_submit_device usbip_device_facts(const struct usbip_device_use *d)
{
    struct usb_submit_device facts = {.speed = d->found.device.speed, .alternate = d->alternate};

    facts.configuration = usbip_device_configuration_of(d, d->configuration, &facts.len);
    facts.known = facts.configuration || (d->configuration == 0 && d->descriptors.len > 0);
    return facts;
}
