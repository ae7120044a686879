#include "buf.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Smallest allocation, and the largest that an empty queue keeps. */
enum { BUF_SMALL = 4096 };

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_free(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

/* Makes room for `len` more bytes after the queued ones. */
static int make_room(struct buf *b, size_t len)
{
    if (b->start + b->len + len <= b->cap)
        return 0;
    if (b->len + len <= b->cap && b->start >= b->len) {
        memcpy(b->data, b->data + b->start, b->len);
        b->start = 0;
        return 0;
    }

    size_t cap = b->len + len + b->len / 2;
    if (cap < BUF_SMALL)
        cap = BUF_SMALL;
    uint8_t *data = malloc(cap);
    if (!data)
        return -ENOMEM;
    if (b->len)
        memcpy(data, b->data + b->start, b->len);
    free(b->data);
    b->data = data;
    b->cap = cap;
    b->start = 0;
    return 0;
}

void buf_reserve(struct buf *b, size_t len)
{
    if (len <= b->max - b->len)
        (void)make_room(b, len);
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    if (len > b->max - b->len)
        return -ENOBUFS;
    if (len == 0)
        return 0;
    int r = make_room(b, len);
    if (r < 0)
        return r;
    memcpy(b->data + b->start + b->len, data, len);
    b->len += len;
    return 0;
}

const uint8_t *buf_head(const struct buf *b)
{
    return b->data ? b->data + b->start : NULL;
}

void buf_drain(struct buf *b, size_t len)
{
    assert(len <= b->len);
    b->start += len;
    b->len -= len;
    if (b->len > 0)
        return;
    if (b->cap > BUF_SMALL)
        buf_free(b);
    b->start = 0;
}
