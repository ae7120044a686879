#include "timer.h"

#include <event2/event.h>

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct timer *t = arg;

    (void)fd;
    (void)what;
    t->function(t->ctx);
}

void timer_make(struct timer *t, struct event_base *base, void (*function)(void *ctx), void *ctx)
{
    t->function = function;
    t->ctx = ctx;
    evtimer_assign(&t->event, base, on_event, t);
}

void timer_in_us(struct timer *t, uint64_t us)
{
    const struct timeval delay = {(long)(us / 1000000), (long)(us % 1000000)};

    evtimer_add(&t->event, &delay);
}

void timer_in_ms(struct timer *t, uint64_t ms)
{
    timer_in_us(t, ms * 1000);
}

void timer_stop(struct timer *t)
{
    if (t->function)
        evtimer_del(&t->event);
}

bool timer_is_set(const struct timer *t)
{
    return t->function && evtimer_pending(&t->event, NULL);
}
