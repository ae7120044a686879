/*
 * How many of the programs' bytes are under way. A connection has more bytes than these, as some
 * are doubled and commands are between them. Counts only.
 */
#ifndef CLIENT_PTY_OUTSTANDING_H
#define CLIENT_PTY_OUTSTANDING_H

#include <stdbool.h>
#include <stddef.h>

enum { OUTSTANDING_MAX = 512 };

/* One piece that was sent, oldest first. */
struct outstanding_piece {
    size_t wire; /* bytes of the connection */
    size_t data; /* bytes of programs in them; not more */
};

/* Empty when it is all zeros. */
struct outstanding {
    struct outstanding_piece pieces[OUTSTANDING_MAX];
    size_t first, count; /* of a ring */
    size_t wire;         /* of all */
};

/* A piece was sent. Where there are too many, the oldest two are put together. */
void outstanding_add(struct outstanding *o, size_t wire, size_t data);

/* Whether the next one is one too many: it is time to ask how many bytes are unacknowledged. */
bool outstanding_is_full(const struct outstanding *o);

/* Forgets the pieces before the last `unacknowledged` bytes of the connection. */
void outstanding_forget(struct outstanding *o, size_t unacknowledged);

/* Bytes of programs in the last `unacknowledged` ones of the connection. The commands and doubled
 * bytes of a piece that is under way in part may be anywhere in it. */
size_t outstanding_data(const struct outstanding *o, size_t unacknowledged);

#endif
