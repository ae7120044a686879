/*
 * A timer of the loop. It is a member of its owner, and calls on the loop thread.
 */
#ifndef COMMON_TIMER_H
#define COMMON_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event_struct.h>

struct event_base;

/* Zero at birth: a timer that was never made can be stopped. */
struct timer {
    struct event event;
    void (*function)(void *ctx);
    void *ctx;
};

/* Makes a timer that calls `function`, once each time it is set. It is stopped before its memory or
 * the loop goes. */
void timer_make(struct timer *t, struct event_base *base, void (*function)(void *ctx), void *ctx);

/* Sets it, also when it is set already: from now on it is due then. 0 is the loop's next turn. */
void timer_in_ms(struct timer *t, uint64_t ms);

/* The same in microseconds. */
void timer_in_us(struct timer *t, uint64_t us);

void timer_stop(struct timer *t);
bool timer_is_set(const struct timer *t);

#endif
