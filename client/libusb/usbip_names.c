/*
 * Theory of operation. Each name has an entry, which is never freed. At most one thread looks it up
 * at a time. The thread may outlive its caller, so it uses nothing but the table (and the library
 * is never unloaded). One lock, in which nothing waits but for a condition.
 */
#include "usbip_names.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "usbip_clock.h"
#include "usbip_server.h"

enum { NAMES_MAX = 32, IMPATIENT_MS = 100 };

struct name {
    char host[USBIP_SERVER_HOST_MAX], port[8];
    struct usbip_address list[USBIP_NAMES_ADDRESSES];
    int result;  /* how many, or a negative errno */
    bool busy;   /* a thread looks it up */
    bool waited; /* somebody has waited for it in vain */
    bool doubted;
    long long looked; /* when, in ms; 0: never to the end */
};

static struct name names[NAMES_MAX];
static size_t count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static bool ready;
static unsigned forks;

/* --- forks ------------------------------------------------------------------------------------ */

static void make_condition(void)
{
    pthread_condattr_t a;

    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &a);
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

/* The threads are the parent's. */
static void in_child(void)
{
    for (size_t i = 0; i < count; i++)
        names[i].busy = names[i].waited = false;
    forks++;
    make_condition();
    pthread_mutex_unlock(&lock);
}

void usbip_names_prepare(void)
{
    pthread_mutex_lock(&lock);
    if (!ready) {
        make_condition();
        pthread_atfork(before_fork, in_parent, in_child);
    }
    ready = true;
    pthread_mutex_unlock(&lock);
}

/* --- a look-up -------------------------------------------------------------------------------- */

static struct name *find(const struct usbip_server *s)
{
    size_t i = 0;

    while (i < count && (strcmp(names[i].host, s->host) || strcmp(names[i].port, s->port)))
        i++;
    if (i == NAMES_MAX)
        return NULL;
    if (i == count) {
        snprintf(names[i].host, sizeof names[i].host, "%s", s->host);
        snprintf(names[i].port, sizeof names[i].port, "%s", s->port);
        names[i].result = -ENONET;
        count++;
    }
    return &names[i];
}

static int ask(const char *host, const char *port, int flags,
               struct usbip_address list[static USBIP_NAMES_ADDRESSES])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *all;
    int n = 0, r = getaddrinfo(host, port, &hints, &all);

    if (r != 0)
        return r == EAI_MEMORY ? -ENOMEM : -EHOSTDOWN;
    for (const struct addrinfo *a = all; a && n < USBIP_NAMES_ADDRESSES; a = a->ai_next) {
        if (a->ai_addrlen > sizeof list[n].address)
            continue;
        memset(&list[n], 0, sizeof list[n]);
        memcpy(&list[n].address, a->ai_addr, a->ai_addrlen);
        list[n++].len = a->ai_addrlen;
    }
    freeaddrinfo(all);
    return n > 0 ? n : -EHOSTDOWN;
}

/* The arguments of a thread. */
struct look_up {
    char host[USBIP_SERVER_HOST_MAX], port[8];
    struct name *name;
    unsigned forks;
};

/* Known addresses stay where the name server is silent now. */
static void take(const struct look_up *l, const struct usbip_address *list, int result)
{
    struct name *n = l->name;

    pthread_mutex_lock(&lock);
    if (l->forks == forks) {
        n->busy = n->waited = n->doubted = false;
        n->looked = usbip_clock_ms();
        if (result > 0)
            memcpy(n->list, list, (size_t)result * sizeof *list);
        if (result > 0 || n->result <= 0)
            n->result = result;
        else
            n->doubted = true;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
}

static void *run(void *arg)
{
    struct look_up *l = arg;
    struct usbip_address list[USBIP_NAMES_ADDRESSES];

    int result = ask(l->host, l->port, 0, list);
    take(l, list, result);
    free(l);
    return NULL;
}

/* No signal of the program's is for the thread. */
static bool start(struct look_up *l)
{
    pthread_attr_t a;
    pthread_t thread;
    sigset_t all, old;

    if (pthread_attr_init(&a) != 0)
        return false;
    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int r = pthread_create(&thread, &a, run, l);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&a);
    return r == 0;
}

