#include "dialer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/dns.h>
#include <event2/event.h>

#include "loop.h"
#include "os.h"

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MAX_MS = 5000,
    CONNECT_TIMEOUT_S = 10,
};

struct dialer {
    struct event_base *base;
    struct addr addr;
    const struct dialer_callbacks *callbacks;
    void *ctx;
    int delay_ms; /* before the next attempt */
    struct event *timer;
    struct event *connecting; /* becomes writable or times out */
    struct evdns_base *dns;
    struct evdns_getaddrinfo_request *lookup;
    struct evutil_addrinfo *found; /* addresses of this attempt */
    struct evutil_addrinfo *next;  /* the one to try after the current one */
    bool freed;                    /* goes when the look-up has ended */
};

static void try_next(struct dialer *d, int error);

static void free_dns(void *dns)
{
    evdns_base_free(dns, 0);
}

static void end_attempt(struct dialer *d)
{
    if (d->connecting) {
        evutil_closesocket(event_get_fd(d->connecting));
        event_free(d->connecting);
    }
    if (d->found)
        evutil_freeaddrinfo(d->found);
    if (d->dns)
        loop_defer(d->base, free_dns, d->dns); /* it may be calling us */
    d->connecting = NULL;
    d->found = NULL;
    d->next = NULL;
    d->dns = NULL;
}

static void fail(struct dialer *d, const char *why)
{
    end_attempt(d);
    dialer_start(d);
    d->callbacks->failed(d->ctx, why);
}

static void on_connecting(evutil_socket_t fd, short what, void *ctx)
{
    struct dialer *d = ctx;
    int error = what & EV_TIMEOUT ? -ETIMEDOUT : os_connect_result(fd);

    event_free(d->connecting);
    d->connecting = NULL;
    if (error < 0) {
        evutil_closesocket(fd);
        try_next(d, error);
        return;
    }
    end_attempt(d);
    d->callbacks->connected(d->ctx, fd);
}

/* Tries the addresses in turn; `error` is why the one before was given up. */
static void try_next(struct dialer *d, int error)
{
    const struct timeval limit = {CONNECT_TIMEOUT_S, 0};

    while (d->next) {
        struct evutil_addrinfo *a = d->next;
        evutil_socket_t fd = os_connect(a->ai_addr, a->ai_addrlen);

        d->next = a->ai_next;
        if (fd < 0) {
            error = (int)fd;
            continue;
        }
        d->connecting = event_new(d->base, fd, EV_WRITE, on_connecting, d);
        if (d->connecting && event_add(d->connecting, &limit) == 0)
            return;
        error = -ENOMEM;
        if (!d->connecting)
            evutil_closesocket(fd);
        break;
    }
    fail(d, os_error_text(-error));
}

static void on_resolved(int result, struct evutil_addrinfo *found, void *ctx)
{
    struct dialer *d = ctx;

    d->lookup = NULL;
    if (d->freed) {
        if (result == 0)
            evutil_freeaddrinfo(found);
        end_attempt(d);
        free(d);
        return;
    }
    if (result != 0) {
        fail(d, addr_error_text(result));
        return;
    }
    d->found = found;
    d->next = found;
    try_next(d, -EADDRNOTAVAIL);
}

/* A new one for each attempt: /etc/hosts and resolv.conf of a container change while it runs. */
static struct evdns_base *new_dns(struct event_base *base)
{
    struct evdns_base *dns = evdns_base_new(base, 0);

    /* without the file, or a name server in it: /etc/hosts, and 127.0.0.1 for a name server, as C
     * libraries do; evdns_base_new would give up */
    if (dns)
        evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    return dns;
}

static void on_timer(evutil_socket_t unused, short what, void *ctx)
{
    struct dialer *d = ctx;
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];

    (void)unused;
    (void)what;
    snprintf(service, sizeof service, "%u", d->addr.port);

    /* a number needs no name server, which may not even be there */
    hints.ai_flags = EVUTIL_AI_NUMERICHOST;
    if (evutil_getaddrinfo(d->addr.host, service, &hints, &d->found) == 0) {
        d->next = d->found;
        try_next(d, -EADDRNOTAVAIL);
        return;
    }

    hints.ai_flags = 0;
    d->dns = new_dns(d->base);
    if (!d->dns) {
        fail(d, "no resolver");
        return;
    }
    /* calls back at once, and returns NULL, for what /etc/hosts knows */
    d->lookup = evdns_getaddrinfo(d->dns, d->addr.host, service, &hints, on_resolved, d);
}

struct dialer *dialer_new(struct event_base *base, const struct addr *addr,
                          const struct dialer_callbacks *callbacks, void *ctx)
{
    struct dialer *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    d->base = base;
    d->addr = *addr;
    d->callbacks = callbacks;
    d->ctx = ctx;
    d->timer = evtimer_new(base, on_timer, d);
    if (!d->timer) {
        free(d);
        return NULL;
    }
    return d;
}

void dialer_start(struct dialer *d)
{
    const struct timeval delay = {d->delay_ms / 1000, d->delay_ms % 1000 * 1000};

    event_add(d->timer, &delay);
    d->delay_ms = d->delay_ms ? 2 * d->delay_ms : BACKOFF_FIRST_MS;
    if (d->delay_ms > BACKOFF_MAX_MS)
        d->delay_ms = BACKOFF_MAX_MS;
}

void dialer_succeeded(struct dialer *d)
{
    d->delay_ms = 0;
}

void dialer_free(struct dialer *d)
{
    if (!d)
        return;
    event_free(d->timer);
    if (d->lookup) { /* calls back once more, from the loop */
        d->freed = true;
        evdns_getaddrinfo_cancel(d->lookup);
        return;
    }
    end_attempt(d);
    free(d);
}
