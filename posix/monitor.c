/*
 * A lock with a condition, and threads, on POSIX systems; see common/seam/monitor.h.
 */
#include "monitor.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

struct task {
    void (*run)(void *arg);
    void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told;
static void (*call_in_child)(void);

/* --- forks ------------------------------------------------------------------------------------ */

static void make_condition(void)
{
    pthread_condattr_t a;

    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(&told, &a);
    pthread_condattr_destroy(&a);
}

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
    call_in_child();
    make_condition();
    pthread_mutex_unlock(&lock);
}

void monitor_prepare(void (*to_call_in_child)(void))
{
    pthread_mutex_lock(&lock);
    if (!call_in_child) {
        make_condition();
        call_in_child = to_call_in_child;
        pthread_atfork(before_fork, in_parent, in_child);
    }
    pthread_mutex_unlock(&lock);
}

/* --- calls ------------------------------------------------------------------------------------ */

void monitor_enter(void)
{
    pthread_mutex_lock(&lock);
}

void monitor_leave(void)
{
    pthread_mutex_unlock(&lock);
}

void monitor_wait(int ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(&told, &lock, &until);
}

void monitor_tell(void)
{
    pthread_cond_broadcast(&told);
}

static void *run(void *arg)
{
    const struct task task = *(struct task *)arg;

    free(arg);
    task.run(task.arg);
    return NULL;
}

bool monitor_start(void (*task_run)(void *arg), void *arg)
{
    struct task *task = malloc(sizeof *task);
    pthread_attr_t a;
    pthread_t thread;
    sigset_t all, old;

    if (!task || pthread_attr_init(&a) != 0) {
        free(task);
        return false;
    }
    *task = (struct task){task_run, arg};
    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int r = pthread_create(&thread, &a, run, task);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&a);
    if (r != 0)
        free(task);
    return r == 0;
}
