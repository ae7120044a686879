/*
 * A bounded queue of bytes: they go in at the end and come out at the start, in one piece. It grows
 * up to its bound and gives large memory back when it runs empty, so that idle connections cost
 * next to nothing.
 */
#ifndef COMMON_PROTO_BUF_H
#define COMMON_PROTO_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *data; /* NULL until something is queued */
    size_t start;  /* of the queued bytes in data */
    size_t len;    /* bytes queued */
    size_t cap;    /* bytes allocated */
    size_t max;    /* bytes that may be queued */
};

/* Makes an empty queue of at most `max` bytes. Nothing is allocated. */
void buf_init(struct buf *b, size_t max);

/* Frees what is queued; the queue is empty and usable again. */
void buf_free(struct buf *b);

/* Makes room for `len` more bytes at once, as far as the bound allows. Use it before adding many
 * small pieces. Without memory nothing happens; buf_add will tell. */
void buf_reserve(struct buf *b, size_t len);

/* Queues all of the bytes or none. Returns 0, -ENOBUFS (over the bound) or -ENOMEM. */
int buf_add(struct buf *b, const void *data, size_t len);

/* The first queued byte; b->len of them follow in one piece. Valid until the next call. */
const uint8_t *buf_head(const struct buf *b);

/* Takes `len` bytes, at most b->len, off the start. */
void buf_drain(struct buf *b, size_t len);

#endif
