/*
 * The bytes that programs write into a FIFO, mkfifo(3). Writers open and close it at any time, and
 * are not told apart. Implemented in posix/fifo.c, and in win32/fifo.c, where there are none.
 */
#ifndef COMMON_SEAM_FIFO_H
#define COMMON_SEAM_FIFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct fifo;

enum { FIFO_READ_MAX = 1024 }; /* bytes that come at once */

/* Whether there is one at `path`. */
bool fifo_is_at(const char *path);

/* Advice how to make one: a part of a sentence. */
const char *fifo_advice(void);

/* Opens it, without waiting for a writer; nothing is read yet. `received` is called from the loop,
 * and may call fifo_read. Returns NULL with -errno in `error`. */
struct fifo *fifo_open(struct event_base *base, const char *path,
                       void (*received)(void *ctx, const uint8_t *data, size_t len), void *ctx,
                       int *error);

/* Whether it is read. While it is not, writers are held back once it is full. */
void fifo_read(struct fifo *f, bool on);

/* Accepts NULL. Not from `received`. */
void fifo_close(struct fifo *f);

#endif
