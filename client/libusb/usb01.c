/*
 * libusb-0.1 on the calls of libusb-1.0. Its structs are what programs walk: busses and devices in
 * lists that change only when they ask for it, descriptors with all that belongs to them. What
 * libusb-1.0 has parsed is shown as it is, since the records are alike.
 *
 * The first member of a handle is a file descriptor: Debian's libftdi 0.20 takes it for usbfs's,
 * reads it out of the struct, and has select() look at it. It is an eventfd, which is always ready,
 * and needs no file that may be closed to this user, as /dev/null is in some containers.
 */
#define _GNU_SOURCE 1 /* secure_getenv; as libusb's config.h has it */
#include "usb01.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

#include <libusb.h>

enum { ERROR_NONE, ERROR_STRING, ERROR_ERRNO };
enum { DESCRIPTOR_TIMEOUT_MS = 1000, CONFIGURATIONS_MAX = 8 /* USB_MAXCONFIG */ };

/* A device of the list. */
struct device {
    struct usb_device shown; /* first: programs have its address */
    libusb_device *device;
    struct usb_config_descriptor configs[CONFIGURATIONS_MAX];
    struct libusb_config_descriptor *parsed[CONFIGURATIONS_MAX]; /* what those point into */
    unsigned handles;
    bool gone;
};

struct usb_dev_handle {
    int fd; /* first: see above */
    struct device *device;
    libusb_device_handle *handle;
    int interface; /* claimed last, or -1 */
};

struct usb_bus *usb_busses;
int usb_debug;
int usb_error_errno;
char usb_error_str[8192];
int usb_error_type;

static libusb_context *context; /* NULL: not begun, or not possible */

/* --- errors ----------------------------------------------------------------------------------- */

static int fail(int error)
{
    usb_error_type = ERROR_ERRNO;
    usb_error_errno = error;
    errno = -error;
    return error;
}

static int fail_saying(int error, const char *what)
{
    fail(error);
    usb_error_type = ERROR_STRING;
    snprintf(usb_error_str, sizeof usb_error_str, "%s: %s", what, strerror(-error));
    errno = -error;
    return error;
}

/* What usbfs says in these cases. */
static int error_of(int r)
{
    switch (r) {
    case LIBUSB_ERROR_INVALID_PARAM:
        return -EINVAL;
    case LIBUSB_ERROR_ACCESS:
        return -EACCES;
    case LIBUSB_ERROR_NO_DEVICE:
        return -ENODEV;
    case LIBUSB_ERROR_NOT_FOUND:
        return -ENOENT;
    case LIBUSB_ERROR_BUSY:
        return -EBUSY;
    case LIBUSB_ERROR_TIMEOUT:
        return -ETIMEDOUT;
    case LIBUSB_ERROR_OVERFLOW:
        return -EOVERFLOW;
    case LIBUSB_ERROR_PIPE:
        return -EPIPE;
    case LIBUSB_ERROR_INTERRUPTED:
        return -EINTR;
    case LIBUSB_ERROR_NO_MEM:
        return -ENOMEM;
    case LIBUSB_ERROR_NOT_SUPPORTED:
        return -ENOSYS;
    default:
        return -EIO;
    }
}

/* The end of a call that says only whether it worked. */
static int done(int r, const char *what)
{
    return r < 0 ? fail_saying(error_of(r), what) : 0;
}

char *usb_strerror(void)
{
    static char no_error[] = "No error";

    if (usb_error_type == ERROR_STRING)
        return usb_error_str;
    return usb_error_type == ERROR_ERRNO ? strerror(-usb_error_errno) : no_error;
}

/* --- what is there ---------------------------------------------------------------------------- */

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
        return fail_saying(-ENODEV, "cannot begin");
    ssize_t n = libusb_get_device_list(context, &list);
    if (n < 0)
        return fail(error_of((int)n));
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

static void forget_configs(struct device *d)
{
    d->shown.config = NULL;
    for (int i = 0; i < CONFIGURATIONS_MAX; i++) {
        libusb_free_config_descriptor(d->parsed[i]);
        d->parsed[i] = NULL;
    }
}

/* All of them, or none: programs look at bNumConfigurations and at `config` only. */
static void read_configs(struct device *d)
{
    uint8_t count = d->shown.descriptor.bNumConfigurations;

    if (count > CONFIGURATIONS_MAX)
        count = CONFIGURATIONS_MAX;
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

static struct device *new_device(libusb_device *device, struct usb_bus *bus)
{
    struct device *d = calloc(1, sizeof *d);
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
    read_configs(d);
    return d;
}

static void free_device(struct device *d)
{
    forget_configs(d);
    libusb_unref_device(d->device);
    free(d);
}

/* Puts it behind another one of the bus; `before` is NULL: at the beginning. */
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
        struct device *d = (struct device *)dev;

        next = dev->next;
        if (contains(list, n, d->device))
            continue;
        unlink_device(bus, dev);
        d->gone = true;
        if (d->handles == 0)
            free_device(d);
        changes++;
    }
    return changes;
}

