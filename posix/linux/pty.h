/*
 * One pseudo-terminal in packet mode. Programs have its slave, the master is ours. Its settings are
 * pty_settings.h's, the link that leads to it is kept_link.h's.
 */
#ifndef POSIX_LINUX_PTY_H
#define POSIX_LINUX_PTY_H

#include <stdbool.h>
#include <stddef.h>

#include "pty_owner.h"
#include "vport.h"

enum { PTY_DEVICE_MAX = 64 };

struct pty {
    int master; /* -1: there is none */
    char device[PTY_DEVICE_MAX];
    struct vport_identity identity; /* of the device, once it has been given away */
};

/* Makes one. Returns 0 or -errno; pty_close is to be called in any case. */
int pty_open(struct pty *p);

/* Gives the device its owner, and its mode unless that is negative. Returns 0 or -errno. */
int pty_give_away(struct pty *p, const struct pty_owner *owner, int mode);

/* Ends it: programs that have the device open get an end of file. */
void pty_close(struct pty *p);

/* Whether nobody has the device open. `unread` says whether there is something to read still. */
bool pty_is_hung_up(const struct pty *p, bool *unread);

/* Makes it as good as new for the next program. Returns 0, or -errno: the last one had it
 * exclusively. */
int pty_refresh(const struct pty *p);

/* Drops what programs have not read yet. */
void pty_flush_input(const struct pty *p);

/* Bytes that programs have written and that nobody has read. */
size_t pty_unread(const struct pty *p);

#endif
