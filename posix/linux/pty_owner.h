/*
 * Whose a pseudo-terminal and its link are.
 */
#ifndef POSIX_LINUX_PTY_OWNER_H
#define POSIX_LINUX_PTY_OWNER_H

#include <sys/types.h>

#include "vport.h"

struct pty_owner {
    uid_t uid; /* -1: whoever makes them */
    gid_t gid; /* -1, too */
};

/* Finds the user and the group that the options name. Returns 0, or -EINVAL with the reason in
 * `error`. */
int pty_owner_find(struct pty_owner *o, const struct vport_options *options,
                   char error[static VPORT_ERROR_MAX]);

#endif
