/*
 * Theory of operation. An attempt is a look-up, unless the host is a number, and then a connection
 * to each address. Connections run side by side (RFC 8305), families in turn. The next one begins
 * when the one before has failed or has had RACE_MS. The first that succeeds is used. The attempt
 * has failed when all have.
 */
#include "dialer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "error_text.h"
#include "proto/unreached.h"
#include "resolver.h"
#include "socket.h"
#include "stream.h"
#include "timer.h"
#include "transport.h"

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MAX_MS = 5000,
    LOOKUP_LIMIT_MS = 10000,
    CONNECT_LIMIT_MS = 10000,
    RACE_MS = 250, /* RFC 8305, section 8: Connection Attempt Delay */
    ADDRESSES_MAX = 16,
};

struct call {
    struct dialer *dialer;
    struct event *event; /* becomes writable or times out; NULL: it has ended */
};

struct dialer {
    struct event_base *base;
    struct addr addr;
    struct stream_options streams;
    const struct dialer_callbacks *callbacks;
    void *ctx;
    unsigned delay_ms;  /* before the next attempt */
    struct timer timer; /* of the next attempt, of a look-up, or of the next call */
    struct resolver *lookup;
    struct evutil_addrinfo
        *found[2]; /* addresses of this attempt; those of localhost are two lists */
    struct evutil_addrinfo *order[ADDRESSES_MAX];
    struct call calls[ADDRESSES_MAX];
    size_t count, begun; /* of addresses, and of calls */
    int error;           /* why the last call that failed did; -errno */
};

/* Closes the calls but the one that is the owner's from now on. */
static void end_attempt(struct dialer *d, evutil_socket_t kept)
{
    for (size_t i = 0; i < d->begun; i++) {
        struct event *event = d->calls[i].event;

        if (!event)
            continue;
        if (event_get_fd(event) != kept)
            evutil_closesocket(event_get_fd(event));
        event_free(event);
    }
    for (size_t i = 0; i < 2; i++) {
        if (d->found[i])
            evutil_freeaddrinfo(d->found[i]);
        d->found[i] = NULL;
    }
    resolver_free(d->lookup);
    d->lookup = NULL;
    d->count = d->begun = 0;
    timer_stop(&d->timer);
}

/* `words` are the system's, for UNREACHED_OTHER. */
static void fail(struct dialer *d, enum unreached_why why, const char *words)
{
    char port[8];
    const struct unreached u = {.why = why, .host = d->addr.host, .port = port, .words = words};

    snprintf(port, sizeof port, "%u", d->addr.port);
    end_attempt(d, -1);
    dialer_start(d);
    d->callbacks->failed(d->ctx, &u);
}

static void fail_with(struct dialer *d, int error)
{
    switch (-error) {
    case ECONNREFUSED:
        fail(d, UNREACHED_REFUSED, NULL);
        break;
    case ETIMEDOUT:
        fail(d, UNREACHED_SILENT, NULL);
        break;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        fail(d, UNREACHED_NO_WAY, NULL);
        break;
    default:
        fail(d, UNREACHED_OTHER, error_text(-error));
    }
}

/* --- calls ------------------------------------------------------------------------------------ */

static void go_on(struct dialer *d);

/* Whether a socket is connected to itself. This happens when nobody listens and the system has
 * given the socket the very port that it calls. RFC 9293, section 3.5, allows it: both sides begin
 * at the same time. */
static bool is_own_peer(evutil_socket_t fd)
{
    struct sockaddr_storage ours = {0}, theirs = {0};

    return socket_address(fd, false, &ours) == 0 && socket_address(fd, true, &theirs) == 0 &&
           evutil_sockaddr_cmp((struct sockaddr *)&ours, (struct sockaddr *)&theirs, true) == 0;
}

/* The attempt is over: hands on the socket that has connected. */
static void take(struct dialer *d, evutil_socket_t fd)
{
    struct stream *stream = stream_of_socket(d->base, fd, &d->streams);

    if (stream) {
        d->callbacks->connected(d->ctx, stream);
        return;
    }
    fail_with(d, -ENOMEM);
}

static void on_called(evutil_socket_t fd, short what, void *ctx)
{
    struct call *call = ctx;
    struct dialer *d = call->dialer;
    int error = what & EV_TIMEOUT ? -ETIMEDOUT : socket_connect_result(fd);

    if (error == 0 && is_own_peer(fd))
        error = -ECONNREFUSED;
    if (error == 0) {
        end_attempt(d, fd);
        take(d, fd);
        return;
    }
    event_free(call->event);
    call->event = NULL;
    evutil_closesocket(fd);
    d->error = error;
    go_on(d);
}

