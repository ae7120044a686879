/*
 * virtual_time.h for fuzzers: libFuzzer, which looks at the wall clock while an input runs, sees
 * the real one.
 */
#ifndef TESTS_FUZZ_TIME_H
#define TESTS_FUZZ_TIME_H

#include <time.h>

int virtual_clock_gettime(clockid_t id, struct timespec *t);

#define clock_gettime virtual_clock_gettime
#include "virtual_time.h"
#undef clock_gettime

int clock_gettime(clockid_t id, struct timespec *t)
{
    return id == CLOCK_REALTIME ? (int)syscall(SYS_clock_gettime, id, t)
                                : virtual_clock_gettime(id, t);
}

#endif
