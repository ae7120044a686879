/*
 * Theory of operation. The thread sleeps in TIOCMIWAIT and writes to an eventfd after each change;
 * the loop then looks at the lines itself. A change between two TIOCMIWAITs wakes nobody. So the
 * loop looks once more a little after each wake-up and after the start. It repeats this until it
 * has seen, before its look, that the thread is asleep in its wait. There is no other polling.
 */
#define _GNU_SOURCE
#include "modem_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "log.h"
#include "timer.h"

enum {
    SECOND_LOOK_MS = 10,
    POLL_MS = 50,
    STOP_TRIES = 1000, /* of 1 ms */
};

struct modem_watch {
    int tty;
    int wake; /* eventfd: the thread has something to tell */
    atomic_bool stop;
    atomic_bool waiting_fails; /* the thread has ended: TIOCMIWAIT does not work here */
    atomic_int waiter; /* the thread's number, from before its wait until after it, else 0 */
    pthread_t thread;
    struct event *woken;
    struct timer second_look;
    void (*changed)(void *ctx);
    void *ctx;
};

static void on_kick(int signal)
{
    (void)signal; /* it has done its work: TIOCMIWAIT returns EINTR */
}

static void *wait_for_changes(void *arg)
{
    struct modem_watch *w = arg;
    const uint64_t one = 1;
    const int number = (int)syscall(SYS_gettid);

    while (!atomic_load(&w->stop)) {
        atomic_store(&w->waiter, number);
        int r = ioctl(w->tty, TIOCMIWAIT, TIOCM_CTS | TIOCM_DSR | TIOCM_RI | TIOCM_CD);

        atomic_store(&w->waiter, 0);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            atomic_store(&w->waiting_fails, true);
        if (write(w->wake, &one, sizeof one) < 0 || r < 0)
            break;
    }
    return NULL;
}

/* Whether the thread sleeps in its wait, which is the only place where it does. Where there is no
 * /proc the time that it was given has to be enough. */
static bool thread_waits(const struct modem_watch *w)
{
    const int number = atomic_load(&w->waiter);
    char text[256];

    if (number == 0)
        return false;
    snprintf(text, sizeof text, "/proc/self/task/%d/stat", number);
    int fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *name_end = strrchr(text, ')');
    return !name_end || strncmp(name_end, ") S", 3) == 0;
}

static void look_again_in(struct modem_watch *w, int ms)
{
    timer_in_ms(&w->second_look, (uint64_t)ms);
}

static void on_woken(evutil_socket_t fd, short what, void *ctx)
{
    struct modem_watch *w = ctx;
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof count) < 0)
        return;
    look_again_in(w, SECOND_LOOK_MS);
    w->changed(w->ctx);
}

static void on_second_look(void *ctx)
{
    struct modem_watch *w = ctx;

    if (atomic_load(&w->waiting_fails))
        look_again_in(w, POLL_MS);
    else if (!thread_waits(w))
        look_again_in(w, SECOND_LOOK_MS);
    w->changed(w->ctx);
}

/* Starts the thread with every signal but the kick blocked: signals are for the loop's thread. */
static int start_thread(struct modem_watch *w)
{
    const struct sigaction kick = {.sa_handler = on_kick};
    sigset_t all, before;

    if (sigaction(SIGRTMIN, &kick, NULL) < 0)
        return -errno;
    sigfillset(&all);
    sigdelset(&all, SIGRTMIN);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    int r = pthread_create(&w->thread, &small, wait_for_changes, w);
    pthread_attr_destroy(&small);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -r;
}

static void modem_watch_free(struct modem_watch *w)
{
    if (w->woken)
        event_free(w->woken);
    timer_stop(&w->second_look);
    if (w->wake >= 0)
        close(w->wake);
    free(w);
}

struct modem_watch *modem_watch_start(struct event_base *base, int fd, void (*changed)(void *ctx),
                                      void *ctx)
{
    struct modem_watch *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->tty = fd;
    w->changed = changed;
    w->ctx = ctx;
    w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    w->woken = event_new(base, w->wake, EV_READ | EV_PERSIST, on_woken, w);
    timer_make(&w->second_look, base, on_second_look, w);
    if (w->wake < 0 || !w->woken || event_add(w->woken, NULL) < 0 || start_thread(w) < 0) {
        modem_watch_free(w);
        return NULL;
    }
    look_again_in(w, SECOND_LOOK_MS);
    return w;
}

void modem_watch_look(struct modem_watch *w)
{
    if (w)
        look_again_in(w, 0);
}

void modem_watch_stop(struct modem_watch *w)
{
    if (!w)
        return;
    atomic_store(&w->stop, true);
    for (int i = 0; i < STOP_TRIES; i++) {
        struct timespec limit;

        /* a kick that comes before the thread is back in its wait is lost: kick again */
        pthread_kill(w->thread, SIGRTMIN);
        clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_nsec += 1000000;
        if (limit.tv_nsec >= 1000000000) {
            limit.tv_nsec -= 1000000000;
            limit.tv_sec++;
        }
        if (pthread_timedjoin_np(w->thread, NULL, &limit) == 0) {
            modem_watch_free(w);
            return;
        }
    }
    /* a driver that does not let go keeps its thread, and so the watch, which it looks at */
    log_warn("a serial driver does not end TIOCMIWAIT");
    event_del(w->woken);
    timer_stop(&w->second_look);
    pthread_detach(w->thread);
}
