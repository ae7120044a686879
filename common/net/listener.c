#include "listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/listener.h>

#include "error_text.h"
#include "listen_advice.h"
#include "log.h"
#include "log_peer.h"
#include "owner.h"
#include "socket.h"
#include "stream.h"
#include "timer.h"
#include "transport.h"

/* How many connections the system may keep for a listener that is late: as many as it likes. The
 * kernel takes the lesser of this and its own limit (listen(2): net.core.somaxconn). SOMAXCONN of
 * some C libraries is 128. */
enum { BACKLOG = 4096 };

enum {
    SOCKETS_MAX = 8,
    ACCEPT_RETRY_MS = 500,
    WAIT_MS = 2000, /* for an address that is not there yet */
    CHOICES_MAX = 16,
    HINT_MAX = 800,
};

struct listener {
    struct event_base *base;
    struct addr wanted;
    struct stream_options streams;
    struct evconnlistener *sockets[SOCKETS_MAX];
    int count;
    struct timer retry; /* after the system had no socket for a new connection */
    struct timer wait;  /* for the address */
    int told;           /* of what that failed with */
    const struct listener_callbacks *callbacks;
    void *ctx;
    char text[ADDR_TEXT_MAX];
};

static void on_accept(struct evconnlistener *socket, evutil_socket_t fd, struct sockaddr *sa,
                      int len, void *ctx)
{
    struct listener *l = ctx;

    (void)socket;
    (void)sa;
    (void)len;

    struct stream *stream = stream_of_socket(l->base, fd, &l->streams);
    if (stream)
        l->callbacks->accepted(l->ctx, stream);
    else
        log_peer_warn(l->text, "%s: a connection is refused: out of memory", l->text);
}

static void set_enabled(struct listener *l, bool on)
{
    for (int i = 0; i < l->count; i++) {
        if (on)
            evconnlistener_enable(l->sockets[i]);
        else
            evconnlistener_disable(l->sockets[i]);
    }
}

/* Out of sockets or memory: the waiting connection stays readable, so the listener has to rest. */
static void on_accept_error(struct evconnlistener *socket, void *ctx)
{
    struct listener *l = ctx;

    (void)socket;
    log_peer_warn(l->text, "%s: cannot accept a connection: %s", l->text,
                  error_text(socket_error()));
    set_enabled(l, false);
    timer_in_ms(&l->retry, ACCEPT_RETRY_MS);
}

static void on_retry(void *ctx)
{
    set_enabled(ctx, true);
}

static const char *advice_of(int error)
{
    const char *advice = listen_advice_of_error(error);

    if (error == EADDRNOTAVAIL)
        advice = "this machine has no such address; 0.0.0.0 stands for all that it has";
    return advice ? advice : error_text(error);
}

static void say_bind_error(const struct addr *addr, int error, char text[static LISTENER_ERROR_MAX])
{
    char where[ADDR_TEXT_MAX], owner[64];
    const bool ipv6 = strchr(addr->host, ':') != NULL;

    addr_text(addr, where);
    if (listen_advice_is_taken(error) && owner_of_port(addr->port, ipv6, owner, sizeof owner) == 0)
        snprintf(text, LISTENER_ERROR_MAX,
                 "cannot listen on %s: %s has it; choose another port, or 0 for any", where, owner);
    else
        snprintf(text, LISTENER_ERROR_MAX, "cannot listen on %s: %s", where, advice_of(error));
}

static void tell_reachable(const struct addr *addr)
{
    char hint[HINT_MAX];

    log_debug("%s:%u is reachable from other machines", addr->host, addr->port);
    listen_advice_of_firewall(addr->port, hint, sizeof hint);
    if (hint[0])
        log_info("port %u: %s", addr->port, hint);
}

/* The socket's own address, which has the port that the system chose. */
static void name_listener(struct listener *l, struct addr *addr)
{
    struct sockaddr_storage storage;
    struct sockaddr *sa = (struct sockaddr *)&storage;

    if (socket_address(evconnlistener_get_fd(l->sockets[0]), false, &storage) == 0) {
        addr_of_sockaddr(sa, addr);
        addr->both = l->wanted.both;
        if (!addr_is_loopback(sa))
            tell_reachable(addr);
    }
    addr_text(addr, l->text);
}

static void close_all(struct listener *l)
{
    for (int i = 0; i < l->count; i++)
        evconnlistener_free(l->sockets[i]);
    l->count = 0;
}

static void set_port(struct sockaddr *sa, uint16_t port)
{
    if (sa->sa_family == AF_INET)
        ((struct sockaddr_in *)(void *)sa)->sin_port = htons(port);
    else if (sa->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)sa)->sin6_port = htons(port);
}

/* Listens on one resolved address. A port chosen for the first holds for the others. */
static int listen_on(struct listener *l, struct sockaddr *sa, size_t len, uint16_t chosen)
{
    set_port(sa, chosen);
    evutil_socket_t fd = socket_listen(sa, len, BACKLOG);
    if (fd < 0)
        return (int)fd;
    /* it listens already: no backlog */
    l->sockets[l->count] = evconnlistener_new(l->base, on_accept, l,
                                              LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!l->sockets[l->count]) {
        evutil_closesocket(fd);
        return -ENOMEM;
    }
    evconnlistener_set_error_cb(l->sockets[l->count], on_accept_error);
    l->count++;
    return 0;
}

/* The IPv6 address that belongs to the IPv4 one. */
static int listen_on_ipv6_too(struct listener *l, uint16_t port)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    evutil_inet_pton(AF_INET6, addr_ipv6_of(&l->wanted), &in6.sin6_addr);
    return listen_on(l, (struct sockaddr *)&in6, sizeof in6, port);
}

