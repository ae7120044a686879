#include "usb_wanted.h"

#include <errno.h>
#include <stdlib.h>

#include <libusb.h>

#include "usb_options.h"
#include "usb_selector.h"
#include "usb_system.h"

int usb_wanted_read(struct usb_wanted_list *l, const struct usb_options *devices)
{
    for (const struct usb_options *o = devices; o; o = o->next)
        l->count += o->real;
    l->first = calloc(l->count, sizeof *l->first);
    if (!l->first)
        return -ENOMEM;
    struct usb_wanted *w = l->first;
    for (const struct usb_options *o = devices; o; o = o->next)
        if (o->real)
            *w++ = (struct usb_wanted){.options = o, .most = 1};
    return 0;
}

void usb_wanted_free(struct usb_wanted_list *l)
{
    free(l->first);
}

static struct usb_wanted *first_match(const struct usb_wanted_list *l,
                                      const struct usb_identity *identity)
{
    for (size_t i = 0; i < l->count; i++)
        if (usb_selector_matches(l->first[i].options->selector, identity))
            return &l->first[i];
    return NULL;
}

struct usb_wanted *usb_wanted_find(const struct usb_wanted_list *l, struct libusb_device *real,
                                   const char *busid)
{
    struct libusb_device_descriptor d;
    struct usb_system_texts texts;

    if (libusb_get_device_descriptor(real, &d) < 0 || d.bDeviceClass == LIBUSB_CLASS_HUB ||
        usb_system_is_imported(busid))
        return NULL;
    struct usb_identity identity = {busid, d.idVendor, d.idProduct, NULL};
    if (!first_match(l, &identity)) /* so that others' devices are not opened for it */
        return NULL;
    usb_system_texts(real, busid, &texts);
    identity.serial = texts.serial;
    return first_match(l, &identity);
}
