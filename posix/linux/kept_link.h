/*
 * The link to a pseudo-terminal, kept: when somebody removes it, it is made again. The log hears of
 * that, and of something else in its place.
 */
#ifndef POSIX_LINUX_KEPT_LINK_H
#define POSIX_LINUX_KEPT_LINK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "pty.h"
#include "pty_link.h"
#include "pty_owner.h"
#include "timer.h"
#include "vport.h"

struct event_base;

struct kept_link {
    char path[PATH_MAX];
    char device[PTY_DEVICE_MAX]; /* what it leads to; empty: there is no link of ours */
    struct pty_owner owner;
    int inotify;
    int watch;          /* of inotify; -1: none */
    struct timer check; /* whether it is as it should be */
    bool lost;          /* it is not, which the log knows */
    uint64_t logged_ms; /* when the first of `lines` was */
    unsigned lines;     /* lines of the log about it */
};

/* Readies one that is at `path` later. */
void kept_link_begin(struct kept_link *k, struct event_base *base, const char *path,
                     const struct pty_owner *owner);

/* Has the link lead to `device`, in place of the target in `over`. `inotify` tells of the link from
 * then on, and lives until the next call or until it is removed. Returns 0, or -errno with the
 * reason in `error`: then the link is as it was. */
int kept_link_make(struct kept_link *k, const char *device, const struct pty_link_over *over,
                   int inotify, char error[static VPORT_ERROR_MAX]);

/* A notice with the descriptor `watch` has come. Returns whether it is of the link. */
bool kept_link_notice(struct kept_link *k, int watch);

/* Whether there is a link of ours. */
bool kept_link_is_made(const struct kept_link *k);

/* Removes the link if it is still ours. Also without a begin. */
void kept_link_remove(struct kept_link *k);

#endif
