#include "resend.h"

#include <stddef.h>
#include <stdint.h>

#include "proto/replay.h"
#include "stream.h"

enum { PIECE = 64 * 1024 };

int resend(struct replay *r, struct stream *s)
{
    size_t len;

    for (const uint8_t *data = replay_next(r, &len); data && stream_queued(s) == 0;
         data = replay_next(r, &len)) {
        const size_t piece = len < PIECE ? len : PIECE;
        const int error = stream_write(s, data, piece);

        if (error < 0)
            return error;
        replay_given(r, piece);
    }
    return 0;
}
