/*
 * Theory of operation. Each look-up has a worker, as getaddrinfo has no other way not to wait, and
 * takes as long as the system likes. So a look-up that is given up costs a thread until it comes
 * back, and there are so many of these at most.
 */
#include "resolver.h"

#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_machine.h"
#include "log.h"
#include "worker.h"

enum { THREADS_MAX = 8 };

struct question {
    int error;
    struct addrinfo *found;
    char service[8];
    const char *of; /* whose address stands for the name, or NULL */
    char stand_in[HOST_MACHINE_ADDRESS_MAX];
    char host[]; /* what is asked */
};

struct resolver {
    struct worker *worker;
    resolver_found *found;
    void *ctx;
};

static atomic_int threads;

static void look_up(void *job)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct question *q = job;

    if (!host_machine_is_meant(q->host) || host_machine_find(q->host, q->stand_in, &q->of) < 0)
        q->of = NULL;
    q->error = getaddrinfo(q->of ? q->stand_in : q->host, q->service, &hints, &q->found);
    atomic_fetch_sub(&threads, 1);
}

/* Says so once, and when another address is taken: who tries again looks it up again. */
static void tell_stand_in(const struct question *q)
{
    static char told[2 * HOST_MACHINE_ADDRESS_MAX];
    char now[sizeof told];

    snprintf(now, sizeof now, "%.60s %.60s", q->host, q->stand_in);
    if (strcmp(now, told) == 0)
        return;
    memcpy(told, now, sizeof told);
    log_info("%s is no name that is known here: taking %s, of %s", q->host, q->stand_in, q->of);
}

static void on_answer(void *ctx, void *job)
{
    struct resolver *r = ctx;
    struct question *q = job;
    const int error = q->error;
    struct addrinfo *found = q->found;

    if (q->of)
        tell_stand_in(q);
    free(q);
    r->found(r->ctx, error, found);
}

static void drop(void *job)
{
    struct question *q = job;

    if (q->found)
        freeaddrinfo(q->found);
    free(q);
}

static const struct worker_work work = {.run = look_up, .done = on_answer, .drop = drop};

static struct question *question_new(const char *host, uint16_t port)
{
    const size_t len = strlen(host) + 1;
    struct question *q = calloc(1, sizeof *q + len);

    if (!q)
        return NULL;
    memcpy(q->host, host, len);
    snprintf(q->service, sizeof q->service, "%u", port);
    return q;
}

/* Begins it, unless so many are under way. */
static bool ask(struct resolver *r, struct question *q)
{
    if (atomic_fetch_add(&threads, 1) < THREADS_MAX && worker_start(r->worker, q) == 0)
        return true;
    atomic_fetch_sub(&threads, 1);
    return false;
}

struct resolver *resolver_start(struct event_base *base, const char *host, uint16_t port,
                                resolver_found *found, void *ctx)
{
    struct resolver *r = calloc(1, sizeof *r);
    struct question *q = question_new(host, port);

    if (r) {
        r->found = found;
        r->ctx = ctx;
        r->worker = worker_new(base, &work, r);
    }
    if (r && r->worker && q && ask(r, q))
        return r;
    free(q);
    resolver_free(r);
    return NULL;
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    worker_free(r->worker);
    free(r);
}
