/*
 * Process and sockets on POSIX systems; see common/seam/os.h.
 */
#include "os.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

enum { DESCRIPTORS_MAX = 65536 };

int os_init(int *argc, char ***argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)argc;
    (void)argv;
    /* In a container process 1 is given everybody's orphans, and ignored they leave no zombies. */
    if (getpid() == 1 && sigaction(SIGCHLD, &ignore, NULL) < 0)
        return -errno;
    return sigaction(SIGPIPE, &ignore, NULL) < 0 ? -errno : 0;
}

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

int os_watch_requests(struct event_base *base, void (*stop)(void *ctx), void (*report)(void *ctx),
                      void *ctx)
{
    int r = 0;

    watch.stop = stop;
    watch.report = report;
    watch.ctx = ctx;
    for (int i = 0; i < STOP_SIGNALS && r == 0; i++) {
        struct sigaction now;

        /* nohup, and shells for what they put in the background, ignore some on purpose */
        if (sigaction(stop_signals[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
            continue;
        r = watch_signal(base, stop_signals[i], &watch.events[i]);
    }
    if (r == 0 && report)
        r = watch_signal(base, SIGUSR1, &watch.events[STOP_SIGNALS]);
    if (r < 0)
        os_unwatch_requests();
    return r;
}

void os_unwatch_requests(void)
{
    for (int i = 0; i <= STOP_SIGNALS; i++) {
        if (watch.events[i])
            event_free(watch.events[i]);
        watch.events[i] = NULL;
    }
}

size_t os_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 256; /* what POSIX promises is less, but no system has so few */
    if (limit.rlim_cur < DESCRIPTORS_MAX) {
        struct rlimit more = limit;

        more.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            limit = more;
    }
    return limit.rlim_cur < DESCRIPTORS_MAX ? (size_t)limit.rlim_cur : DESCRIPTORS_MAX;
}
