/*
 * The program that has made a request on a link: its memory, and how it is answered.
 */
#ifndef CLIENT_EXEC_CALLER_H
#define CLIENT_EXEC_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ioctl_tty.h"

struct caller;

/* The maker of a request: a supervised program (exec.h), or another process (visitor.h). */
struct caller_ops {
    /* The memory of the caller: 0 or -errno. -EPERM and -EACCES: it is closed to us. */
    int (*read)(struct caller *c, uint64_t address, void *data, size_t len);
    int (*write)(struct caller *c, uint64_t address, const void *data, size_t len);
    /* Whether it still waits for an answer. */
    bool (*is_waiting)(struct caller *c);
    /* The answer because a signal wants its program: 0 for none, or a negative number. */
    int (*interruption)(struct caller *c);
    /* Ends the call, and the caller: with a result of ioctl(2), or with the kernel's answer to the
     * request. */
    void (*answer)(struct caller *c, int result);
    void (*pass)(struct caller *c);
};

/* The first member of a larger structure, which `ops` knows. */
struct caller {
    const struct caller_ops *ops;
    struct ioctl_call call;
};

#endif
