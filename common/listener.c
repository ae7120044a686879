#include "listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/listener.h>

#include "log.h"
#include "os.h"

/* How many connections the system may keep for a listener that is late: as many as it likes. The
 * kernel takes the lesser of this and its own limit (listen(2): net.core.somaxconn). SOMAXCONN of
 * some C libraries is 128. */
enum { BACKLOG = 4096 };

enum { SOCKETS_MAX = 8, ACCEPT_RETRY_MS = 500, HINT_MAX = 800 };

struct listener {
    struct evconnlistener *sockets[SOCKETS_MAX];
    int count;
    struct event *retry; /* after the system had no socket for a new connection */
    void (*accepted)(void *ctx, evutil_socket_t fd);
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
    l->accepted(l->ctx, fd);
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
    const struct timeval delay = {0, ACCEPT_RETRY_MS * 1000};

    (void)socket;
    log_warn("%s: cannot accept a connection: %s", l->text, os_error_text(os_socket_error()));
    set_enabled(l, false);
    event_add(l->retry, &delay);
}

static void on_retry(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    set_enabled(ctx, true);
}

static void say_bind_error(const struct addr *addr, int error, char text[static LISTENER_ERROR_MAX])
{
    char where[ADDR_TEXT_MAX], owner[64];
    const char *advice = os_listen_advice(error);

    addr_text(addr, where);
    if (error == EADDRINUSE && os_port_owner(addr->port, owner, sizeof owner) == 0)
        snprintf(text, LISTENER_ERROR_MAX,
                 "cannot listen on %s: %s has it; choose another port, or 0 for any", where, owner);
    else if (error == EADDRNOTAVAIL)
        snprintf(text, LISTENER_ERROR_MAX,
                 "cannot listen on %s: this machine has no such address; 0.0.0.0 or [::] is all "
                 "of them",
                 where);
    else
        snprintf(text, LISTENER_ERROR_MAX, "cannot listen on %s: %s", where,
                 advice ? advice : os_error_text(error));
}

static void tell_reachable(const struct addr *addr)
{
    char hint[HINT_MAX];

    log_debug("%s:%u is reachable from other machines", addr->host, addr->port);
    os_firewall_hint(addr->port, hint, sizeof hint);
    if (hint[0])
        log_info("port %u: %s", addr->port, hint);
}

/* The socket's own address, which has the port that the system chose. */
static void name_listener(struct listener *l, struct addr *addr)
{
    struct sockaddr_storage storage;
    struct sockaddr *sa = (struct sockaddr *)&storage;

    if (os_socket_address(evconnlistener_get_fd(l->sockets[0]), false, &storage) == 0) {
        addr_of_sockaddr(sa, addr);
        if (!addr_is_loopback(sa))
            tell_reachable(addr);
    }
    addr_text(addr, l->text);
}

/* Listens on one resolved address. A port chosen for the first holds for the others. */
static int listen_on(struct listener *l, struct event_base *base, struct sockaddr *sa, size_t len,
                     uint16_t chosen)
{
    const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC |
                           (sa->sa_family == AF_INET6 ? LEV_OPT_BIND_IPV6ONLY : 0u);

    if (sa->sa_family == AF_INET)
        ((struct sockaddr_in *)(void *)sa)->sin_port = htons(chosen);
    else if (sa->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)sa)->sin6_port = htons(chosen);
    l->sockets[l->count] =
        evconnlistener_new_bind(base, on_accept, l, flags, BACKLOG, sa, (int)len);
    if (!l->sockets[l->count])
        return -os_socket_error();
    evconnlistener_set_error_cb(l->sockets[l->count], on_accept_error);
    l->count++;
    return 0;
}

static int listen_on_all(struct listener *l, struct event_base *base, struct addr *addr,
                         char error[static LISTENER_ERROR_MAX])
{
    struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_PASSIVE};
    struct evutil_addrinfo *found = NULL;
    int first_error = -EADDRNOTAVAIL;

    int r = evutil_getaddrinfo(addr->host, "0", &hints, &found);
    if (r != 0) {
        snprintf(error, LISTENER_ERROR_MAX, "cannot listen on %s: %s", addr->host,
                 addr_error_text(r));
        return -EINVAL;
    }
    for (struct evutil_addrinfo *a = found; a && l->count < SOCKETS_MAX; a = a->ai_next) {
        r = listen_on(l, base, a->ai_addr, a->ai_addrlen, addr->port);
        if (r < 0 && l->count == 0)
            first_error = r;
        if (r == 0 && l->count == 1)
            name_listener(l, addr);
    }
    evutil_freeaddrinfo(found);
    if (l->count > 0)
        return 0;
    say_bind_error(addr, -first_error, error);
    return first_error;
}

struct listener *listener_new(struct event_base *base, const struct addr *addr,
                              void (*accepted)(void *ctx, evutil_socket_t fd), void *ctx,
                              char error[static LISTENER_ERROR_MAX])
{
    struct listener *l = calloc(1, sizeof *l);
    struct addr wanted = *addr;

    snprintf(error, LISTENER_ERROR_MAX, "out of memory");
    if (!l)
        return NULL;
    l->accepted = accepted;
    l->ctx = ctx;
    l->retry = evtimer_new(base, on_retry, l);
    if (!l->retry || listen_on_all(l, base, &wanted, error) < 0) {
        listener_free(l);
        return NULL;
    }
    return l;
}

void listener_free(struct listener *l)
{
    if (!l)
        return;
    for (int i = 0; i < l->count; i++)
        evconnlistener_free(l->sockets[i]);
    if (l->retry)
        event_free(l->retry);
    free(l);
}

const char *listener_text(const struct listener *l)
{
    return l->text;
}
