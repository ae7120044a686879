/*
 * Time that passes only while nothing happens: a program that includes this, once, sees a clock
 * that stands still while it works and jumps to the next timer of its event loop. Years of a port's
 * life pass in a minute. The loop must not be a precise one, which has timers of the system's.
 */
#ifndef TESTS_VIRTUAL_TIME_H
#define TESTS_VIRTUAL_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t virtual_ns; /* since virtual_begin */
static uint64_t virtual_origin_ns;
static bool virtual_on;

int clock_gettime(clockid_t id, struct timespec *t)
{
    if (!virtual_on || id == CLOCK_REALTIME) /* by that fuzzers watch over themselves */
        return (int)syscall(SYS_clock_gettime, id, t);
    const uint64_t now = virtual_origin_ns + virtual_ns;
    t->tv_sec = (time_t)(now / 1000000000);
    t->tv_nsec = (long)(now % 1000000000);
    return 0;
}

int epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
    int n = (int)syscall(SYS_epoll_pwait, fd, events, max, virtual_on ? 0 : ms, NULL, 8);

    if (virtual_on && n == 0 && ms > 0)
        virtual_ns += (uint64_t)ms * 1000000;
    return n;
}

/* clock_nanosleep is for who waits for the system. */
int nanosleep(const struct timespec *time, struct timespec *left)
{
    if (!virtual_on)
        return (int)syscall(SYS_nanosleep, time, left);
    virtual_ns += (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec;
    return 0;
}

/* From here on time is virtual; it goes on where it was. */
static inline void virtual_begin(void)
{
    struct timespec now;

    if (virtual_origin_ns == 0) {
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
        virtual_origin_ns = (uint64_t)now.tv_sec * 1000000000;
    }
    virtual_on = true;
}

/* From here on it is the system's. */
static inline void virtual_end(void)
{
    virtual_on = false;
}

static inline uint64_t virtual_ms(void)
{
    return virtual_ns / 1000000;
}

/* Of the real clock. */
static inline uint64_t real_ms(void)
{
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
