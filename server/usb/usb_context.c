#include "usb_context.h"

#include <stdlib.h>

#include <libusb.h>

#include "usb_events.h"

void usb_context_free(struct usb_context *c)
{
    usb_events_free(c->events);
    libusb_exit(c->usb);
    free(c);
}

static int LIBUSB_CALL on_hotplug(struct libusb_context *usb, struct libusb_device *real,
                                  libusb_hotplug_event event, void *ctx)
{
    const struct usb_context *c = ctx;

    (void)usb;
    if (event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED)
        c->callbacks->arrived(c->ctx);
    else
        c->callbacks->left(c->ctx, real);
    return 0;
}

struct usb_context *usb_context_new(struct libusb_context *usb,
                                    const struct usb_context_callbacks *callbacks, void *ctx)
{
    struct usb_context *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->usb = usb;
    c->callbacks = callbacks;
    c->ctx = ctx;
    return c;
}

bool usb_context_keep(struct usb_context *c, struct event_base *base, struct usb_context **list)
{
    c->events = usb_events_new(base, c->usb);
    if (!c->events)
        return false;
    if (usb_events_tell_of_devices())
        libusb_hotplug_register_callback(
            c->usb, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, 0,
            LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
            on_hotplug, c, NULL);
    c->next = *list;
    *list = c;
    return true;
}

void usb_context_sweep(struct usb_context **list)
{
    while (*list) {
        struct usb_context *c = *list;

        if (c->devices > 0 || !c->next) {
            list = &c->next;
            continue;
        }
        *list = c->next;
        usb_context_free(c);
    }
}
