#include "loop.h"

#include <stdlib.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "log.h"
#include "timer.h"

struct deferred {
    void (*function)(void *arg);
    void *arg;
};

static struct loop_end *ends;

struct event_base *loop_new(bool precise)
{
    struct event_base *base = NULL;

    log_adopt_libevent();
    if (event_get_struct_event_size() > sizeof(struct event)) { /* timer.h has it inside */
        log_error("libevent %s is another one than com2net was built with", event_get_version());
        return NULL;
    }
    struct event_config *config = event_config_new();
    if (config) {
        /* all of libevent's calls are made on the loop's thread */
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        /* the clock that libevent would take has steps of 4 ms */
        if (precise)
            event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
        base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (!base)
        log_error("cannot make an event loop");
    return base;
}

int loop_run(struct event_base *base)
{
    return event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? -1 : 0;
}

void loop_stop(struct event_base *base)
{
    event_base_loopbreak(base);
}

void loop_settle(struct event_base *base)
{
    event_base_loop(base, EVLOOP_NONBLOCK);
}

static void on_limit(void *ctx)
{
    (void)ctx; /* that the timer is not set any more says it */
}

bool loop_run_until(struct event_base *base, bool (*done)(void *ctx), void *ctx, unsigned limit_ms)
{
    struct timer limit;

    timer_make(&limit, base, on_limit, NULL);
    timer_in_ms(&limit, limit_ms);
    while (timer_is_set(&limit) && !done(ctx))
        event_base_loop(base, EVLOOP_ONCE);
    timer_stop(&limit);
    return done(ctx);
}

void loop_at_end(struct loop_end *end)
{
    if (end->known)
        return;
    end->known = true;
    end->next = ends;
    ends = end;
}

void loop_free(struct event_base *base)
{
    if (!base)
        return;
    for (struct loop_end *end = ends; end; end = end->next)
        end->function();
    loop_settle(base);
    event_base_free(base);
}

static void run_deferred(evutil_socket_t fd, short what, void *arg)
{
    struct deferred *d = arg;

    (void)fd;
    (void)what;
    d->function(d->arg);
    free(d);
}

void loop_defer(struct event_base *base, void (*function)(void *arg), void *arg)
{
    struct deferred *d = malloc(sizeof *d);

    if (!d)
        return;
    *d = (struct deferred){function, arg};
    const struct timeval now = {0, 0};
    if (event_base_once(base, -1, EV_TIMEOUT, run_deferred, d, &now) < 0)
        free(d);
}
