#include "fakes/fake_worker.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "timer.h"
#include "worker.h"

struct fake_worker fake_worker;

struct worker {
    const struct worker_work *work;
    void *ctx;
    void *job; /* under way, or NULL */
    struct timer timer;
    struct worker *next;
};

static struct worker *workers;

static void on_timer(void *ctx)
{
    struct worker *w = ctx;
    void *job = w->job;

    w->work->run(job);
    w->job = NULL;
    w->work->done(w->ctx, job);
}

struct worker *worker_new(struct event_base *base, const struct worker_work *work, void *ctx)
{
    struct worker *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->work = work;
    w->ctx = ctx;
    timer_make(&w->timer, base, on_timer, w);
    w->next = workers;
    workers = w;
    return w;
}

int worker_start(struct worker *w, void *job)
{
    if (fake_worker.refuses)
        return -EAGAIN;
    fake_worker.begun++;
    w->job = job;
    if (!fake_worker.holds)
        timer_in_ms(&w->timer, 0);
    return 0;
}

bool worker_wait(struct worker *w, unsigned ms)
{
    if (!w->job || fake_worker.holds) {
        fake_worker.waited_ms += ms;
        clock_sleep_ms(fake_worker.sleeps ? ms : 0);
        return false;
    }
    timer_stop(&w->timer);
    on_timer(w);
    return true;
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    if (w->job)
        w->work->drop(w->job);
    timer_stop(&w->timer);
    struct worker **at = &workers;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    free(w);
}

void fake_worker_release(void)
{
    for (struct worker *w = workers; w; w = w->next)
        if (w->job)
            timer_in_ms(&w->timer, 0);
}