static struct usb_device *find_device(const struct usb_bus *bus, const libusb_device *device)
{
    struct usb_device *dev = bus->devices;

    while (dev && ((struct device *)dev)->device != device)
        dev = dev->next;
    return dev;
}

/* Each has its place behind the one before it in the list, which is in an order. */
static int add_new(libusb_device *const *list, ssize_t n)
{
    int changes = 0;

    for (struct usb_bus *bus = usb_busses; bus; bus = bus->next) {
        struct usb_device *before = NULL;

        for (ssize_t i = 0; i < n; i++) {
            if (libusb_get_bus_number(list[i]) != bus->location)
                continue;
            struct usb_device *known = find_device(bus, list[i]);
            struct device *d = known ? NULL : new_device(list[i], bus);
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
        return fail_saying(-ENODEV, "cannot begin");
    ssize_t n = libusb_get_device_list(context, &list);
    if (n < 0)
        return fail(error_of((int)n));
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

struct usb_device *usb_device(usb_dev_handle *dev)
{
    return &dev->device->shown;
}

/* --- a device --------------------------------------------------------------------------------- */

static int open_descriptor(void)
{
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < FD_SETSIZE)
        return fd < 0 ? -errno : fd;
    close(fd);
    return -EMFILE; /* FD_SET of it would write outside its set */
}

usb_dev_handle *usb_open(struct usb_device *dev)
{
    struct device *d = (struct device *)dev;
    usb_dev_handle *h = calloc(1, sizeof *h);

    if (!h) {
        fail(-ENOMEM);
        return NULL;
    }
    h->device = d;
    h->interface = -1;
    h->fd = open_descriptor();
    if (h->fd < 0) {
        fail_saying(h->fd, "cannot have a descriptor");
        free(h);
        return NULL;
    }
    int r = libusb_open(d->device, &h->handle);
    if (r < 0) {
        close(h->fd);
        free(h);
        fail_saying(error_of(r), "cannot open the device");
        return NULL;
    }
    d->handles++;
    if (!d->shown.config) /* somebody had it when it was listed */
        read_configs(d);
    return h;
}

int usb_close(usb_dev_handle *dev)
{
    struct device *d = dev->device;

    libusb_close(dev->handle);
    close(dev->fd);
    free(dev);
    d->handles--;
    if (d->handles == 0 && d->gone)
        free_device(d);
    return 0;
}

int usb_set_configuration(usb_dev_handle *dev, int configuration)
{
    return done(libusb_set_configuration(dev->handle, configuration), "could not set config");
}

int usb_claim_interface(usb_dev_handle *dev, int interface)
{
    int r = done(libusb_claim_interface(dev->handle, interface), "could not claim interface");

    if (r == 0)
        dev->interface = interface;
    return r;
}

int usb_release_interface(usb_dev_handle *dev, int interface)
{
    int r = done(libusb_release_interface(dev->handle, interface), "could not release interface");

    if (r == 0)
        dev->interface = -1;
    return r;
}

int usb_set_altinterface(usb_dev_handle *dev, int alternate)
{
    if (dev->interface < 0)
        return fail(-EINVAL);
    return done(libusb_set_interface_alt_setting(dev->handle, dev->interface, alternate),
                "could not set alternate setting");
}

int usb_resetep(usb_dev_handle *dev, unsigned int ep)
{
    return done(libusb_clear_halt(dev->handle, (unsigned char)ep), "could not reset ep");
}

int usb_clear_halt(usb_dev_handle *dev, unsigned int ep)
{
    return done(libusb_clear_halt(dev->handle, (unsigned char)ep), "could not clear/halt ep");
}

int usb_reset(usb_dev_handle *dev)
{
    int r = libusb_reset_device(dev->handle);

    /* it has come back as another */
    return done(r == LIBUSB_ERROR_NOT_FOUND ? LIBUSB_ERROR_NO_DEVICE : r, "could not reset");
}

/* No kernel's driver has it here. */
int usb_get_driver_np(usb_dev_handle *dev, int interface, char *name, unsigned int namelen)
{
    (void)dev;
    (void)interface;
    if (namelen > 0)
        *name = '\0';
    return fail_saying(-ENODATA, "could not get bound driver");
}

int usb_detach_kernel_driver_np(usb_dev_handle *dev, int interface)
{
    (void)dev;
    (void)interface;
    return fail_saying(-ENODATA, "could not detach kernel driver");
}

/* --- transfers -------------------------------------------------------------------------------- */

int usb_control_msg(usb_dev_handle *dev, int requesttype, int request, int value, int index,
                    char *bytes, int size, int timeout)
{
    if (size < 0 || size > UINT16_MAX || timeout < 0)
        return fail(-EINVAL);
    int r = libusb_control_transfer(dev->handle, (uint8_t)requesttype, (uint8_t)request,
                                    (uint16_t)value, (uint16_t)index, (unsigned char *)bytes,
                                    (uint16_t)size, (unsigned)timeout);

    return r < 0 ? fail_saying(error_of(r), "error sending control message") : r;
}

typedef int transfer(libusb_device_handle *handle, unsigned char ep, unsigned char *data, int len,
                     int *done, unsigned timeout);

static int run(transfer *call, usb_dev_handle *dev, int ep, char *bytes, int size, int timeout)
{
    int count = 0;

    if (size < 0 || timeout < 0)
        return fail(-EINVAL);
    int r = call(dev->handle, (unsigned char)ep, (unsigned char *)bytes, size, &count,
                 (unsigned)timeout);
    if (r == 0 || (r == LIBUSB_ERROR_TIMEOUT && count > 0)) /* nothing that has come is lost */
        return count;
    return fail_saying(error_of(r), "error in transfer");
}

int usb_bulk_write(usb_dev_handle *dev, int ep, const char *bytes, int size, int timeout)
{
    return run(libusb_bulk_transfer, dev, ep & ~LIBUSB_ENDPOINT_IN, (char *)bytes, size, timeout);
}

int usb_bulk_read(usb_dev_handle *dev, int ep, char *bytes, int size, int timeout)
{
    return run(libusb_bulk_transfer, dev, ep | LIBUSB_ENDPOINT_IN, bytes, size, timeout);
}

int usb_interrupt_write(usb_dev_handle *dev, int ep, const char *bytes, int size, int timeout)
{
    return run(libusb_interrupt_transfer, dev, ep & ~LIBUSB_ENDPOINT_IN, (char *)bytes, size,
               timeout);
}

int usb_interrupt_read(usb_dev_handle *dev, int ep, char *bytes, int size, int timeout)
{
    return run(libusb_interrupt_transfer, dev, ep | LIBUSB_ENDPOINT_IN, bytes, size, timeout);
}

int usb_get_string(usb_dev_handle *dev, int index, int langid, char *buf, size_t buflen)
{
    return usb_control_msg(dev, LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_DESCRIPTOR,
                           LIBUSB_DT_STRING << 8 | (index & 0xff), langid, buf,
                           buflen > UINT16_MAX ? UINT16_MAX : (int)buflen, DESCRIPTOR_TIMEOUT_MS);
}

/* In the device's first language; what is not in Latin-1 is a question mark. */
int usb_get_string_simple(usb_dev_handle *dev, int index, char *buf, size_t buflen)
{
    unsigned char text[255];
    size_t len = 0;

    if (index == 0 || buflen == 0)
        return fail(-EINVAL);
    int r = usb_get_string(dev, 0, 0, (char *)text, sizeof text);
    if (r < 0)
        return r;
    if (r < 4)
        return fail(-EIO);
    r = usb_get_string(dev, index, text[2] | text[3] << 8, (char *)text, sizeof text);
    if (r < 0)
        return r;
    if (r < 2 || text[1] != LIBUSB_DT_STRING)
        return fail(-EIO);
    if (text[0] > r)
        return fail(-EFBIG);
    for (unsigned i = 2; i + 1 < text[0] && len < buflen - 1; i += 2)
        buf[len++] = text[i + 1] ? '?' : (char)text[i];
    buf[len] = '\0';
    return (int)len;
}

int usb_get_descriptor_by_endpoint(usb_dev_handle *udev, int ep, unsigned char type,
                                   unsigned char index, void *buf, int size)
{
    if (size > 0)
        memset(buf, 0, (size_t)size);
    return usb_control_msg(udev, ep | LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_DESCRIPTOR,
                           type << 8 | index, 0, buf, size, DESCRIPTOR_TIMEOUT_MS);
}

int usb_get_descriptor(usb_dev_handle *udev, unsigned char type, unsigned char index, void *buf,
                       int size)
{
    return usb_get_descriptor_by_endpoint(udev, 0, type, index, buf, size);
}

/* --- names that the original exports, and that no program calls ------------------------------- */

#pragma GCC visibility push(default)
#define INTERNAL(name)                                                                             \
    int name(void);                                                                                \
    int name(void)                                                                                 \
    {                                                                                              \
        return -ENOSYS;                                                                            \
    }

INTERNAL(usb_destroy_configuration)
INTERNAL(usb_fetch_and_parse_descriptors)
INTERNAL(usb_free_bus)
INTERNAL(usb_free_dev)
INTERNAL(usb_os_close)
INTERNAL(usb_os_determine_children)
INTERNAL(usb_os_find_busses)
INTERNAL(usb_os_find_devices)
INTERNAL(usb_os_init)
INTERNAL(usb_os_open)
INTERNAL(usb_parse_configuration)
INTERNAL(usb_parse_descriptor)
#pragma GCC visibility pop
