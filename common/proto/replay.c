#include "replay.h"

#include <errno.h>

enum { ACKNOWLEDGE_EACH = 32 * 1024 };

void replay_begin(struct replay *r, size_t max)
{
    replay_end(r);
    r->on = true;
    buf_init(&r->kept, max);
}

void replay_end(struct replay *r)
{
    buf_free(&r->kept);
    *r = (struct replay){0};
}

int replay_sent(struct replay *r, const uint8_t *data, size_t len)
{
    if (!r->on)
        return 0;
    const int error = buf_add(&r->kept, data, len);
    if (error < 0)
        replay_end(r);
    return error;
}

const uint8_t *replay_next(const struct replay *r, size_t *len)
{
    *len = r->kept.len - r->under_way;
    return *len > 0 ? buf_head(&r->kept) + r->under_way : NULL;
}

void replay_given(struct replay *r, size_t len)
{
    r->under_way += len;
}

void replay_again(struct replay *r)
{
    r->under_way = 0;
}

bool replay_is_due(struct replay *r, uint64_t received)
{
    if (!r->on || received - r->told < ACKNOWLEDGE_EACH)
        return false;
    r->told = received;
    return true;
}

int replay_acknowledge(struct replay *r, uint64_t received)
{
    return r->on && received < r->acknowledged ? 0 : replay_go_on(r, received);
}

int replay_go_on(struct replay *r, uint64_t received)
{
    if (!r->on || received < r->acknowledged || received - r->acknowledged > r->kept.len)
        return -EBADMSG;
    const size_t len = (size_t)(received - r->acknowledged);

    buf_drain(&r->kept, len);
    r->under_way -= len < r->under_way ? len : r->under_way;
    r->acknowledged = received;
    return 0;
}
