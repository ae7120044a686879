/*
 * A worker without a thread: it works in the loop's next turn, or when a test lets it.
 */
#ifndef TESTS_FAKES_FAKE_WORKER_H
#define TESTS_FAKES_FAKE_WORKER_H

#include <stdbool.h>

struct fake_worker {
    bool holds;         /* jobs wait until fake_worker_release */
    bool refuses;       /* to begin any */
    unsigned begun;     /* jobs, in all */
    bool sleeps;        /* who waits for one in vain */
    unsigned waited_ms; /* in vain, in all */
};

extern struct fake_worker fake_worker;

/* Lets the jobs that wait be done in the loop's next turn. */
void fake_worker_release(void);

#endif
