#include "frame_reader.h"

#include <errno.h>
#include <string.h>

int frame_reader_receive(struct frame_reader *r, const uint8_t *data, size_t len,
                         int (*take)(void *ctx, const uint8_t *bytes, size_t len), void *ctx)
{
    while (len > 0) {
        size_t room = sizeof r->bytes - r->len;
        size_t part = room < len ? room : len;

        if (room == 0)
            return -EPROTO;
        memcpy(r->bytes + r->len, data, part);
        r->len += part;
        data += part;
        len -= part;
        int used = take(ctx, r->bytes, r->len);
        while (used > 0) {
            r->len -= (size_t)used;
            memmove(r->bytes, r->bytes + used, r->len);
            used = take(ctx, r->bytes, r->len);
        }
        if (used < 0)
            return used;
    }
    return 0;
}
