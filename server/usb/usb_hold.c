#include "usb_hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "log.h"
#include "log_peer.h"
#include "usb_device.h"

struct usb_hold {
    struct usb_device *device;
    struct event *timer;
    struct usb_hold_owner owner;
    void (*ended)(void *ctx);
    void *ctx;
};

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    struct usb_hold *h = arg;
    void (*ended)(void *) = h->ended;
    void *ctx = h->ctx;

    (void)fd;
    (void)what;
    usb_hold_end(h->device);
    ended(ctx);
}

int usb_hold_begin(struct event_base *base, struct usb_device *d,
                   const struct usb_hold_owner *owner, void (*ended)(void *ctx), void *ctx)
{
    const struct timeval time = {(long)(owner->ms / 1000), (long)(owner->ms % 1000) * 1000};
    struct usb_hold *h = calloc(1, sizeof *h);

    if (!h)
        return -ENOMEM;
    *h = (struct usb_hold){.device = d, .owner = *owner, .ended = ended, .ctx = ctx};
    h->timer = evtimer_new(base, on_time, h);
    if (!h->timer) {
        free(h);
        return -ENOMEM;
    }
    event_add(h->timer, &time);
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
    event_free(d->hold->timer);
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
