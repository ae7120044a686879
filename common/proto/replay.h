/*
 * The bytes that one end of a connection has sent and the other end has not acknowledged. They are
 * kept so that they can be sent again over a new connection. It also counts the received bytes.
 * Counts begin at the same message for both ends (serial_ext.h, RESUME).
 */
#ifndef COMMON_PROTO_REPLAY_H
#define COMMON_PROTO_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* Off, and empty, when it is all zeros. */
struct replay {
    bool on;
    struct buf kept;       /* sent, and not acknowledged */
    uint64_t acknowledged; /* bytes before the kept ones */
    size_t under_way;      /* of the kept ones: given to the connection that there is */
    uint64_t told;         /* of the bytes that were received: as many were acknowledged */
};

/* Begins to count: bytes sent from now on are kept, `max` bytes of them at most. */
void replay_begin(struct replay *r, size_t max);

/* Ends it, and forgets what was kept. */
void replay_end(struct replay *r);

/* Bytes are sent. Returns 0, or -ENOBUFS or -ENOMEM: it has ended, as it cannot be complete. Does
 * nothing while it is off. */
int replay_sent(struct replay *r, const uint8_t *data, size_t len);

/* Those that the connection has not been given: `*len` bytes, NULL for none. */
const uint8_t *replay_next(const struct replay *r, size_t *len);

/* It has been given so many of them. */
void replay_given(struct replay *r, size_t len);

/* There is another connection, which has been given none. */
void replay_again(struct replay *r);

/* Whether so much was received, `received` in all, that it is time to acknowledge it; then that is
 * noted as told. */
bool replay_is_due(struct replay *r, uint64_t received);

/* The other end says that it has received so many bytes in all. It may have reported more before,
 * as its reports are sent again, too. Returns 0, or -EBADMSG for more than was sent: nothing
 * changes then. */
int replay_acknowledge(struct replay *r, uint64_t received);

/* The other end continues from there. As replay_acknowledge, but what it acknowledged before is not
 * kept, so that fewer bytes are -EBADMSG, too. */
int replay_go_on(struct replay *r, uint64_t received);

#endif
