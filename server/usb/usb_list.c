#include "usb_list.h"

#include <stdio.h>

#include <libusb.h>

#include "usb_libusb.h"
#include "usb_record.h"
#include "usb_system.h"
#include "text.h"

enum { DEVICE_NAME_MAX = sizeof "usb:" + USBIP_BUSID_SIZE };

struct found {
    struct libusb_device *real;
    struct libusb_device_descriptor descriptor;
    char busid[USBIP_BUSID_SIZE];
    struct usb_system_texts texts;
};

static void make_printable(struct usb_system_texts *t)
{
    text_clean(t->manufacturer, sizeof t->manufacturer, t->manufacturer);
    text_clean(t->product, sizeof t->product, t->product);
    text_clean(t->serial, sizeof t->serial, t->serial);
}

/* Calls `take` for each device that may be exported: no hubs, none that is imported itself. Returns
 * how many, or libusb's error. */
static int each_device(void (*take)(void *ctx, const struct found *f), void *ctx)
{
    struct libusb_context *usb;
    struct libusb_device **list;
    int count = 0;
    int r = usb_libusb_init(&usb);

    if (r < 0)
        return r == LIBUSB_ERROR_NO_DEVICE ? 0 : r;
    long n = (long)libusb_get_device_list(usb, &list);
    for (long i = 0; i < n; i++) {
        struct found f = {.real = list[i]};

        usb_record_busid(f.real, f.busid);
        if (libusb_get_device_descriptor(f.real, &f.descriptor) < 0 ||
            f.descriptor.bDeviceClass == LIBUSB_CLASS_HUB || usb_system_is_imported(f.busid))
            continue;
        usb_system_texts(f.real, f.busid, &f.texts);
        make_printable(&f.texts);
        take(ctx, &f);
        count++;
    }
    if (n >= 0)
        libusb_free_device_list(list, 1);
    libusb_exit(usb);
    return n < 0 ? (int)n : count;
}

/* Calls `take` with each interface of which the system tells something. */
static void each_interface(const struct found *f,
                           void (*take)(void *ctx, int number, const char *text), void *ctx)
{
    struct libusb_config_descriptor *config;
    char text[USB_SYSTEM_ADVICE_MAX];

    if (libusb_get_active_config_descriptor(f->real, &config) < 0)
        return;
    for (int i = 0; i < config->bNumInterfaces; i++) {
        const struct libusb_interface *interface = &config->interface[i];

        if (interface->num_altsetting <= 0)
            continue;
        usb_system_interface(f->real, f->busid, interface->altsetting->bInterfaceNumber, text);
        if (text[0])
            take(ctx, interface->altsetting->bInterfaceNumber, text);
    }
    libusb_free_config_descriptor(config);
}

static void name_device(const struct found *f, char device[static DEVICE_NAME_MAX])
{
    snprintf(device, DEVICE_NAME_MAX, "usb:%s", f->busid);
}

struct printing {
    bool (*published)(void *ctx, const char *device);
    void *ctx;
};

static void print_interface(void *ctx, int number, const char *text)
{
    (void)ctx;
    printf("  interface %d  %s\n", number, text);
}

static void print_device(void *ctx, const struct found *f)
{
    const struct printing *p = ctx;
    const struct usb_system_texts *t = &f->texts;
    char why[USB_DEVICE_ERROR_MAX], device[DEVICE_NAME_MAX];

    name_device(f, device);
    printf("%s\n", device);
    if (t->manufacturer[0] || t->product[0])
        printf("  description  %s%s%s\n", t->manufacturer, t->manufacturer[0] ? " " : "",
               t->product);
    printf("  USB          %04x:%04x%s%s\n", f->descriptor.idVendor, f->descriptor.idProduct,
           t->serial[0] ? ", serial number " : "", t->serial);
    each_interface(f, print_interface, NULL);
    if (p->published(p->ctx, device))
        return;
    if (usb_libusb_try(f->real, why) < 0)
        printf("  not now      %s\n", why);
    printf("  publish it   com2net %s 3240\n", device);
}

void usb_list_print(bool (*published)(void *ctx, const char *device), void *ctx)
{
    struct printing p = {published, ctx};
    int r = each_device(print_device, &p);

    if (r < 0)
        printf("USB devices cannot be listed: %s\n", libusb_strerror(r));
    else if (r == 0)
        printf("No USB devices found.\n");
}

struct check {
    bool (*published)(void *ctx, const char *device);
    void *published_ctx;
    void (*tell)(void *ctx, bool fine, const char *sentence);
    void *ctx;
    const char *device;
};

static void tell_interface(void *ctx, int number, const char *text)
{
    const struct check *c = ctx;
    char line[DEVICE_NAME_MAX + USB_SYSTEM_ADVICE_MAX + 64];

    snprintf(line, sizeof line, "%s: the driver of its interface %d is %s", c->device, number,
             text);
    c->tell(c->ctx, false, line);
}

static void check_device(void *ctx, const struct found *f)
{
    struct check *c = ctx;
    char why[USB_DEVICE_ERROR_MAX], device[DEVICE_NAME_MAX];
    char line[DEVICE_NAME_MAX + USB_DEVICE_ERROR_MAX + 64];

    name_device(f, device);
    if (c->published(c->published_ctx, device))
        return;
    const bool fine = usb_libusb_try(f->real, why) == 0;
    if (fine)
        snprintf(line, sizeof line, "%s (%04x:%04x) can be published: com2net %s 3240", device,
                 f->descriptor.idVendor, f->descriptor.idProduct, device);
    else
        snprintf(line, sizeof line, "%s (%04x:%04x): %s", device, f->descriptor.idVendor,
                 f->descriptor.idProduct, why);
    c->tell(c->ctx, fine, line);
    c->device = device;
    each_interface(f, tell_interface, c);
}

void usb_list_check(bool (*published)(void *published_ctx, const char *device), void *published_ctx,
                    void (*tell)(void *ctx, bool fine, const char *sentence), void *ctx)
{
    struct check c = {published, published_ctx, tell, ctx, NULL};
    char line[160];
    int r = each_device(check_device, &c);

    if (r >= 0)
        return;
    snprintf(line, sizeof line, "USB devices cannot be listed: %s", libusb_strerror(r));
    tell(ctx, false, line);
}

struct sentence {
    char *text;
    size_t size, len;
};

static void add_device(void *ctx, const struct found *f)
{
    struct sentence *s = ctx;

    if (s->size - s->len < 64)
        return;
    s->len += (size_t)snprintf(s->text + s->len, s->size - s->len, "%susb:%.31s (%04x:%04x)",
                               s->len ? ", " : "there are ", f->busid, f->descriptor.idVendor,
                               f->descriptor.idProduct);
}

void usb_list_text(char *text, size_t size)
{
    struct sentence s = {text, size, 0};
    int r = each_device(add_device, &s);

    if (r < 0)
        snprintf(text, size, "USB devices cannot be listed: %s", libusb_strerror(r));
    else if (r == 0)
        snprintf(text, size, "there are no USB devices here");
}