static int listen_on_found(struct listener *l, struct evutil_addrinfo *found, struct addr *addr)
{
    int first_error = -EADDRNOTAVAIL;

    for (struct evutil_addrinfo *a = found; a && l->count < SOCKETS_MAX; a = a->ai_next) {
        int r = listen_on(l, a->ai_addr, a->ai_addrlen, addr->port);

        if (r < 0 && l->count == 0)
            first_error = r;
        if (r == 0 && l->count == 1)
            name_listener(l, addr);
    }
    return l->count > 0 ? 0 : first_error;
}

/* Somebody else has the port there: those who connect over IPv6 do not reach us. */
static void warn_of_other(const struct addr *addr)
{
    char owner[64];

    if (owner_of_port(addr->port, true, owner, sizeof owner) < 0)
        snprintf(owner, sizeof owner, "another program");
    log_warn("[%s]:%u is not ours: %s has it; clients %s may reach it", addr_ipv6_of(addr),
             addr->port, owner,
             strcmp(addr_ipv6_of(addr), "::") == 0 ? "over IPv6" : "of localhost");
}

/* Both addresses, with one port; a port that the system chooses is free at both. */
static int listen_on_both(struct listener *l, struct evutil_addrinfo *found, struct addr *addr)
{
    for (int i = 0;; i++) {
        struct addr chosen = *addr;
        int r = listen_on_found(l, found, &chosen);

        if (r == 0)
            r = listen_on_ipv6_too(l, chosen.port);
        if (l->count == 0)
            return r;
        if (r == -EADDRINUSE && addr->port == 0 && i < CHOICES_MAX) {
            close_all(l);
            continue;
        }
        if (r == -EADDRINUSE)
            warn_of_other(&chosen);
        return 0; /* with other errors the machine has no IPv6 */
    }
}

/* Its addresses; evutil_freeaddrinfo frees them. */
static int find(const struct addr *addr, struct evutil_addrinfo **found,
                char error[static LISTENER_ERROR_MAX])
{
    struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_PASSIVE};

    *found = NULL;
    int r = evutil_getaddrinfo(addr->host, "0", &hints, found);
    if (r == 0)
        return 0;
    snprintf(error, LISTENER_ERROR_MAX,
             "cannot listen on %.100s: %s ADDRESS is one of this machine's, or * for everybody",
             addr->host, addr_error_text(r));
    return -EINVAL;
}

static int listen_on_all(struct listener *l, char error[static LISTENER_ERROR_MAX])
{
    struct evutil_addrinfo *found;
    struct addr addr = l->wanted;
    int r = find(&addr, &found, error);

    if (r < 0)
        return r;
    r = addr.both ? listen_on_both(l, found, &addr) : listen_on_found(l, found, &addr);
    evutil_freeaddrinfo(found);
    if (r < 0)
        say_bind_error(&addr, -r, error);
    return r;
}

int listener_may(const struct addr *addr, char error[static LISTENER_ERROR_MAX])
{
    struct evutil_addrinfo *found;
    int r = find(addr, &found, error);

    if (r < 0)
        return r;
    for (struct evutil_addrinfo *a = found; a && r == 0; a = a->ai_next) {
        set_port(a->ai_addr, addr->port);
        r = socket_may_listen(a->ai_addr, a->ai_addrlen);
    }
    evutil_freeaddrinfo(found);
    if (r < 0)
        say_bind_error(addr, -r, error);
    return r;
}

/* --- an address that is not there yet --------------------------------------------------------- */

static void on_wait(void *ctx)
{
    char error[LISTENER_ERROR_MAX];
    struct listener *l = ctx;

    int r = listen_on_all(l, error);
    if (r == 0) {
        l->callbacks->opened(l->ctx);
        return;
    }
    if (r != l->told &&
        r != -EADDRNOTAVAIL) /* it is there, and somebody has the port, and may go */
        log_warn("%s; trying again", error);
    l->told = r;
    timer_in_ms(&l->wait, WAIT_MS);
}

bool listener_is_waiting(const struct listener *l)
{
    return l->count == 0;
}

/* --- beginning and end ------------------------------------------------------------------------ */

struct listener *listener_new(struct event_base *base, const struct addr *addr,
                              const struct stream_options *streams,
                              const struct listener_callbacks *callbacks, void *ctx,
                              char error[static LISTENER_ERROR_MAX])
{
    struct listener *l = calloc(1, sizeof *l);

    snprintf(error, LISTENER_ERROR_MAX, "out of memory");
    if (!l)
        return NULL;
    *l = (struct listener){
        .base = base, .wanted = *addr, .streams = *streams, .callbacks = callbacks, .ctx = ctx};
    addr_text(addr, l->text);
    timer_make(&l->retry, base, on_retry, l);
    timer_make(&l->wait, base, on_wait, l);
    int r = listen_on_all(l, error);
    if (r == -EADDRNOTAVAIL) {
        log_warn("%s: this machine has no such address yet; waiting for it (0.0.0.0 or [::] is all "
                 "of them)",
                 l->text);
        timer_in_ms(&l->wait, WAIT_MS);
    } else if (r < 0) {
        listener_free(l);
        return NULL;
    }
    return l;
}

void listener_free(struct listener *l)
{
    if (!l)
        return;
    close_all(l);
    timer_stop(&l->retry);
    timer_stop(&l->wait);
    free(l);
}

const char *listener_text(const struct listener *l)
{
    return l->text;
}
