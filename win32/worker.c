/*
 * Theory of operation. A job has a thread of its own, which stays a second for the next one: jobs
 * are seldom, or come in rows. The thread and the owner share a `struct bench`; the last to leave
 * it frees it. The owner says under the lock that it has left, so that the thread does not wake a
 * loop that is gone.
 */
#include "worker.h"

#include <stdbool.h>
#include <stdlib.h>

#include <winsock2.h>
#include <windows.h>

#include "loop.h"
#include "wake.h"
#include "win_error.h"

enum { STAY_MS = 1000 };

struct bench {
    SRWLOCK lock;
    unsigned users;
    bool left;          /* by the owner */
    bool is_done;       /* and the owner has not taken the job back */
    bool is_waited_for; /* the owner needs no call of its loop */
    bool is_new;        /* the job has not been begun */
    bool is_idle;       /* the thread, which waits for one */
    CONDITION_VARIABLE done;
    CONDITION_VARIABLE begun; /* or the owner has left */
    void *job;
    struct wake *wake; /* the owner's */
    struct worker_work work;
};

struct worker {
    struct event_base *base;
    struct bench *bench; /* NULL once it is to be freed */
    struct wake *wake;
    void *ctx;
};

/* Leaves the bench; the lock is held, and is not afterwards. */
static void leave(struct bench *b)
{
    const bool last = --b->users == 0;

    ReleaseSRWLockExclusive(&b->lock);
    if (last)
        free(b);
}

/* Waits until the condition may be true, for the rest of the time. Returns false when it is over.
 */
static bool wait_until(CONDITION_VARIABLE *condition, SRWLOCK *lock, ULONGLONG limit)
{
    const ULONGLONG now = GetTickCount64();

    if (now >= limit)
        return false;
    SleepConditionVariableSRW(condition, lock, (DWORD)(limit - now), 0);
    return true;
}

/* Does the job; the lock is held, but not meanwhile. */
static void do_job(struct bench *b)
{
    b->is_new = false;
    ReleaseSRWLockExclusive(&b->lock);
    b->work.run(b->job);
    AcquireSRWLockExclusive(&b->lock);
    b->is_done = true;
    if (b->left)
        b->work.drop(b->job);
    else if (b->is_waited_for)
        WakeConditionVariable(&b->done);
    else
        wake_up(b->wake);
}

/* Waits for the next job. Returns whether there is one. */
static bool stay(struct bench *b)
{
    const ULONGLONG limit = GetTickCount64() + STAY_MS;

    b->is_idle = true;
    while (!b->is_new && !b->left && wait_until(&b->begun, &b->lock, limit))
        ;
    b->is_idle = false;
    return b->is_new;
}

static DWORD WINAPI work_on(void *arg)
{
    struct bench *b = arg;

    AcquireSRWLockExclusive(&b->lock);
    do
        do_job(b);
    while (stay(b));
    leave(b);
    return 0;
}

/* Takes back what is done within that time, or NULL: one may be woken more than once. */
static void *take_job(struct bench *b, unsigned ms)
{
    const ULONGLONG limit = GetTickCount64() + ms;

    AcquireSRWLockExclusive(&b->lock);
    b->is_waited_for = true;
    while (!b->is_done && wait_until(&b->done, &b->lock, limit))
        ;
    b->is_waited_for = false;
    void *job = b->is_done ? b->job : NULL;
    b->is_done = false;
    ReleaseSRWLockExclusive(&b->lock);
    return job;
}

static void on_woken(void *ctx)
{
    struct worker *w = ctx;

    if (w->bench)
        worker_wait(w, 0);
}

static void destroy(void *arg)
{
    struct worker *w = arg;

    wake_free(w->wake);
    free(w);
}

struct worker *worker_new(struct event_base *base, const struct worker_work *work, void *ctx)
{
    struct worker *w = calloc(1, sizeof *w);
    struct bench *b = calloc(1, sizeof *b);

    if (w)
        w->wake = wake_new(base, on_woken, w);
    if (!w || !b || !w->wake) {
        free(b);
        if (w)
            destroy(w);
        return NULL;
    }
    InitializeSRWLock(&b->lock);
    InitializeConditionVariable(&b->done);
    InitializeConditionVariable(&b->begun);
    b->users = 1;
    b->wake = w->wake;
    b->work = *work;
    w->base = base;
    w->bench = b;
    w->ctx = ctx;
    return w;
}

/* Returns a Windows error. */
static DWORD start_thread(struct bench *b)
{
    HANDLE thread = CreateThread(NULL, 0, work_on, b, 0, NULL);

    if (!thread)
        return GetLastError();
    CloseHandle(thread);
    return ERROR_SUCCESS;
}

int worker_start(struct worker *w, void *job)
{
    struct bench *b = w->bench;
    DWORD error = ERROR_SUCCESS;

    AcquireSRWLockExclusive(&b->lock);
    b->job = job;
    b->is_new = true;
    if (b->is_idle) {
        WakeConditionVariable(&b->begun);
    } else {
        b->users++;
        error = start_thread(b);
        if (error)
            b->users--;
        b->is_new = !error;
    }
    ReleaseSRWLockExclusive(&b->lock);
    return error ? -win_error_errno(error) : 0;
}

bool worker_wait(struct worker *w, unsigned ms)
{
    struct bench *b = w->bench;
    void *job = take_job(b, ms);

    if (job)
        b->work.done(w->ctx, job);
    return job;
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    AcquireSRWLockExclusive(&w->bench->lock);
    w->bench->left = true;
    WakeConditionVariable(&w->bench->begun);
    leave(w->bench);
    w->bench = NULL;
    loop_defer(w->base, destroy, w); /* its own callback may be running */
}
