/*
 * Time for limits, in which what the machine is late does not count: two milliseconds at most pass
 * between two looks, and a turn of a test's loop, which looks each time, takes less. That something
 * does not come too early is in real time, clock_now_ms().
 */
#ifndef TESTS_PATIENCE_H
#define TESTS_PATIENCE_H

#include <stdint.h>

#include "clock.h"

static inline uint64_t patience_ms(void)
{
    enum { STEP_MS = 2 };
    static uint64_t now, before;
    const uint64_t real = clock_now_ms();

    now += real - before < STEP_MS ? real - before : STEP_MS;
    before = real;
    return now;
}

#endif
