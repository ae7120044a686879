/*
 * Theory of operation. Each look-up has a thread, as getaddrinfo has no other way not to wait, and
 * takes as long as the system likes. The thread and its owner share a `struct answer`; the last to
 * leave it frees it. So a look-up that is given up costs a thread until it comes back, and there
 * are so many of these at most.
 */
#include "resolver.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "host_machine.h"
#include "log.h"

enum { THREADS_MAX = 8, STACK = 256 * 1024 }; /* of which NSS modules take much */

struct answer {
    atomic_int users;
    int wake; /* eventfd: it is there */
    int error;
    struct addrinfo *found;
    char service[8];
    const char *of; /* whose address stands for the name, or NULL */
    char stand_in[HOST_MACHINE_ADDRESS_MAX];
    char host[]; /* what is asked */
};

struct resolver {
    struct answer *answer;
    struct event *woken;
    resolver_found *found;
    void *ctx;
};

static atomic_int threads;

static void leave(struct answer *a)
{
    if (atomic_fetch_sub(&a->users, 1) > 1)
        return;
    if (a->found)
        freeaddrinfo(a->found);
    close(a->wake);
    free(a);
}

static void *look_up(void *arg)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    const uint64_t one = 1;
    struct answer *a = arg;

    if (!host_machine_is_meant(a->host) || host_machine_find(a->host, a->stand_in, &a->of) < 0)
        a->of = NULL;
    a->error = getaddrinfo(a->of ? a->stand_in : a->host, a->service, &hints, &a->found);
    if (write(a->wake, &one, sizeof one) < 0)
        a->error = EAI_SYSTEM; /* cannot be: it is the first */
    atomic_fetch_sub(&threads, 1);
    leave(a);
    return NULL;
}

/* Says so once, and when another address is taken: who tries again looks it up again. */
static void tell_stand_in(const struct answer *a)
{
    static char told[2 * HOST_MACHINE_ADDRESS_MAX];
    char now[sizeof told];

    snprintf(now, sizeof now, "%.60s %.60s", a->host, a->stand_in);
    if (strcmp(now, told) == 0)
        return;
    memcpy(told, now, sizeof told);
    log_info("%s is no name that is known here: taking %s, of %s", a->host, a->stand_in, a->of);
}

static void on_woken(evutil_socket_t fd, short what, void *ctx)
{
    struct resolver *r = ctx;
    struct addrinfo *found = r->answer->found;

    (void)fd;
    (void)what;
    r->answer->found = NULL;
    if (r->answer->of)
        tell_stand_in(r->answer);
    r->found(r->ctx, r->answer->error, found);
}

static struct answer *answer_new(const char *host, uint16_t port)
{
    const size_t len = strlen(host) + 1;
    struct answer *a = calloc(1, sizeof *a + len);

    if (!a)
        return NULL;
    memcpy(a->host, host, len);
    snprintf(a->service, sizeof a->service, "%u", port);
    atomic_init(&a->users, 1);
    a->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (a->wake < 0) {
        free(a);
        return NULL;
    }
    return a;
}

/* Returns 0 or -errno. Signals are for the loop's thread. */
static int start_thread(struct answer *a)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;

    if (atomic_fetch_add(&threads, 1) >= THREADS_MAX) {
        atomic_fetch_sub(&threads, 1);
        return -EAGAIN;
    }
    atomic_fetch_add(&a->users, 1);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int r = pthread_create(&thread, &attr, look_up, a);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0) {
        atomic_fetch_sub(&threads, 1);
        leave(a);
    }
    return -r;
}

struct resolver *resolver_start(struct event_base *base, const char *host, uint16_t port,
                                resolver_found *found, void *ctx)
{
    struct resolver *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->found = found;
    r->ctx = ctx;
    r->answer = answer_new(host, port);
    if (r->answer)
        r->woken = event_new(base, r->answer->wake, EV_READ, on_woken, r);
    if (!r->woken || event_add(r->woken, NULL) < 0 || start_thread(r->answer) < 0) {
        resolver_free(r);
        return NULL;
    }
    return r;
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    if (r->woken)
        event_free(r->woken);
    if (r->answer)
        leave(r->answer);
    free(r);
}
