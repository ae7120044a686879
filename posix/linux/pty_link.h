/*
 * Symbolic links to pseudo-terminals: made and removed without harm to files that others put in
 * their place, whenever that happens.
 */
#ifndef POSIX_LINUX_PTY_LINK_H
#define POSIX_LINUX_PTY_LINK_H

#include <stdbool.h>
#include <sys/types.h>

#include "vport.h"

/* The files that a new link may replace; nothing else is replaced. */
struct pty_link_over {
    const char *ours; /* a link with this target, or NULL */
    bool stale;       /* one to a pseudo-terminal: it is left over from another net2pty */
    bool dangling;    /* one that leads nowhere, whoever has made it */
};

/* Makes `link` point to `target`, atomically. `uid` and `gid` may be -1. Returns 0, or -errno with
 * the reason and the remedy in `error`. */
int pty_link_make(const char *link, const char *target, const struct pty_link_over *over, uid_t uid,
                  gid_t gid, char error[static VPORT_ERROR_MAX]);

/* Removes `link` if it still points to `target`. */
void pty_link_remove(const char *link, const char *target);

/* Whether it does: 0; -ENOENT: there is nothing; -EEXIST: there is something else. */
int pty_link_look(const char *link, const char *target);

#endif
