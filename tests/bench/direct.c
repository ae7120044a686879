/*
 * libusb-0.1 with com2net's built-in iCEstick in it: what a program takes with no network and no
 * other process in between, for tests/bench/net2usb. The functions that Debian's libftdi 0.20
 * needs, for one device and one thread. Transfers have no timeouts: this device answers each.
 */
#define usb_device usb01_device /* both have one */
#include "usb01.h"
#undef usb_device
#include "usb_device.h"
#include "icestick.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct usb_dev_handle {
    int fd; /* first: libftdi takes it for usbfs's */
};

struct usb_bus *usb_busses;

static struct usb_bus bus = {.dirname = "250"};
static struct usb01_device shown = {.filename = "001", .bus = &bus, .devnum = 1};
static struct usb_dev_handle handle = {-1};
static struct event_base *base;
static struct usb_device *device;

/* --- what is there ---------------------------------------------------------------------------- */

void usb_init(void)
{
    const struct icestick_options options = {.file = NULL};
    char error[CLI_ERROR_MAX];

    if (device)
        return;
    base = event_base_new();
    const struct usb_making making = {
        .base = base, .options = &options, .name = "demo-icestick", .number = 1};
    device = base ? icestick_kind.make(&making, error) : NULL;
    if (!device) {
        fprintf(stderr, "no iCEstick\n");
        abort();
    }
    shown.descriptor =
        (struct usb_device_descriptor){.bLength = 18,
                                       .bDescriptorType = 1,
                                       .bcdUSB = 0x0200,
                                       .bMaxPacketSize0 = 64,
                                       .idVendor = device->record.vendor,
                                       .idProduct = device->record.product,
                                       .bcdDevice = device->record.release,
                                       .bNumConfigurations = device->record.configurations};
    bus.devices = &shown;
}

int usb_find_busses(void)
{
    const int found = !usb_busses;

    usb_busses = &bus;
    return found;
}

int usb_find_devices(void)
{
    return 0;
}

struct usb_bus *usb_get_busses(void)
{
    return usb_busses;
}

usb_dev_handle *usb_open(struct usb01_device *dev)
{
    char error[USB_DEVICE_ERROR_MAX];

    (void)dev;
    handle.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return device->ops->claim(device, error) == 0 ? &handle : NULL;
}

int usb_close(usb_dev_handle *dev)
{
    device->ops->release(device);
    return close(dev->fd);
}

int usb_claim_interface(usb_dev_handle *dev, int interface)
{
    (void)dev;
    (void)interface;
    return 0;
}

int usb_release_interface(usb_dev_handle *dev, int interface)
{
    (void)dev;
    (void)interface;
    return 0;
}

int usb_detach_kernel_driver_np(usb_dev_handle *dev, int interface)
{
    (void)dev;
    (void)interface;
    errno = ENODATA;
    return -ENODATA;
}

char *usb_strerror(void)
{
    static char text[] = "the built-in iCEstick has failed";

    return text;
}

/* --- transfers -------------------------------------------------------------------------------- */

static void on_done(struct usb_transfer *t)
{
    t->own = NULL; /* the gadget leaves it alone */
}

static int run(struct usb_transfer *t)
{
    t->own = t; /* until it is done */
    t->done = on_done;
    device->ops->submit(device, t);
    while (t->own)
        event_base_loop(base, EVLOOP_ONCE);
    return t->status < 0 ? t->status : (int)t->actual;
}

int usb_control_msg(usb_dev_handle *dev, int requesttype, int request, int value, int index,
                    char *bytes, int size, int timeout)
{
    struct usb_transfer t = {
        .address = (uint8_t)(requesttype & 0x80), .data = (uint8_t *)bytes, .length = (size_t)size};
    const uint8_t setup[] = {(uint8_t)requesttype,  (uint8_t)request,    (uint8_t)value,
                             (uint8_t)(value >> 8), (uint8_t)index,      (uint8_t)(index >> 8),
                             (uint8_t)size,         (uint8_t)(size >> 8)};

    (void)dev;
    (void)timeout;
    memcpy(t.setup, setup, sizeof t.setup);
    return run(&t);
}

static int move(int address, char *bytes, int size)
{
    struct usb_transfer t = {
        .address = (uint8_t)address, .data = (uint8_t *)bytes, .length = (size_t)size};

    return run(&t);
}

int usb_bulk_write(usb_dev_handle *dev, int ep, const char *bytes, int size, int timeout)
{
    (void)dev;
    (void)timeout;
    return move(ep & 0x7f, (char *)(uintptr_t)bytes, size);
}

int usb_bulk_read(usb_dev_handle *dev, int ep, char *bytes, int size, int timeout)
{
    (void)dev;
    (void)timeout;
    return move(ep | 0x80, bytes, size);
}

int usb_get_string_simple(usb_dev_handle *dev, int index, char *buf, size_t buflen)
{
    char text[255];
    int r = usb_control_msg(dev, 0x80, 6, 3 << 8 | index, 0x0409, text, sizeof text, 1000);
    size_t len = 0;

    for (int i = 2; i < r && len + 1 < buflen; i += 2)
        buf[len++] = text[i];
    if (buflen > 0)
        buf[len] = '\0';
    return r < 0 ? r : (int)len;
}
