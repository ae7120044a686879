#include "output.h"

#include "clock.h"
#include "node.h"

enum {
    QUEUE_FULL = 64 * 1024,                      /* pause clients */
    QUEUE_AHEAD = 192 * 1024,                    /* pause one who is read ahead */
    READ_BEYOND = 128 * 1024,                    /* what was read before they paused */
    TOLD_MS = 50,                                /* for which an answer that came late holds */
    QUEUE_MAX = 2 * (QUEUE_AHEAD + READ_BEYOND), /* of an owner and the one before */
};

void output_init(struct output *o, struct node *node)
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

    struct serial *serial = node_ask(o->node);

    o->written += len;
    if (serial && o->queue.len == 0 && !o->divided) {
        n = serial_write(serial, data, len);
        if (n < 0) /* it has gone, which is told soon; bytes queued now wait for its return */
            n = 0;
        o->left += (size_t)n;
    }
    return (size_t)n < len ? buf_add(&o->queue, data + n, len - (size_t)n) : 0;
}

int output_send(struct output *o)
{
    const size_t len = o->divided ? o->before : o->queue.len;

    struct serial *serial = node_ask(o->node);

    if (len == 0 || !serial)
        return 0;
    const int n = serial_write(serial, buf_head(&o->queue), len);
    if (n < 0)
        return n;
    buf_drain(&o->queue, (size_t)n);
    o->left += (size_t)n;
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

void output_note(struct output *o, const struct call *call)
{
    if (call->kind != CALL_UNTRANSMITTED)
        return;
    o->left = call->left;
    o->told_ms = clock_now_ms();
}

/* What the open driver has; of one that does not say it in time, what it may have. */
static size_t drivers(struct output *o)
{
    struct call call = {.kind = CALL_UNTRANSMITTED};

    if (o->told_ms + TOLD_MS > clock_now_ms())
        return o->left;
    if (node_ask(o->node) && node_call(o->node, &call))
        o->left = call.left;
    return o->left;
}

size_t output_untransmitted(struct output *o)
{
    const size_t left = o->node->serial ? o->queue.len + drivers(o) : 0;

    return (o->divided || node_is_busy(o->node)) && left == 0 ? 1 : left;
}

uint64_t output_taken(struct output *o)
{
    const size_t left = output_untransmitted(o);

    return left < o->written ? o->written - left : 0;
}

void output_drop(struct output *o)
{
    buf_drain(&o->queue, o->queue.len);
    o->before = o->behind = 0;
}

/* Drops what the driver has, if it is there. */
static int purge(struct output *o, bool rx, bool tx)
{
    struct call call = {.kind = CALL_PURGE, .rx = rx, .tx = tx};

    if (o->node->serial)
        node_call(o->node, &call);
    return call.error;
}

int output_purge(struct output *o, bool rx, bool tx)
{
    if (tx)
        output_drop(o);
    return purge(o, rx, tx);
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

size_t output_first_share(struct output *o)
{
    const size_t left = o->before + drivers(o);

    return node_is_busy(o->node) && left == 0 ? 1 : left;
}

void output_drop_first_share(struct output *o)
{
    buf_drain(&o->queue, o->before);
    o->before = 0;
    purge(o, false, true);
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
