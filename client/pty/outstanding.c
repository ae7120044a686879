#include "outstanding.h"

#include <stdint.h>

enum { PIECE_MAX = 1024 * 1024 };

static size_t place(const struct outstanding *o, size_t i)
{
    return (o->first + i) % OUTSTANDING_MAX;
}

static struct outstanding_piece *piece_at(struct outstanding *o, size_t i)
{
    return &o->pieces[place(o, i)];
}

static void drop_first(struct outstanding *o)
{
    o->wire -= piece_at(o, 0)->wire;
    o->first = (o->first + 1) % OUTSTANDING_MAX;
    o->count--;
}

/* The two oldest become one. */
static void join_first(struct outstanding *o)
{
    const struct outstanding_piece oldest = *piece_at(o, 0);

    o->first = (o->first + 1) % OUTSTANDING_MAX;
    o->count--;
    piece_at(o, 0)->wire += oldest.wire;
    piece_at(o, 0)->data += oldest.data;
}

void outstanding_add(struct outstanding *o, size_t wire, size_t data)
{
    struct outstanding_piece *last = o->count > 0 ? piece_at(o, o->count - 1) : NULL;

    o->wire += wire;
    if (last && last->wire == last->data && wire == data && last->wire < PIECE_MAX) {
        last->wire += wire;
        last->data += data;
    } else {
        if (o->count == OUTSTANDING_MAX)
            join_first(o);
        o->count++;
        *piece_at(o, o->count - 1) = (struct outstanding_piece){wire, data};
    }
}

bool outstanding_is_full(const struct outstanding *o)
{
    return o->count == OUTSTANDING_MAX;
}

void outstanding_forget(struct outstanding *o, size_t unacknowledged)
{
    while (o->count > 1 && o->wire - piece_at(o, 0)->wire >= unacknowledged)
        drop_first(o);
}

size_t outstanding_data(const struct outstanding *o, size_t unacknowledged)
{
    size_t data = 0;

    for (size_t i = o->count; i > 0 && unacknowledged > 0; i--) {
        const struct outstanding_piece *p = &o->pieces[place(o, i - 1)];
        size_t wire = p->wire < unacknowledged ? p->wire : unacknowledged;

        /* rounded up: a doubled byte of which a half has arrived has not */
        if (p->wire > 0)
            data += (size_t)(((uint64_t)p->data * wire + p->wire - 1) / p->wire);
        unacknowledged -= wire;
    }
    return data;
}
