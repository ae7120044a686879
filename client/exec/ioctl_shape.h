/*
 * The data of an ioctl(2) request of a serial port. It tells how many bytes the kernel takes from
 * the caller's memory at the argument's address, and how many it puts there. It is for callers that
 * pass a request on and cannot pass the memory with it.
 */
#ifndef CLIENT_EXEC_IOCTL_SHAPE_H
#define CLIENT_EXEC_IOCTL_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

enum { IOCTL_SHAPE_MAX = 96 }; /* no structure is larger */

struct ioctl_shape {
    uint8_t in, out; /* bytes; both 0: the argument is a number, or not looked at */
    bool waits;      /* it may take long, and a signal ends it */
};

/* Finds the shape of a request, `compat` as in struct ioctl_call. Returns false for requests that
 * are left to the kernel. */
bool ioctl_shape_find(unsigned request, bool compat, struct ioctl_shape *shape);

#endif
