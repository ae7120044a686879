/*
 * Frames of ioctl_wire.h out of a connection's bytes, however these are cut. Pure.
 */
#ifndef CLIENT_EXEC_FRAME_READER_H
#define CLIENT_EXEC_FRAME_READER_H

#include <stddef.h>
#include <stdint.h>

#include "ioctl_wire.h"

enum { FRAME_READER_MAX = IOCTL_WIRE_QUESTION_MAX }; /* bytes; no frame is longer */

/* Empty when it is all zeros. */
struct frame_reader {
    size_t len;
    uint8_t bytes[FRAME_READER_MAX]; /* of a frame that is not there to its end */
};

/* Takes what has come. `take` gets bytes that begin with a frame, and carries that out. It returns
 * the frame's length, 0 if more has to come, or a negative errno. After an errno nothing more is
 * taken, and the errno is returned. Otherwise returns 0, or -EPROTO for a frame that is too
 * long. */
int frame_reader_receive(struct frame_reader *r, const uint8_t *data, size_t len,
                         int (*take)(void *ctx, const uint8_t *bytes, size_t len), void *ctx);

#endif
