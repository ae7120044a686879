/*
 * Requests on POSIX systems: signals; see common/seam/requests.h.
 */
#include "requests.h"

#include <errno.h>
#include <signal.h>

#include <event2/event.h>

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

enum { STOP_SIGNALS = sizeof stop_signals / sizeof *stop_signals };

static struct {
    struct event *events[STOP_SIGNALS + 1];
    void (*stop)(void *ctx);
    void (*report)(void *ctx);
    void *ctx;
} watch;

static void on_signal(evutil_socket_t signal, short what, void *ctx)
{
    (void)what;
    (void)ctx;
    if (signal == SIGUSR1)
        watch.report(watch.ctx);
    else
        watch.stop(watch.ctx);
}

static int watch_signal(struct event_base *base, int signal, struct event **event)
{
    *event = evsignal_new(base, signal, on_signal, NULL);
    return !*event || event_add(*event, NULL) < 0 ? -ENOMEM : 0;
}

int requests_watch(struct event_base *base, void (*stop)(void *ctx), void (*report)(void *ctx),
                   void *ctx)
{
    int r = 0;

    watch.stop = stop;
    watch.report = report;
    watch.ctx = ctx;
    for (int i = 0; i < STOP_SIGNALS && r == 0; i++) {
        struct sigaction now;

        /* nohup, and shells for commands in the background, ignore some on purpose */
        if (sigaction(stop_signals[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
            continue;
        r = watch_signal(base, stop_signals[i], &watch.events[i]);
    }
    if (r == 0 && report)
        r = watch_signal(base, SIGUSR1, &watch.events[STOP_SIGNALS]);
    if (r < 0)
        requests_unwatch();
    return r;
}

void requests_unwatch(void)
{
    for (int i = 0; i <= STOP_SIGNALS; i++) {
        if (watch.events[i])
            event_free(watch.events[i]);
        watch.events[i] = NULL;
    }
}
