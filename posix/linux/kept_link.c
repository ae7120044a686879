#include "kept_link.h"

#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>

#include "clock.h"
#include "log.h"

enum {
    SETTLE_MS = 200, /* after somebody has done something to the link */
    RETRY_MS = 2000, /* while it cannot be made again */
    LOG_MS = 60000,
    LINES = 6, /* in that time */
};

static void watch(struct kept_link *k)
{
    /* where it is not possible nobody is told of a link that is removed */
    k->watch = inotify_add_watch(k->inotify, k->path,
                                 IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW);
}

/* A program may do that again and again: the log hears of it some times in a minute. */
static void tell(struct kept_link *k, const char *what)
{
    const uint64_t now_ms = clock_now_ms();

    if (k->lines == 0 || now_ms - k->logged_ms >= LOG_MS) {
        k->logged_ms = now_ms;
        k->lines = 0;
    }
    if (k->lines++ < LINES)
        log_warn("%s: %s", k->path, what);
    else
        log_debug("%s: %s", k->path, what);
}

/* Somebody may have removed the link, or put something else in its place. */
static void on_check(void *ctx)
{
    const struct pty_link_over nothing = {0};
    struct kept_link *k = ctx;
    char error[VPORT_ERROR_MAX];

    if (!kept_link_is_made(k))
        return;
    int r = pty_link_look(k->path, k->device);
    bool gone = r < 0 && r != -EEXIST;
    if (gone)
        r = pty_link_make(k->path, k->device, &nothing, k->owner.uid, k->owner.gid, error);
    if (r == 0) {
        watch(k);
        if (gone)
            tell(k, "somebody has removed it: it is made again");
        k->lost = false;
        return;
    }
    if (!k->lost && r == -EEXIST)
        tell(k, "something else is there now, and programs do not find the port; when that is "
                "removed the link is made again");
    else if (!k->lost)
        log_warn("somebody has removed the link, and it cannot be made again: %s", error);
    k->lost = true;
    timer_in_ms(&k->check, RETRY_MS);
}

void kept_link_begin(struct kept_link *k, struct event_base *base, const char *path,
                     const struct pty_owner *owner)
{
    snprintf(k->path, sizeof k->path, "%s", path);
    k->owner = *owner;
    k->watch = -1;
    timer_make(&k->check, base, on_check, k);
}

int kept_link_make(struct kept_link *k, const char *device, const struct pty_link_over *over,
                   int inotify, char error[static VPORT_ERROR_MAX])
{
    const int r = pty_link_make(k->path, device, over, k->owner.uid, k->owner.gid, error);

    if (r < 0)
        return r;
    snprintf(k->device, sizeof k->device, "%s", device);
    k->inotify = inotify;
    watch(k);
    return 0;
}

bool kept_link_notice(struct kept_link *k, int watch_of_notice)
{
    if (watch_of_notice != k->watch)
        return false;
    timer_in_ms(&k->check, SETTLE_MS);
    return true;
}

bool kept_link_is_made(const struct kept_link *k)
{
    return k->device[0] != '\0';
}

void kept_link_remove(struct kept_link *k)
{
    if (kept_link_is_made(k))
        pty_link_remove(k->path, k->device);
    k->device[0] = '\0';
    timer_stop(&k->check);
}
