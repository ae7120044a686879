#define _GNU_SOURCE 1 /* secure_getenv; as libusb's config.h has it */
#include "usb01_list.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "usb01_error.h"

struct usb_bus *usb_busses;
int usb_debug;

static libusb_context *context; /* NULL: not begun, or not possible */

static bool begin(void)
{
    if (!context && libusb_init(&context) < 0)
        context = NULL;
    return context != NULL;
}

void usb_set_debug(int level)
{
    usb_debug = level;
    if (context)
        libusb_set_option(context, LIBUSB_OPTION_LOG_LEVEL, level < 0 ? 0 : level > 4 ? 4 : level);
}

void usb_init(void)
{
    const char *level = secure_getenv("USB_DEBUG");

    if (begin() && level)
        usb_set_debug(*level >= '0' && *level <= '9' ? *level - '0' : 0); /* 0 to 4 */
}

static struct usb_bus *find_bus(uint8_t number)
{
    for (struct usb_bus *b = usb_busses; b; b = b->next)
        if (b->location == number)
            return b;
    return NULL;
}

static int add_bus(uint8_t number)
{
    struct usb_bus *b = calloc(1, sizeof *b), *before = NULL, *behind = usb_busses;

    if (!b)
        return 0;
    snprintf(b->dirname, sizeof b->dirname, "%03u", number);
    b->location = number;
    for (; behind && behind->location < number; behind = behind->next)
        before = behind;
    b->next = behind;
    b->prev = before;
    if (behind)
        behind->prev = b;
    if (before)
        before->next = b;
    else
        usb_busses = b;
    return 1;
}

/* A bus stays when its devices are gone, as a computer's do. */
int usb_find_busses(void)
{
    libusb_device **list;
    int changes = 0;

    if (!begin())
        return usb01_fail_saying(-ENODEV, "cannot begin");
    ssize_t n = libusb_get_device_list(context, &list);
    if (n < 0)
        return usb01_fail(usb01_error_of((int)n));
    for (ssize_t i = 0; i < n; i++) {
        uint8_t number = libusb_get_bus_number(list[i]);

        if (!find_bus(number))
            changes += add_bus(number);
    }
    libusb_free_device_list(list, 1);
    return changes;
}

#define SAME(ours, our_member, theirs, their_member)                                               \
    _Static_assert(offsetof(struct ours, our_member) == offsetof(struct theirs, their_member),     \
                   "the layouts of libusb-0.1 and libusb-1.0 are alike")
SAME(usb_config_descriptor, MaxPower, libusb_config_descriptor, MaxPower);
SAME(usb_config_descriptor, interface, libusb_config_descriptor, interface);
SAME(usb_config_descriptor, extra, libusb_config_descriptor, extra);
SAME(usb_config_descriptor, extralen, libusb_config_descriptor, extra_length);
SAME(usb_interface, num_altsetting, libusb_interface, num_altsetting);
SAME(usb_interface_descriptor, iInterface, libusb_interface_descriptor, iInterface);
SAME(usb_interface_descriptor, endpoint, libusb_interface_descriptor, endpoint);
SAME(usb_interface_descriptor, extralen, libusb_interface_descriptor, extra_length);
SAME(usb_endpoint_descriptor, wMaxPacketSize, libusb_endpoint_descriptor, wMaxPacketSize);
SAME(usb_endpoint_descriptor, extra, libusb_endpoint_descriptor, extra);
SAME(usb_endpoint_descriptor, extralen, libusb_endpoint_descriptor, extra_length);
_Static_assert(sizeof(struct usb_config_descriptor) == sizeof(struct libusb_config_descriptor) &&
                   sizeof(struct usb_interface) == sizeof(struct libusb_interface) &&
                   sizeof(struct usb_interface_descriptor) ==
                       sizeof(struct libusb_interface_descriptor) &&
                   sizeof(struct usb_endpoint_descriptor) ==
                       sizeof(struct libusb_endpoint_descriptor),
               "the layouts of libusb-0.1 and libusb-1.0 are alike");
_Static_assert(sizeof(struct usb_device_descriptor) == 18, "as on the bus");

static void forget_configs(struct usb01_device *d)
{
    d->shown.config = NULL;
    for (int i = 0; i < USB01_CONFIGURATIONS_MAX; i++) {
        libusb_free_config_descriptor(d->parsed[i]);
        d->parsed[i] = NULL;
    }
}

