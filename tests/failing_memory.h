/*
 * Memory that runs out: the n-th allocation of our code fails, for each n, and then all of them
 * from the n-th on. A program that includes this, once, is linked with --wrap of malloc, calloc,
 * realloc and, where it has a loop, loop_defer. What libevent and other libraries allocate does not
 * fail: that is their matter. Nor does loop_defer, which says that it leaks then.
 */
#ifndef TESTS_FAILING_MEMORY_H
#define TESTS_FAILING_MEMORY_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct event_base;

static unsigned long memory_left; /* allocations until one fails; 0: none does */
static bool memory_stays_out;     /* and so do all behind it */
static bool memory_failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
#ifndef NO_LOOP /* of the program's */
void __real_loop_defer(struct event_base *base, void (*function)(void *arg), void *arg);
void __wrap_loop_defer(struct event_base *base, void (*function)(void *arg), void *arg);
#endif

static bool memory_fails(void)
{
    if (memory_left == 0 || memory_left-- > 1)
        return false;
    memory_failed = true;
    memory_left = memory_stays_out;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return memory_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return memory_fails() ? NULL : __real_realloc(old, size);
}

#ifndef NO_LOOP
void __wrap_loop_defer(struct event_base *base, void (*function)(void *arg), void *arg)
{
    const unsigned long left = memory_left;

    memory_left = 0;
    __real_loop_defer(base, function, arg);
    memory_left = left;
}
#endif

static inline unsigned long memory_run_so(bool stays_out, void (*begin)(void),
                                          void (*scenario)(void), void (*check)(void),
                                          void (*end)(void))
{
    memory_stays_out = stays_out;
    for (unsigned long n = 1;; n++) {
        begin();
        memory_failed = false;
        memory_left = n;
        scenario();
        memory_left = 0;
        check();
        end();
        if (!memory_failed)
            return n - 1;
    }
}

/* Runs a scenario with each of its allocations failing in turn, and again with all from that on,
 * each time followed by `check`, with memory again. `begin` and `end` stand around both. Returns
 * how many allocations there are, at least. */
static inline unsigned long memory_run(void (*begin)(void), void (*scenario)(void),
                                       void (*check)(void), void (*end)(void))
{
    const unsigned long lasting = memory_run_so(true, begin, scenario, check, end);
    const unsigned long once = memory_run_so(false, begin, scenario, check, end);

    return once < lasting ? once : lasting;
}

#endif
