/*
 * Theory of operation. A job has a thread of its own, which stays a second for the next one: jobs
 * are seldom, or come in rows. The thread and the owner share a `struct bench`; the last to leave
 * it frees it. The owner says under the lock that it has left, so that the thread does not wake a
 * loop that is gone.
 */
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

enum {
    STACK = 256 * 1024, /* of which NSS modules take much */
    STAY_MS = 1000,
};

struct bench {
    pthread_mutex_t lock;
    unsigned users;
    bool left;            /* by the owner */
    bool is_done;         /* and the owner has not taken the job back */
    bool is_waited_for;   /* the owner needs no call of its loop */
    bool is_new;          /* the job has not been begun */
    bool is_idle;         /* the thread, which waits for one */
    pthread_cond_t done;  /* both of monotonic time */
    pthread_cond_t begun; /* or the owner has left */
    int wake;             /* eventfd: the job is done */
    void *job;
    struct worker_work work;
};

struct worker {
    struct bench *bench;
    struct event *woken;
    void *ctx;
};

/* Leaves the bench; the lock is held, and is not afterwards. */
static void leave(struct bench *b)
{
    const bool last = --b->users == 0;

    pthread_mutex_unlock(&b->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->done);
    pthread_cond_destroy(&b->begun);
    close(b->wake);
    free(b);
}

static struct timespec in_ms(unsigned ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_nsec -= 1000000000L;
        t.tv_sec++;
    }
    return t;
}

/* Does the job; the lock is held, but not meanwhile. */
static void do_job(struct bench *b)
{
    const uint64_t one = 1;

    b->is_new = false;
    pthread_mutex_unlock(&b->lock);
    b->work.run(b->job);
    pthread_mutex_lock(&b->lock);
    b->is_done = true;
    if (b->left)
        b->work.drop(b->job);
    else if (b->is_waited_for)
        pthread_cond_signal(&b->done);
    else if (write(b->wake, &one, sizeof one) < 0)
        abort(); /* cannot be: there is room for 2^64 */
}

/* Waits for the next job. Returns whether there is one. */
static bool stay(struct bench *b)
{
    const struct timespec limit = in_ms(STAY_MS);
    int r = 0;

    b->is_idle = true;
    while (!b->is_new && !b->left && r == 0)
        r = pthread_cond_timedwait(&b->begun, &b->lock, &limit);
    b->is_idle = false;
    return b->is_new;
}

static void *work_on(void *arg)
{
    struct bench *b = arg;

    pthread_mutex_lock(&b->lock);
    do
        do_job(b);
    while (stay(b));
    leave(b);
    return NULL;
}

/* Takes back what is done, within the limit, or NULL. */
static void *take_job(struct bench *b, const struct timespec *limit)
{
    int r = limit ? 0 : ETIMEDOUT;

    pthread_mutex_lock(&b->lock);
    b->is_waited_for = true;
    while (!b->is_done && r == 0)
        r = pthread_cond_timedwait(&b->done, &b->lock, limit);
    b->is_waited_for = false;
    void *job = b->is_done ? b->job : NULL;
    b->is_done = false;
    pthread_mutex_unlock(&b->lock);
    return job;
}

static bool take_back(struct worker *w, const struct timespec *limit)
{
    void *job = take_job(w->bench, limit);

    if (job)
        w->bench->work.done(w->ctx, job);
    return job;
}

static void on_woken(evutil_socket_t fd, short what, void *ctx)
{
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof count) > 0)
        take_back(ctx, NULL); /* unless it was done when somebody began to wait */
}

static void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

static struct bench *bench_new(const struct worker_work *work)
{
    struct bench *b = calloc(1, sizeof *b);

    if (!b)
        return NULL;
    b->work = *work;
    b->users = 1;
    b->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b->wake >= 0) {
        pthread_mutex_init(&b->lock, NULL);
        cond_init(&b->done);
        cond_init(&b->begun);
        return b;
    }
    free(b);
    return NULL;
}

struct worker *worker_new(struct event_base *base, const struct worker_work *work, void *ctx)
{
    struct worker *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->ctx = ctx;
    w->bench = bench_new(work);
    if (w->bench)
        w->woken = event_new(base, w->bench->wake, EV_READ | EV_PERSIST, on_woken, w);
    if (w->woken && event_add(w->woken, NULL) == 0)
        return w;
    worker_free(w);
    return NULL;
}

/* Signals are for the loop's thread. Returns 0 or an errno, positive. */
static int start_thread(struct bench *b)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    const int r = pthread_create(&thread, &attr, work_on, b);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

int worker_start(struct worker *w, void *job)
{
    struct bench *b = w->bench;
    int r = 0;

    pthread_mutex_lock(&b->lock);
    b->job = job;
    b->is_new = true;
    if (b->is_idle) {
        pthread_cond_signal(&b->begun);
    } else {
        b->users++;
        r = start_thread(b);
        b->users -= r != 0;
        b->is_new = r == 0;
    }
    pthread_mutex_unlock(&b->lock);
    return -r;
}

bool worker_wait(struct worker *w, unsigned ms)
{
    const struct timespec limit = in_ms(ms);

    return take_back(w, &limit);
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    if (w->woken)
        event_free(w->woken);
    if (w->bench) {
        pthread_mutex_lock(&w->bench->lock);
        w->bench->left = true;
        pthread_cond_signal(&w->bench->begun);
        leave(w->bench);
    }
    free(w);
}
