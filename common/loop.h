/*
 * The event loop of a program: libevent's, made and ended in one place.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdbool.h>

struct event_base;

/* Makes the loop; libevent's messages go to the log. Its timers have steps of some milliseconds.
 * `precise` ones are on time to a tenth of a millisecond; they cost a system call in each turn of
 * the loop. NULL if the system refuses. */
struct event_base *loop_new(bool precise);

/* Runs until loop_stop. Returns 0, or -1 when the loop itself failed. */
int loop_run(struct event_base *base);

/* Has loop_run return, after the callback that runs now. */
void loop_stop(struct event_base *base);

/* Runs what is due now, deferred calls among it, and returns. */
void loop_settle(struct event_base *base);

/* Runs until `done` says so, for `limit_ms` at most: for an end that something else has to agree
 * to, not from a callback. Returns whether it did. */
bool loop_run_until(struct event_base *base, bool (*done)(void *ctx), void *ctx, unsigned limit_ms);

/* Frees the loop, after calling the functions of loop_at_end and running what was deferred. */
void loop_free(struct event_base *base);

/* A module that may still have something in a loop which ends. */
struct loop_end {
    void (*function)(void);
    struct loop_end *next; /* loop.c's */
    bool known;            /* loop.c's, too */
};

/* Has loop_free call its function first, from now on. `end` is the module's, for ever; it may be
 * named again and again. */
void loop_at_end(struct loop_end *end);

/* Calls `function` once from the loop, after the callbacks that run now: how an object is freed
 * whose own callback may be among them. If there is no memory for that, the object leaks: the
 * alternative would be to free it under its callers' feet. */
void loop_defer(struct event_base *base, void (*function)(void *arg), void *arg);

#endif
