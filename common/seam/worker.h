/*
 * A thread for work that may block, such as a list of devices. It does one job at a time, while the
 * loop continues. Implemented in posix/worker.c and win32/worker.c.
 */
#ifndef COMMON_SEAM_WORKER_H
#define COMMON_SEAM_WORKER_H

#include <stdbool.h>

struct event_base;
struct worker;

/* What is done with a job, which is the owner's type. */
struct worker_work {
    void (*run)(void *job);             /* on the thread; it touches nothing else of the loop's */
    void (*done)(void *ctx, void *job); /* on the loop's thread: the job is the owner's again */
    void (*drop)(void *job);            /* frees a job that was given up, on either thread */
};

/* Makes a worker for the loop. Returns NULL without memory, or where the system refuses. */
struct worker *worker_new(struct event_base *base, const struct worker_work *work, void *ctx);

/* Begins a job. `done` is called once, after this has returned, from
 * the loop or in worker_wait. Returns 0, or -errno when the
 * system refuses; then the job stays the caller's. Not while another one is under way. */
int worker_start(struct worker *w, void *job);

/* Waits for the job that is under way, for `ms` at most. Returns whether it is done; then `done`
 * has been called. */
bool worker_wait(struct worker *w, unsigned ms);

/* Frees it. A job that is under way is given up: the thread continues until `run` returns, however
 * long that takes. May be called in `done`; accepts NULL. */
void worker_free(struct worker *w);

#endif
