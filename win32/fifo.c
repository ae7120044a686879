/*
 * Windows has no FIFOs in its file system.
 */
#include "fifo.h"

#include <errno.h>

bool fifo_is_at(const char *path)
{
    (void)path;
    return false;
}

const char *fifo_advice(void)
{
    return "on Windows, which has no FIFOs, it is a file of events, which is played for each "
           "client";
}

struct fifo *fifo_open(struct event_base *base, const char *path,
                       void (*received)(void *ctx, const uint8_t *data, size_t len), void *ctx,
                       int *error)
{
    (void)base;
    (void)path;
    (void)received;
    (void)ctx;
    *error = -ENOTSUP;
    return NULL;
}

void fifo_read(struct fifo *f, bool on)
{
    (void)f;
    (void)on;
}

void fifo_close(struct fifo *f)
{
    (void)f;
}
