/*
 * Open devices of libusb-0.1, and their transfers, on the calls of libusb-1.0.
 *
 * The first member of a handle is a file descriptor. Debian's libftdi 0.20 takes it for usbfs's,
 * reads it out of the struct, and has select() look at it. It is an eventfd, which is always ready,
 * and needs no file that may be closed to this user, as /dev/null is in some containers.
 */
#include "usb01.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

#include <libusb.h>

#include "usb01_error.h"
#include "usb01_list.h"

enum { DESCRIPTOR_TIMEOUT_MS = 1000 };

struct usb_dev_handle {
    int fd; /* first: see above */
    struct usb01_device *device;
    libusb_device_handle *handle;
    int interface; /* claimed last, or -1 */
};

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
    struct usb01_device *d = (struct usb01_device *)dev;
    usb_dev_handle *h = calloc(1, sizeof *h);

    if (!h) {
        usb01_fail(-ENOMEM);
        return NULL;
    }
    h->device = d;
    h->interface = -1;
    h->fd = open_descriptor();
    if (h->fd < 0) {
        usb01_fail_saying(h->fd, "cannot have a descriptor");
        free(h);
        return NULL;
    }
    int r = libusb_open(d->device, &h->handle);
    if (r < 0) {
        close(h->fd);
        free(h);
        usb01_fail_saying(usb01_error_of(r), "cannot open the device");
        return NULL;
    }
    d->handles++;
    if (!d->shown.config) /* somebody had it when it was listed */
        usb01_list_read_configs(d);
    return h;
}

int usb_close(usb_dev_handle *dev)
{
    struct usb01_device *d = dev->device;

    libusb_close(dev->handle);
    close(dev->fd);
    free(dev);
    d->handles--;
    if (d->handles == 0 && d->gone)
        usb01_list_free(d);
    return 0;
}

int usb_set_configuration(usb_dev_handle *dev, int configuration)
{
    return usb01_done(libusb_set_configuration(dev->handle, configuration), "could not set config");
}

int usb_claim_interface(usb_dev_handle *dev, int interface)
{
    int r = usb01_done(libusb_claim_interface(dev->handle, interface), "could not claim interface");

    if (r == 0)
        dev->interface = interface;
    return r;
}

int usb_release_interface(usb_dev_handle *dev, int interface)
{
    int r =
        usb01_done(libusb_release_interface(dev->handle, interface), "could not release interface");

    if (r == 0)
        dev->interface = -1;
    return r;
}

int usb_set_altinterface(usb_dev_handle *dev, int alternate)
{
    if (dev->interface < 0)
        return usb01_fail(-EINVAL);
    return usb01_done(libusb_set_interface_alt_setting(dev->handle, dev->interface, alternate),
                      "could not set alternate setting");
}

int usb_resetep(usb_dev_handle *dev, unsigned int ep)
{
    return usb01_done(libusb_clear_halt(dev->handle, (unsigned char)ep), "could not reset ep");
}

int usb_clear_halt(usb_dev_handle *dev, unsigned int ep)
{
    return usb01_done(libusb_clear_halt(dev->handle, (unsigned char)ep), "could not clear/halt ep");
}

int usb_reset(usb_dev_handle *dev)
{
    int r = libusb_reset_device(dev->handle);

    /* it has come back as another */
    return usb01_done(r == LIBUSB_ERROR_NOT_FOUND ? LIBUSB_ERROR_NO_DEVICE : r, "could not reset");
}

/* No kernel's driver has it here. */
int usb_get_driver_np(usb_dev_handle *dev, int interface, char *name, unsigned int namelen)
{
    (void)dev;
    (void)interface;
    if (namelen > 0)
        *name = '\0';
    return usb01_fail_saying(-ENODATA, "could not get bound driver");
}

int usb_detach_kernel_driver_np(usb_dev_handle *dev, int interface)
{
    (void)dev;
    (void)interface;
    return usb01_fail_saying(-ENODATA, "could not detach kernel driver");
}

struct usb_device *usb_device(usb_dev_handle *dev)
{
    return &dev->device->shown;
}

/* --- transfers -------------------------------------------------------------------------------- */

int usb_control_msg(usb_dev_handle *dev, int requesttype, int request, int value, int index,
                    char *bytes, int size, int timeout)
{
    if (size < 0 || size > UINT16_MAX || timeout < 0)
        return usb01_fail(-EINVAL);
    int r = libusb_control_transfer(dev->handle, (uint8_t)requesttype, (uint8_t)request,
                                    (uint16_t)value, (uint16_t)index, (unsigned char *)bytes,
                                    (uint16_t)size, (unsigned)timeout);

    return r < 0 ? usb01_fail_saying(usb01_error_of(r), "error sending control message") : r;
}

typedef int transfer(libusb_device_handle *handle, unsigned char ep, unsigned char *data, int len,
                     int *done, unsigned timeout);

static int run(transfer *call, usb_dev_handle *dev, int ep, char *bytes, int size, int timeout)
{
    int count = 0;

    if (size < 0 || timeout < 0)
        return usb01_fail(-EINVAL);
    int r = call(dev->handle, (unsigned char)ep, (unsigned char *)bytes, size, &count,
                 (unsigned)timeout);
    if (r == 0 || (r == LIBUSB_ERROR_TIMEOUT && count > 0)) /* nothing that has come is lost */
        return count;
    return usb01_fail_saying(usb01_error_of(r), "error in transfer");
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

/* In the device's first language; a character outside of Latin-1 is a question mark. */
int usb_get_string_simple(usb_dev_handle *dev, int index, char *buf, size_t buflen)
{
    unsigned char text[255];
    size_t len = 0;

    if (index == 0 || buflen == 0)
        return usb01_fail(-EINVAL);
    int r = usb_get_string(dev, 0, 0, (char *)text, sizeof text);
    if (r < 0)
        return r;
    if (r < 4)
        return usb01_fail(-EIO);
    r = usb_get_string(dev, index, text[2] | text[3] << 8, (char *)text, sizeof text);
    if (r < 0)
        return r;
    if (r < 2 || text[1] != LIBUSB_DT_STRING)
        return usb01_fail(-EIO);
    if (text[0] > r)
        return usb01_fail(-EFBIG);
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
