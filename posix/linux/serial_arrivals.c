/*
 * The names that come in /dev, by inotify, which needs no rights. The kernel's own news (netlink)
 * reach no container. Where /dev gets no names, as in most containers, nothing is told.
 */
#include "serial_arrivals.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <event2/event.h>

#include "serial_ports.h"

struct serial_arrivals {
    int fd;
    struct event *readable;
    void (*came)(void *ctx);
    void *ctx;
};

/* Whether a name is that of a tty: /dev has others. */
static bool is_tty(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "/sys/class/tty/%.*s", NAME_MAX, name);
    return access(path, F_OK) == 0;
}

/* Whether there is one among the news; those that were lost may have been. */
static bool has_tty(const char *news, size_t len)
{
    while (len > 0) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)news;
        const size_t size = sizeof *e + e->len;

        if ((e->mask & IN_Q_OVERFLOW) || (e->len > 0 && is_tty(e->name)))
            return true;
        news += size;
        len -= size;
    }
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    _Alignas(struct inotify_event) char news[4096];
    struct serial_arrivals *a = ctx;

    (void)what;
    const ssize_t n = read(fd, news, sizeof news);
    if (n > 0 && has_tty(news, (size_t)n))
        a->came(a->ctx);
}

struct serial_arrivals *serial_arrivals_new(struct event_base *base, void (*came)(void *ctx),
                                            void *ctx)
{
    struct serial_arrivals *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    a->came = came;
    a->ctx = ctx;
    a->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    /* udev gives a port's group its rights after the name is there */
    if (a->fd >= 0 &&
        inotify_add_watch(a->fd, serial_ports_prefix(), IN_CREATE | IN_MOVED_TO | IN_ATTRIB) >= 0)
        a->readable = event_new(base, a->fd, EV_READ | EV_PERSIST, on_readable, a);
    if (a->readable && event_add(a->readable, NULL) == 0)
        return a;
    serial_arrivals_free(a);
    return NULL;
}

void serial_arrivals_free(struct serial_arrivals *a)
{
    if (!a)
        return;
    if (a->readable)
        event_free(a->readable);
    if (a->fd >= 0)
        close(a->fd);
    free(a);
}
