/*
 * A session's port for programs whose requests are answered by us (calls.h). It has the functions
 * that ioctl_tty.h needs of a port, and knows the bytes and lines that requests wait for.
 * Everything runs on the loop thread.
 */
#ifndef CLIENT_PTY_PTY_IOCTL_H
#define CLIENT_PTY_PTY_IOCTL_H

#include <stdbool.h>
#include <stdint.h>

#include "ioctl_tty.h"

struct far_port;
struct pty_connection;
struct pty_input;
struct vport;

/* Part of a session, which fills in the first four members. */
struct pty_ioctl {
    struct vport *port;
    struct far_port *far;
    struct pty_connection *connection;
    const struct pty_input *input;
    unsigned drain;      /* the last one asked for */
    uint64_t drain_sent; /* bytes that had been sent when it was asked for */
};

/* The functions that ioctl_tty.h needs of a port; their ctx is a struct pty_ioctl. */
extern const struct ioctl_port pty_ioctl_port;

/* Takes all that programs have written so far, in order with later bytes. Returns false while there
 * is no room for it: then what has to follow waits, too. */
bool pty_ioctl_take(struct pty_ioctl *io);

/* A number that changes whenever some of the programs' bytes get on. */
uint64_t pty_ioctl_progress(const struct pty_ioctl *io);

/* Whether a request can go ahead of bytes that do not get on: there is room for it. */
bool pty_ioctl_has_room(const struct pty_ioctl *io);

/* Whether modem lines can be read as they are after what programs have set; until then a read
 * waits. */
bool pty_ioctl_knows_lines(struct pty_ioctl *io);

/* Gives up waiting for that: lines are read as they were known last. */
void pty_ioctl_forgo_lines(struct pty_ioctl *io);

/* Whether all that programs have done which have gone is with the kernel, for the server. */
bool pty_ioctl_is_settled(const struct pty_ioctl *io);

#endif
