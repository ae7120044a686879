/*
 * The clock of POSIX systems; see common/seam/clock.h.
 */
#include "clock.h"

#include <time.h>

uint64_t clock_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void clock_sleep_ms(unsigned ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&time, NULL);
}

void clock_be_precise(bool on)
{
    (void)on; /* they are */
}

uint64_t clock_now_ms(void)
{
    return clock_now_us() / 1000;
}
