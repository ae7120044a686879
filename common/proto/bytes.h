/*
 * Big-endian integers, and text of a fixed size, in byte arrays. The one place where bytes become
 * numbers.
 */
#ifndef COMMON_PROTO_BYTES_H
#define COMMON_PROTO_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t get_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline uint32_t get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline uint64_t get_be64(const uint8_t *p)
{
    return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
    put_be32(p, (uint32_t)(v >> 32));
    put_be32(p + 4, (uint32_t)v);
}

/* Text in a field of `size` bytes. The bytes after the text are 0, and the last byte always is. */
static inline void put_text(uint8_t *p, const char *text, size_t size)
{
    size_t len = 0;

    while (len < size - 1 && text[len])
        len++;
    memcpy(p, text, len);
    memset(p + len, 0, size - len);
}

static inline void get_text(char *text, const uint8_t *p, size_t size)
{
    memcpy(text, p, size);
    text[size - 1] = '\0';
}

#endif
