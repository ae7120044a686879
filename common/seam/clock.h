/*
 * Milliseconds and microseconds of one clock that only goes forward. Implemented in posix/clock.c
 * and win32/clock.c. From any thread.
 */
#ifndef COMMON_SEAM_CLOCK_H
#define COMMON_SEAM_CLOCK_H

#include <stdint.h>

uint64_t clock_now_ms(void);
uint64_t clock_now_us(void);

#endif
