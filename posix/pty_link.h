/*
 * The name of a PTY: a symbolic link that appears and goes with us, and is never put in place of
 * anything that is not a stale link of ours. A link is ours if a control socket stands beside it
 * (local_socket.h), and stale if nobody answers there.
 */
#ifndef POSIX_PTY_LINK_H
#define POSIX_PTY_LINK_H

#include <sys/types.h>

#include "vport.h"

/* Makes `link` point to `target`, atomically. `replace`: a link that is there is a stale one of
 * ours, or our own. `uid` and `gid` may be -1. Returns 0, or -errno with what is wrong and what to
 * do in `error`. */
int pty_link_make(const char *link, const char *target, bool replace, uid_t uid, gid_t gid,
                  char error[static VPORT_ERROR_MAX]);

/* Removes `link` if it still points to `target`. */
void pty_link_remove(const char *link, const char *target);

#endif