void usb01_list_read_configs(struct usb01_device *d)
{
    uint8_t count = d->shown.descriptor.bNumConfigurations;

    if (count > USB01_CONFIGURATIONS_MAX)
        count = USB01_CONFIGURATIONS_MAX;
    for (uint8_t i = 0; i < count; i++) {
        if (libusb_get_config_descriptor(d->device, i, &d->parsed[i]) < 0) {
            d->parsed[i] = NULL;
            forget_configs(d);
            return;
        }
        memcpy(&d->configs[i], d->parsed[i], sizeof d->configs[i]);
    }
    d->shown.descriptor.bNumConfigurations = count;
    d->shown.config = count > 0 ? d->configs : NULL;
}

static struct usb01_device *new_device(libusb_device *device, struct usb_bus *bus)
{
    struct usb01_device *d = calloc(1, sizeof *d);
    struct libusb_device_descriptor descriptor;

    if (!d)
        return NULL;
    if (libusb_get_device_descriptor(device, &descriptor) < 0) {
        free(d);
        return NULL;
    }
    memcpy(&d->shown.descriptor, &descriptor, sizeof d->shown.descriptor);
    d->device = libusb_ref_device(device);
    d->shown.devnum = libusb_get_device_address(device);
    snprintf(d->shown.filename, sizeof d->shown.filename, "%03u", d->shown.devnum);
    d->shown.bus = bus;
    usb01_list_read_configs(d);
    return d;
}

void usb01_list_free(struct usb01_device *d)
{
    forget_configs(d);
    libusb_unref_device(d->device);
    free(d);
}

/* Puts it after another one of the bus; `before` is NULL: at the beginning. */
static void link_device(struct usb_bus *bus, struct usb_device *dev, struct usb_device *before)
{
    dev->prev = before;
    dev->next = before ? before->next : bus->devices;
    if (dev->next)
        dev->next->prev = dev;
    if (before)
        before->next = dev;
    else
        bus->devices = dev;
}

static void unlink_device(struct usb_bus *bus, struct usb_device *dev)
{
    if (dev->next)
        dev->next->prev = dev->prev;
    if (dev->prev)
        dev->prev->next = dev->next;
    else
        bus->devices = dev->next;
}

static bool contains(libusb_device *const *list, ssize_t n, const libusb_device *device)
{
    for (ssize_t i = 0; i < n; i++)
        if (list[i] == device)
            return true;
    return false;
}

/* An open one is freed when it is closed. */
static int drop_gone(struct usb_bus *bus, libusb_device *const *list, ssize_t n)
{
    struct usb_device *next;
    int changes = 0;

    for (struct usb_device *dev = bus->devices; dev; dev = next) {
        struct usb01_device *d = (struct usb01_device *)dev;

        next = dev->next;
        if (contains(list, n, d->device))
            continue;
        unlink_device(bus, dev);
        d->gone = true;
        if (d->handles == 0)
            usb01_list_free(d);
        changes++;
    }
    return changes;
}

static struct usb_device *find_device(const struct usb_bus *bus, const libusb_device *device)
{
    struct usb_device *dev = bus->devices;

    while (dev && ((struct usb01_device *)dev)->device != device)
        dev = dev->next;
    return dev;
}

/* Each has its place after the one before it in the list, which is in an order. */
static int add_new(libusb_device *const *list, ssize_t n)
{
    int changes = 0;

    for (struct usb_bus *bus = usb_busses; bus; bus = bus->next) {
        struct usb_device *before = NULL;

        for (ssize_t i = 0; i < n; i++) {
            if (libusb_get_bus_number(list[i]) != bus->location)
                continue;
            struct usb_device *known = find_device(bus, list[i]);
            struct usb01_device *d = known ? NULL : new_device(list[i], bus);
            if (d) {
                link_device(bus, &d->shown, before);
                changes++;
            }
            before = d ? &d->shown : known ? known : before;
        }
    }
    return changes;
}

int usb_find_devices(void)
{
    libusb_device **list;
    int changes = 0;

    if (!begin())
        return usb01_fail_saying(-ENODEV, "cannot begin");
    ssize_t n = libusb_get_device_list(context, &list);
    if (n < 0)
        return usb01_fail(usb01_error_of((int)n));
    for (struct usb_bus *b = usb_busses; b; b = b->next)
        changes += drop_gone(b, list, n);
    changes += add_new(list, n);
    libusb_free_device_list(list, 1);
    return changes;
}

struct usb_bus *usb_get_busses(void)
{
    return usb_busses;
}