static bool is_due(const struct name *n)
{
    const long long now = usbip_clock_ms();

    if (n->busy || n->looked == 0)
        return !n->busy;
    if (n->result < 0 || n->doubted)
        return now >= n->looked + USBIP_NAMES_AGAIN_MS;
    return now >= n->looked + USBIP_NAMES_FRESH_MS;
}

/* Begins to look it up. Where there can be no thread, the caller does it itself, without the lock.
 */
static void begin(struct name *n)
{
    struct look_up *l = calloc(1, sizeof *l);

    if (!l)
        return;
    snprintf(l->host, sizeof l->host, "%s", n->host);
    snprintf(l->port, sizeof l->port, "%s", n->port);
    l->name = n;
    l->forks = forks;
    n->busy = true;
    if (start(l))
        return;
    pthread_mutex_unlock(&lock);
    run(l);
    pthread_mutex_lock(&lock);
}

/* Waits for a look-up, and less for one that others have waited for in vain. */
static void wait_for(struct name *n, int ms)
{
    struct timespec until;

    if (n->waited && ms > IMPATIENT_MS)
        ms = IMPATIENT_MS;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    while (n->busy && n->result <= 0)
        if (pthread_cond_timedwait(&changed, &lock, &until) == ETIMEDOUT)
            break;
    n->waited = n->busy;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Addresses as they are written, and localhost, which needs no name server, and no file that knows
 * it (RFC 6761, section 6.3). Returns 0 where it is a name. */
static int get_literal(const struct usbip_server *s,
                       struct usbip_address list[static USBIP_NAMES_ADDRESSES])
{
    if (strcasecmp(s->host, "localhost") != 0) {
        int n = ask(s->host, s->port, AI_NUMERICHOST | AI_NUMERICSERV, list);
        return n > 0 ? n : 0;
    }
    struct usbip_address v6[USBIP_NAMES_ADDRESSES];
    int n = ask("127.0.0.1", s->port, AI_NUMERICHOST | AI_NUMERICSERV, list);
    if (n == 1 && ask("::1", s->port, AI_NUMERICHOST | AI_NUMERICSERV, v6) > 0)
        list[n++] = v6[0];
    return n;
}

void usbip_names_look_up(const struct usbip_server *s, int ms)
{
    struct usbip_address list[USBIP_NAMES_ADDRESSES];

    if (get_literal(s, list) != 0)
        return;
    usbip_names_prepare();
    pthread_mutex_lock(&lock);
    struct name *n = find(s);
    if (n && is_due(n))
        begin(n);
    if (n && n->busy && n->result <= 0 && ms > 0)
        wait_for(n, ms);
    pthread_mutex_unlock(&lock);
}

int usbip_names_get(const struct usbip_server *s,
                    struct usbip_address list[static USBIP_NAMES_ADDRESSES])
{
    int result = get_literal(s, list);

    if (result != 0)
        return result;
    pthread_mutex_lock(&lock);
    const struct name *n = find(s);
    result = n ? n->result : -ENOMEM;
    if (result > 0)
        memcpy(list, n->list, (size_t)result * sizeof *list);
    pthread_mutex_unlock(&lock);
    return result;
}

void usbip_names_note(const struct usbip_server *s, const struct usbip_address *good)
{
    struct usbip_address list[USBIP_NAMES_ADDRESSES];

    if (get_literal(s, list) != 0)
        return;
    pthread_mutex_lock(&lock);
    struct name *n = find(s);
    if (n && !good)
        n->doubted = true;
    for (int i = 1; n && good && i < n->result; i++) {
        if (n->list[i].len != good->len || memcmp(&n->list[i], good, sizeof *good) != 0)
            continue;
        memmove(n->list + 1, n->list, (size_t)i * sizeof *n->list);
        n->list[0] = *good;
        break;
    }
    pthread_mutex_unlock(&lock);
}
