#include "output.h"

#include "node.h"

enum {
    QUEUE_FULL = 64 * 1024,                      /* pause clients */
    QUEUE_AHEAD = 192 * 1024,                    /* pause one who is read ahead */
    READ_BEYOND = 128 * 1024,                    /* what was read before they paused */
    QUEUE_MAX = 2 * (QUEUE_AHEAD + READ_BEYOND), /* of an owner and the one before */
};

void output_init(struct output *o, const struct node *node)
{
    *o = (struct output){.node = node};
    buf_init(&o->queue, QUEUE_MAX);
}

void output_free(struct output *o)
{
    buf_free(&o->queue);
}

int output_write(struct output *o, const uint8_t *data, size_t len)
{
    int n = 0;

    o->written += len;
    if (o->node->serial && o->queue.len == 0 && !o->divided) {
        n = serial_write(o->node->serial, data, len);
        if (n < 0) /* it has gone, which is told soon; bytes queued now wait for its return */
            n = 0;
    }
    return (size_t)n < len ? buf_add(&o->queue, data + n, len - (size_t)n) : 0;
}

int output_send(struct output *o)
{
    const size_t len = o->divided ? o->before : o->queue.len;

    if (len == 0)
        return 0;
    const int n = serial_write(o->node->serial, buf_head(&o->queue), len);
    if (n < 0)
        return n;
    buf_drain(&o->queue, (size_t)n);
    o->before -= o->divided ? (size_t)n : 0;
    return n;
}

/* The waiting bytes of the owner, and of those that have gone and have its settings. */
static size_t waits(const struct output *o)
{
    return o->queue.len - (o->divided ? o->before : 0);
}

bool output_is_full(const struct output *o)
{
    return waits(o) >= QUEUE_FULL;
}

bool output_is_full_ahead(const struct output *o)
{
    return waits(o) >= QUEUE_AHEAD;
}

bool output_is_low(const struct output *o)
{
    return o->queue.len <= QUEUE_FULL / 2;
}

size_t output_untransmitted(const struct output *o)
{
    struct serial *serial = o->node->serial;
    const size_t left = serial ? o->queue.len + serial_untransmitted(serial) : 0;

    return o->divided && left == 0 ? 1 : left;
}

uint64_t output_taken(const struct output *o)
{
    return o->written - output_untransmitted(o);
}

void output_drop(struct output *o)
{
    buf_drain(&o->queue, o->queue.len);
    o->before = o->behind = 0;
}

int output_purge(struct output *o, bool rx, bool tx)
{
    if (tx)
        output_drop(o);
    return o->node->serial ? serial_purge(o->node->serial, rx, tx) : 0;
}

/* --- shares ----------------------------------------------------------------------------------- */

void output_divide(struct output *o)
{
    o->divided = true;
    o->before = o->behind > 0 ? o->behind : o->queue.len;
    o->behind = 0;
}

void output_leave_share(struct output *o)
{
    o->behind = o->queue.len - o->before;
}

size_t output_first_share(const struct output *o)
{
    return o->before + serial_untransmitted(o->node->serial);
}

void output_drop_first_share(struct output *o)
{
    buf_drain(&o->queue, o->before);
    o->before = 0;
    serial_purge(o->node->serial, false, true);
}

size_t output_join(struct output *o)
{
    const size_t dropped = o->before + (o->node->serial ? 0 : o->behind);

    o->divided = false;
    buf_drain(&o->queue, dropped);
    o->before = 0;
    if (!o->node->serial)
        o->behind = 0;
    return dropped;
}
