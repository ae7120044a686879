#include "fakes/fake_usb_device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct fake_usb_device *fake_of(struct usb_device *d)
{
    return (struct fake_usb_device *)(void *)d;
}

static int claim(struct usb_device *d, char error[static USB_DEVICE_ERROR_MAX])
{
    struct fake_usb_device *f = fake_of(d);

    if (f->claim_error < 0) {
        snprintf(error, USB_DEVICE_ERROR_MAX, "it is not to be had");
        return f->claim_error;
    }
    f->claims++;
    return 0;
}

static void release(struct usb_device *d)
{
    fake_of(d)->releases++;
}

static void submit(struct usb_device *d, struct usb_transfer *t)
{
    struct fake_usb_device *f = fake_of(d);
    struct usb_transfer **at = &f->under_way;

    while (*at)
        at = &(*at)->next;
    t->next = NULL;
    *at = t;
    f->count++;
    f->submits++;
    if (f->submitted)
        f->submitted(f->ctx, t);
}

void fake_usb_device_end(struct fake_usb_device *f, struct usb_transfer *t, int status,
                         const void *data, size_t actual)
{
    struct usb_transfer **at = &f->under_way;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    f->count--;
    t->status = status;
    t->actual = actual;
    if (data && actual > 0 && (t->address & 0x80))
        memcpy(t->data, data, actual);
    t->done(t);
}

static void cancel(struct usb_device *d, struct usb_transfer *t)
{
    struct fake_usb_device *f = fake_of(d);

    f->cancels++;
    if (!f->ends_cancelled || f->ends_cancelled(f->ctx, t))
        fake_usb_device_end(f, t, USBIP_ECONNRESET, NULL, t->actual);
}

static int describe(const struct usb_device *d, struct buf *b)
{
    (void)d;
    (void)b;
    return 0;
}

static void free_device(struct usb_device *d)
{
    (void)d; /* the test's */
}

void fake_usb_device_init(struct fake_usb_device *f, const struct usbip_device *record)
{
    static const struct usb_device_ops ops = {.claim = claim,
                                              .release = release,
                                              .submit = submit,
                                              .cancel = cancel,
                                              .describe = describe,
                                              .free = free_device};

    memset(f, 0, sizeof *f);
    f->device.ops = &ops;
    f->device.record = *record;
    snprintf(f->name, sizeof f->name, "%s", record->busid);
    f->device.name = f->name;
}
