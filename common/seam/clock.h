/*
 * Milliseconds and microseconds of one clock that only goes forward. Implemented in posix/clock.c
 * and win32/clock.c. From any thread.
 */
#ifndef COMMON_SEAM_CLOCK_H
#define COMMON_SEAM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

uint64_t clock_now_ms(void);
uint64_t clock_now_us(void);

/* Waits so long; a signal may end it early. */
void clock_sleep_ms(unsigned ms);

/* Whether timers are wanted within a millisecond, on systems whose steps are longer. It costs them
 * energy. */
void clock_be_precise(bool on);

#endif
