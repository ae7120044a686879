/*
 * Theory of operation. A job has a thread of its own, which ends with it: most jobs are seldom. The
 * thread and the owner share a `struct bench`; the last to leave it frees it. The owner says under
 * the lock that it has left, so that the thread does not wake a loop that is gone.
 */
#include "worker.h"

#include <stdbool.h>
#include <stdlib.h>

#include <winsock2.h>
#include <windows.h>

#include "loop.h"
#include "wake.h"
#include "win_error.h"

struct bench {
    SRWLOCK lock;
    unsigned users;
    bool left;          /* by the owner */
    bool is_done;       /* and the owner has not taken the job back */
    bool is_waited_for; /* the owner needs no call of its loop */
    CONDITION_VARIABLE done;
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

static DWORD WINAPI work_on(void *arg)
{
    struct bench *b = arg;

    b->work.run(b->job);
    AcquireSRWLockExclusive(&b->lock);
    b->is_done = true;
    if (b->left)
        b->work.drop(b->job);
    else if (b->is_waited_for)
        WakeConditionVariable(&b->done);
    else
        wake_up(b->wake);
    leave(b);
    return 0;
}

/* Takes back what is done within that time, or NULL: one may be woken more than once. */
static void *take_job(struct bench *b, unsigned ms)
{
    const ULONGLONG limit = GetTickCount64() + ms;

    AcquireSRWLockExclusive(&b->lock);
    b->is_waited_for = true;
    for (ULONGLONG now; ms > 0 && !b->is_done && (now = GetTickCount64()) <= limit;)
        SleepConditionVariableSRW(&b->done, &b->lock, (DWORD)(limit - now) + 1, 0);
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
    b->users = 1;
    b->wake = w->wake;
    b->work = *work;
    w->base = base;
    w->bench = b;
    w->ctx = ctx;
    return w;
}

int worker_start(struct worker *w, void *job)
{
    struct bench *b = w->bench;

    AcquireSRWLockExclusive(&b->lock);
    b->job = job;
    b->users++;
    HANDLE thread = CreateThread(NULL, 0, work_on, b, 0, NULL);
    if (!thread)
        b->users--;
    const DWORD error = thread ? ERROR_SUCCESS : GetLastError();
    ReleaseSRWLockExclusive(&b->lock);
    if (!thread)
        return -win_error_errno(error);
    CloseHandle(thread);
    return 0;
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
    leave(w->bench);
    w->bench = NULL;
    loop_defer(w->base, destroy, w); /* its own callback may be running */
}
