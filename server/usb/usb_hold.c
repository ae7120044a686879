#include "usb_hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "log_peer.h"
#include "timer.h"
#include "usb_device.h"

struct usb_hold {
    struct usb_device *device;
    struct timer timer;
    struct usb_hold_owner owner;
    void (*ended)(void *ctx);
    void *ctx;
};

static void on_time(void *arg)
{
    struct usb_hold *h = arg;
    void (*ended)(void *) = h->ended;
    void *ctx = h->ctx;

    usb_hold_end(h->device);
    ended(ctx);
}

int usb_hold_begin(struct event_base *base, struct usb_device *d,
                   const struct usb_hold_owner *owner, void (*ended)(void *ctx), void *ctx)
{
    struct usb_hold *h = calloc(1, sizeof *h);

    if (!h)
        return -ENOMEM;
    *h = (struct usb_hold){.device = d, .owner = *owner, .ended = ended, .ctx = ctx};
    timer_make(&h->timer, base, on_time, h);
    timer_in_ms(&h->timer, owner->ms);
    d->hold = h;
    log_debug("%s: kept for %s for %u ms", d->name, owner->peer, (unsigned)owner->ms);
    return 0;
}

const struct usb_hold_owner *usb_hold_owner(const struct usb_device *d)
{
    return d->hold ? &d->hold->owner : NULL;
}

bool usb_hold_is_for(const struct usb_device *d, const uint8_t token[static USBIP_EXT_TOKEN_SIZE])
{
    return d->hold && memcmp(d->hold->owner.token, token, USBIP_EXT_TOKEN_SIZE) == 0;
}

void usb_hold_take(struct usb_device *d)
{
    timer_stop(&d->hold->timer);
    free(d->hold);
    d->hold = NULL;
}

void usb_hold_end(struct usb_device *d)
{
    if (!d->hold)
        return;
    usb_hold_take(d);
    d->ops->release(d);
    if (!d->gone)
        log_peer_info(d->name, "%s: free again", d->name);
}
