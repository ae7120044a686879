/*
 * Theory of operation. Each name has an entry, which is never freed. At most one thread looks it up
 * at a time. The thread may outlive its caller, so it uses nothing but the table (and the library
 * is never unloaded). One lock, in which nothing waits but for a condition.
 */
#include "usbip_names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "monitor.h"
#include "usbip_clock.h"
#include "usbip_server.h"

enum { NAMES_MAX = 32, IMPATIENT_MS = 100 };

struct name {
    char host[USBIP_SERVER_HOST_MAX], port[8];
    struct plain_address list[USBIP_NAMES_ADDRESSES];
    int result;  /* how many, or a negative errno */
    bool busy;   /* a thread looks it up */
    bool waited; /* somebody has waited for it in vain */
    bool doubted;
    long long looked; /* when, in ms; 0: never to the end */
};

static struct name names[NAMES_MAX];
static size_t count;
static unsigned forks;

/* --- forks ------------------------------------------------------------------------------------ */

/* The threads are the parent's. */
static void in_child(void)
{
    for (size_t i = 0; i < count; i++)
        names[i].busy = names[i].waited = false;
    forks++;
}

void usbip_names_prepare(void)
{
    monitor_prepare(in_child);
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
        names[i].result = -ENODATA;
        count++;
    }
    return &names[i];
}

/* The arguments of a thread. */
struct look_up {
    char host[USBIP_SERVER_HOST_MAX], port[8];
    struct name *name;
    unsigned forks;
};

/* Known addresses stay where the name server is silent now. */
static void take(const struct look_up *l, const struct plain_address *list, int result)
{
    struct name *n = l->name;

    monitor_enter();
    if (l->forks == forks) {
        n->busy = n->waited = n->doubted = false;
        n->looked = usbip_clock_ms();
        if (result > 0)
            memcpy(n->list, list, (size_t)result * sizeof *list);
        if (result > 0 || n->result <= 0)
            n->result = result;
        else
            n->doubted = true;
        monitor_tell();
    }
    monitor_leave();
}

static void run(void *arg)
{
    struct look_up *l = arg;
    struct plain_address list[USBIP_NAMES_ADDRESSES];

    int result = plain_address_find(l->host, l->port, false, list, USBIP_NAMES_ADDRESSES);
    take(l, list, result);
    free(l);
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
    if (monitor_start(run, l))
        return;
    monitor_leave();
    run(l);
    monitor_enter();
}

/* Waits for a look-up, and less for one that others have waited for in vain. */
static void wait_for(struct name *n, int ms)
{
    if (n->waited && ms > IMPATIENT_MS)
        ms = IMPATIENT_MS;
    const long long deadline = (long long)clock_now_ms() + ms;
    for (;;) {
        const long long left = deadline - (long long)clock_now_ms();

        if (!n->busy || n->result > 0 || left <= 0)
            break;
        monitor_wait((int)left);
    }
    n->waited = n->busy;
}

/* --- calls ------------------------------------------------------------------------------------ */

static int find_number(const struct usbip_server *s, const char *number,
                       struct plain_address list[static USBIP_NAMES_ADDRESSES])
{
    return plain_address_find(number, s->port, true, list, USBIP_NAMES_ADDRESSES);
}

/* Addresses as they are written, and localhost, which needs no name server, and no file that knows
 * it (RFC 6761, section 6.3). Returns 0 where it is a name. */
static int get_literal(const struct usbip_server *s,
                       struct plain_address list[static USBIP_NAMES_ADDRESSES])
{
    if (strcasecmp(s->host, "localhost") != 0) {
        int n = find_number(s, s->host, list);
        return n > 0 ? n : 0;
    }
    struct plain_address v6[USBIP_NAMES_ADDRESSES];
    int n = find_number(s, "127.0.0.1", list);
    if (n == 1 && find_number(s, "::1", v6) > 0)
        list[n++] = v6[0];
    return n;
}

void usbip_names_look_up(const struct usbip_server *s, int ms)
{
    struct plain_address list[USBIP_NAMES_ADDRESSES];

    if (get_literal(s, list) != 0)
        return;
    usbip_names_prepare();
    monitor_enter();
    struct name *n = find(s);
    if (n && is_due(n))
        begin(n);
    if (n && n->busy && n->result <= 0 && ms > 0)
        wait_for(n, ms);
    monitor_leave();
}

int usbip_names_get(const struct usbip_server *s,
                    struct plain_address list[static USBIP_NAMES_ADDRESSES])
{
    int result = get_literal(s, list);

    if (result != 0)
        return result;
    monitor_enter();
    const struct name *n = find(s);
    result = n ? n->result : -ENOMEM;
    if (result > 0)
        memcpy(list, n->list, (size_t)result * sizeof *list);
    monitor_leave();
    return result;
}

void usbip_names_note(const struct usbip_server *s, const struct plain_address *good)
{
    struct plain_address list[USBIP_NAMES_ADDRESSES];

    if (get_literal(s, list) != 0)
        return;
    monitor_enter();
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
    monitor_leave();
}
