/*
 * libusb's file descriptors as events of the loop, and its timeouts as a timer. A descriptor of
 * usbfs is writable when a transfer has ended.
 */
#include "usb_events.h"

#include <poll.h>
#include <stdlib.h>

#include <event2/event.h>
#include <libusb.h>

#include "log.h"
#include "timer.h"

struct usb_fd {
    struct usb_fd *next;
    struct event *event;
    int fd; /* -1: libusb has closed it, perhaps in its own event; freed with the next one added */
};

struct usb_events {
    struct event_base *base;
    struct libusb_context *usb;
    struct usb_fd *fds;
    struct timer timer;
};

bool usb_events_tell_of_devices(void)
{
    return libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG);
}

static void LIBUSB_CALL on_ended(struct libusb_transfer *l)
{
    ((struct usb_end *)l->user_data)->ended(l);
}

void usb_events_route(struct libusb_transfer *l, struct usb_end *end)
{
    end->transfer = l;
    l->callback = on_ended;
    l->user_data = end;
}

static void sweep(struct usb_events *e, bool all)
{
    struct usb_fd **at = &e->fds;

    while (*at) {
        struct usb_fd *f = *at;

        if (!all && f->fd >= 0) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        event_free(f->event);
        free(f);
    }
}

static void handle(struct usb_events *e)
{
    struct timeval now = {0, 0}, next;

    int r = libusb_handle_events_timeout_completed(e->usb, &now, NULL);
    if (r < 0 && r != LIBUSB_ERROR_INTERRUPTED)
        log_warn("USB: its events cannot be handled: %s", libusb_error_name(r));
    if (libusb_get_next_timeout(e->usb, &next) == 1)
        timer_in_us(&e->timer, (uint64_t)next.tv_sec * 1000000 + (uint64_t)next.tv_usec);
}

static void on_timer(void *ctx)
{
    handle(ctx);
}

static void on_ready(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    handle(ctx);
}

static void on_added(int fd, short events, void *ctx)
{
    struct usb_events *e = ctx;
    struct usb_fd *f = calloc(1, sizeof *f);
    const short what =
        (short)(EV_PERSIST | (events & POLLIN ? EV_READ : 0) | (events & POLLOUT ? EV_WRITE : 0));

    sweep(e, false);
    if (f)
        f->event = event_new(e->base, fd, what, on_ready, e);
    if (!f || !f->event || event_add(f->event, NULL) < 0) {
        log_error("USB: out of memory, its events cannot be waited for");
        if (f && f->event)
            event_free(f->event);
        free(f);
        return;
    }
    f->fd = fd;
    f->next = e->fds;
    e->fds = f;
}

static void on_removed(int fd, void *ctx)
{
    struct usb_events *e = ctx;

    for (struct usb_fd *f = e->fds; f; f = f->next) {
        if (f->fd == fd) {
            event_del(f->event);
            f->fd = -1;
        }
    }
}

struct usb_events *usb_events_new(struct event_base *base, struct libusb_context *usb)
{
    struct usb_events *e = calloc(1, sizeof *e);

    if (!e)
        return NULL;
    e->base = base;
    e->usb = usb;
    timer_make(&e->timer, base, on_timer, e);
    const struct libusb_pollfd **fds = libusb_get_pollfds(usb);
    if (!fds) {
        libusb_free_pollfds(fds);
        usb_events_free(e);
        return NULL;
    }
    for (int i = 0; fds[i]; i++)
        on_added(fds[i]->fd, fds[i]->events, e);
    libusb_free_pollfds(fds);
    libusb_set_pollfd_notifiers(usb, on_added, on_removed, e);
    return e;
}

void usb_events_free(struct usb_events *e)
{
    if (!e)
        return;
    libusb_set_pollfd_notifiers(e->usb, NULL, NULL, NULL);
    sweep(e, true);
    timer_stop(&e->timer);
    free(e);
}
