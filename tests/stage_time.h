/*
 * The clock of a stage. Where STAGE_VIRTUAL_TIME is defined it is virtual_time.h's, so that a test
 * of minutes takes no time, and a machine that is late changes nothing. Elsewhere, and for tests
 * that measure microseconds, it is the system's.
 */
#ifndef TESTS_STAGE_TIME_H
#define TESTS_STAGE_TIME_H

#include <stdbool.h>

#ifdef STAGE_VIRTUAL_TIME

#include "virtual_time.h"

enum { STAGE_TIME_IS_REAL = false };

static inline void stage_time_begin(void)
{
    virtual_begin();
}

#else

enum { STAGE_TIME_IS_REAL = true };

static inline void stage_time_begin(void)
{
}

#endif

#endif