/* Returns 0, or -errno: it has failed already. */
static int begin_call(struct dialer *d)
{
    const struct timeval limit = {CONNECT_LIMIT_MS / 1000, 0};
    const struct evutil_addrinfo *a = d->order[d->begun];
    struct call *call = &d->calls[d->begun++];
    evutil_socket_t fd = socket_connect(a->ai_addr, a->ai_addrlen);

    call->dialer = d;
    call->event = NULL;
    if (fd < 0)
        return (int)fd;
    call->event = event_new(d->base, fd, EV_WRITE, on_called, call);
    if (call->event && event_add(call->event, &limit) == 0)
        return 0;
    if (call->event)
        event_free(call->event);
    call->event = NULL;
    evutil_closesocket(fd);
    return -ENOMEM;
}

static bool is_calling(const struct dialer *d)
{
    bool calling = false;

    for (size_t i = 0; i < d->begun; i++)
        calling = calling || d->calls[i].event;
    return calling;
}

/* Begins the next call; one that fails at once is not waited for. */
static void go_on(struct dialer *d)
{
    int r = -1;

    while (r < 0 && d->begun < d->count) {
        r = begin_call(d);
        if (r < 0)
            d->error = r;
    }
    if (r == 0 && d->begun < d->count)
        timer_in_ms(&d->timer, RACE_MS);
    else if (!is_calling(d))
        fail_with(d, d->error);
}

/* --- addresses -------------------------------------------------------------------------------- */

/* The next one of a family, or of the others. */
static struct evutil_addrinfo *next_of(struct evutil_addrinfo *a, int family, bool wanted)
{
    while (a && (a->ai_family == family) != wanted)
        a = a->ai_next;
    return a;
}

static void add(struct dialer *d, struct evutil_addrinfo *a)
{
    if (a && d->count < ADDRESSES_MAX)
        d->order[d->count++] = a;
}

/* RFC 8305, section 4: in the system's order, families in turn. */
static void call_all(struct dialer *d)
{
    const int family = d->found[0]->ai_family;
    struct evutil_addrinfo *first = d->found[0], *other = next_of(first, family, false);

    if (!other)
        other = next_of(d->found[1], family, false);
    while (first || other) {
        add(d, first);
        add(d, other);
        first = first ? next_of(first->ai_next, family, true) : NULL;
        other = other ? next_of(other->ai_next, family, false) : NULL;
    }
    go_on(d);
}

static void on_found(void *ctx, int error, struct evutil_addrinfo *found)
{
    struct dialer *d = ctx;

    timer_stop(&d->timer);
    d->found[0] = found;
    if (error == EVUTIL_EAI_NONAME || error == EVUTIL_EAI_NODATA)
        fail(d, UNREACHED_NO_NAME, NULL);
    else if (error == EVUTIL_EAI_AGAIN)
        fail(d, UNREACHED_NAME_SERVER, NULL);
    else if (error != 0)
        fail(d, UNREACHED_OTHER, addr_error_text(error));
    else
        call_all(d);
}

/* Numbers, which need no look-up. Returns NULL if `host` is a name. */
static struct evutil_addrinfo *numeric(const char *host, uint16_t port)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
    char service[8];

    hints.ai_flags = EVUTIL_AI_NUMERICHOST;
    snprintf(service, sizeof service, "%u", port);
    return evutil_getaddrinfo(host, service, &hints, &found) == 0 ? found : NULL;
}

static void begin(struct dialer *d)
{
    /* RFC 6761, section 6.3: localhost needs no name server, and no file that knows it */
    const bool is_localhost = evutil_ascii_strcasecmp(d->addr.host, "localhost") == 0;

    d->found[0] = numeric(is_localhost ? "127.0.0.1" : d->addr.host, d->addr.port);
    if (is_localhost)
        d->found[1] = numeric("::1", d->addr.port);
    if (d->found[0]) {
        call_all(d);
        return;
    }
    d->lookup = resolver_start(d->base, d->addr.host, d->addr.port, on_found, d);
    if (d->lookup)
        timer_in_ms(&d->timer, LOOKUP_LIMIT_MS);
    else
        fail(d, UNREACHED_NAME_SERVER, NULL); /* earlier look-ups still wait for one */
}

static void on_timer(void *ctx)
{
    struct dialer *d = ctx;

    if (d->lookup && !d->found[0])
        fail(d, UNREACHED_NAME_SERVER, NULL);
    else if (d->found[0])
        go_on(d);
    else
        begin(d);
}

/* --- the owner's ------------------------------------------------------------------------------ */

struct dialer *dialer_new(struct event_base *base, const struct addr *addr,
                          const struct stream_options *streams,
                          const struct dialer_callbacks *callbacks, void *ctx)
{
    struct dialer *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    d->base = base;
    d->addr = *addr;
    d->streams = *streams;
    d->callbacks = callbacks;
    d->ctx = ctx;
    timer_make(&d->timer, base, on_timer, d);
    return d;
}

void dialer_start(struct dialer *d)
{
    timer_in_ms(&d->timer, d->delay_ms);
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
    end_attempt(d, -1);
    timer_stop(&d->timer);
    free(d);
}
