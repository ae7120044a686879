#include "usbip_sync.h"

#include <poll.h>
#include <string.h>

#include "proto/usb_desc.h"
#include "usbip_clock.h"
#include "usbip_link.h"

/* Waits until something can be done, at most until a time. Returns false when it has come. */
static bool wait_until(struct usbip_link *l, long long deadline)
{
    struct pollfd p = {l->fd, (short)(POLLIN | (usbip_link_wants_to_send(l) ? POLLOUT : 0)), 0};
    long long left = deadline - usbip_clock_ms();
    int unlink = usbip_link_timeout(l);

    if (left <= 0)
        return false;
    if (unlink >= 0 && unlink < left)
        left = unlink;
    poll(&p, 1, (int)left);
    usbip_link_step(l);
    return true;
}

int usbip_sync_control(struct usbip_link *l, const uint8_t setup[static 8], uint8_t *data, int ms)
{
    const struct usb_setup s = usb_setup_get(setup);
    const long long deadline = usbip_clock_ms() + ms;
    struct usbip_link_urb *u = usbip_link_urb_new(0);
    int result;

    if (!u)
        return USBIP_ENOMEM;
    memcpy(u->setup, setup, sizeof u->setup);
    u->address = s.length > 0 ? s.type & 0x80 : 0;
    u->barrier = true;
    u->data = data;
    u->length = s.length;
    u->owner = &result;
    if (usbip_link_submit(l, u) < 0) {
        usbip_link_urb_free(u);
        return USBIP_ENOMEM;
    }
    for (;;) {
        if (u->state == USBIP_LINK_DONE) {
            result = u->status < 0 ? u->status : u->status > 0 ? USBIP_EPROTO : (int)u->actual;
            usbip_link_forget(l, u); /* its memory goes */
            return result;
        }
        if (!wait_until(l, deadline)) {
            usbip_link_forget(l, u);
            return USBIP_ETIMEDOUT;
        }
    }
}

bool usbip_sync_flush(struct usbip_link *l, int ms)
{
    const long long deadline = usbip_clock_ms() + ms;

    usbip_link_push(l);
    while (l->fd >= 0 && (l->urbs.posted_count > 0 || l->urbs.first))
        if (!wait_until(l, deadline))
            return false;
    return l->fd >= 0;
}
