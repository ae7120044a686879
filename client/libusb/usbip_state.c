#include "usbip_state.h"

#include <errno.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "usbip_clock.h"
#include "usbip_names.h"
#include "usbip_status.h"

struct usbip_state usbip_state = {.lock = PTHREAD_MUTEX_INITIALIZER};

void usbip_state_lock(void)
{
    pthread_mutex_lock(&usbip_state.lock);
}

void usbip_state_unlock(void)
{
    pthread_mutex_unlock(&usbip_state.lock);
}

void usbip_state_look_up(int ms)
{
    const long long deadline = usbip_clock_ms() + ms;

    for (size_t i = 0; i < usbip_state.config.server_count; i++) {
        const long long left = deadline - usbip_clock_ms();

        usbip_names_look_up(&usbip_state.config.servers[i], left > 0 ? (int)left : 0);
    }
}

/* --- what the core waits for
 * ------------------------------------------------------------------------- */

void usbip_state_unwatch(struct device_priv *p)
{
    struct libusb_context *ctx = p->dev->ctx;

    if (p->source >= 0 && ctx)
        usbi_remove_event_source(ctx, p->source);
    p->source = -1;
    if (p->timer >= 0) {
        if (ctx)
            usbi_remove_event_source(ctx, p->timer);
        close(p->timer);
    }
    p->timer = -1;
}

void usbip_state_arm_timer(struct libusb_context *ctx, int *timer, int ms)
{
    const struct itimerspec at = {
        .it_value = {ms / 1000, ms > 0 ? ms % 1000 * 1000000L : 1}}; /* 0 would disarm it */

    if (*timer < 0) {
        *timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (*timer >= 0)
            usbi_add_event_source(ctx, *timer, POLLIN);
    }
    if (*timer >= 0)
        timerfd_settime(*timer, 0, &at, NULL);
}

void usbip_state_watch(struct device_priv *p)
{
    const struct usbip_link *l = &p->use->link;
    const bool used = p->opens > 0 && p->use->has_link && l->fd >= 0 && p->use->linger_until == 0;
    const int fd = used ? l->fd : -1;
    const short events = (short)(POLLIN | (used && usbip_link_wants_to_send(l) ? POLLOUT : 0));
    const int timeout = used && l->urbs.unlinked > 0 ? usbip_link_timeout(l) : -1;

    if (fd < 0) {
        usbip_state_unwatch(p);
        return;
    }
    if (p->source != fd || p->events != events) {
        if (p->source >= 0)
            usbi_remove_event_source(p->dev->ctx, p->source);
        usbi_add_event_source(p->dev->ctx, fd, events);
        p->source = fd;
        p->events = events;
    }
    if (timeout >= 0)
        usbip_state_arm_timer(p->dev->ctx, &p->timer, timeout);
}

/* --- what is done ------------------------------------------------------------------------------
 */

/* Takes the next transfer that is done from the link, whichever context's; NULL if there is none.
 */
static struct usbi_transfer *take_done(struct device_priv *p)
{
    struct usbip_link_urb *u = usbip_link_take(&p->use->link);

    if (!u)
        return NULL;
    struct usbi_transfer *t = u->owner;
    struct transfer_priv *tp = usbi_get_transfer_priv(t);
    struct libusb_transfer *public = USBI_TRANSFER_TO_LIBUSB_TRANSFER(t);
    for (size_t i = 0; i < u->packet_count; i++) {
        public->iso_packet_desc[i].actual_length = u->packets[i].actual;
        public->iso_packet_desc[i].status = usbip_status(u->packets[i].status);
    }
    tp->urb = NULL;
    tp->status = u->status;
    tp->actual = u->actual;
    usbip_link_urb_free(u);
    return t;
}

/* A device whose connection has ended is gone, until the next list has it again as a new one. */
static void tell_end(struct device_priv *p)
{
    const struct usbip_link *l = &p->use->link;

    if (p->use->has_link && l->fd < 0 && l->error != -ECHILD && usbi_atomic_load(&p->dev->attached))
        usbi_disconnect_device(p->dev);
}

/* Has other contexts wait for the new state of a link. They tell its end by events of their own:
 * their locks are not to be taken here. */
static void settle_others(const struct device_priv *p)
{
    for (struct device_priv *o = usbip_state.devices; o; o = o->next) {
        if (o == p || o->shared != p->shared)
            continue;
        const bool ends = o->source >= 0 && o->use->link.fd < 0;
        usbip_state_watch(o);
        if (ends)
            usbip_state_arm_timer(o->dev->ctx, &o->timer, 0);
    }
}

void usbip_state_settle(struct device_priv *p)
{
    for (struct usbi_transfer *t = take_done(p); t; t = take_done(p))
        usbi_signal_transfer_completion(t);
    usbip_state_watch(p);
    settle_others(p);
    tell_end(p);
}

void usbip_state_step(struct device_priv *p)
{
    uint64_t times;

    if (p->timer >= 0 && read(p->timer, &times, sizeof times) < 0)
        times = 0; /* it was the connection */
    usbip_link_step(&p->use->link);
    settle_others(p);
    if (p->use->link.fd < 0)
        usbip_state_unwatch(p);
}

struct usbi_transfer *usbip_state_take_next(const struct libusb_context *ctx)
{
    struct usbi_transfer *t = NULL;

    usbip_state_lock();
    for (struct device_priv *p = usbip_state.devices; p && !t; p = p->next) {
        if (p->dev->ctx != ctx || !p->use->has_link)
            continue;
        t = take_done(p);
        while (t && ITRANSFER_CTX(t) != ctx) {
            usbi_signal_transfer_completion(t);
            t = take_done(p);
        }
        if (!t && p->source >= 0)
            usbip_state_watch(p);
        if (!t)
            tell_end(p);
    }
    usbip_state_unlock();
    return t;
}
