#include "progress.h"

#include "clock.h"

void progress_begin(struct progress *p, size_t left)
{
    p->left = left;
    p->since_ms = clock_now_ms();
}

bool progress_note(struct progress *p, size_t left)
{
    if (left >= p->left)
        return false;
    progress_begin(p, left);
    return true;
}

bool progress_look(struct progress *p, size_t left, bool busy)
{
    if (busy)
        progress_begin(p, left > p->left ? p->left : left);
    return !busy && progress_note(p, left);
}

uint64_t progress_still_ms(const struct progress *p)
{
    return clock_now_ms() - p->since_ms;
}
