/*
 * The first change is due at its arrival plus the delay. Each further one is due as long after the
 * one before it as it was made after that at the client. A message that the network holds up by
 * less than the delay is so in time. One that comes later is due at once, and those after it move
 * with it. A gap may then have become longer, which a board bears, but none becomes shorter. After
 * a pause the delay begins again, so that neither lateness nor clocks of different speed add up.
 */
#include "playout.h"

uint64_t playout_due(struct playout *p, uint32_t stamp, uint64_t now_us, uint64_t delay_us)
{
    uint32_t gap = stamp - p->stamp; /* the client's clock wraps */
    bool goes_on = p->running && gap <= PLAYOUT_PAUSE_US && delay_us > 0;
    uint64_t due = goes_on ? p->due_us + gap : now_us + delay_us;

    if (due > now_us + PLAYOUT_HOLD_MAX_US)
        due = now_us + PLAYOUT_HOLD_MAX_US;
    p->running = true;
    p->stamp = stamp;
    p->due_us = due;
    return due > now_us ? due : now_us;
}

void playout_done(struct playout *p, uint64_t now_us)
{
    /* a timer's own lateness is not passed on: it would add up */
    if (now_us > p->due_us + PLAYOUT_LATE_US)
        p->due_us = now_us;
}
