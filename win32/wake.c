#include "wake.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include <winsock2.h>

#include <event2/event.h>

struct wake {
    evutil_socket_t sockets[2]; /* the loop reads the first, the others write the second */
    atomic_bool called;         /* a byte is under way */
    struct event *readable;
    void (*woken)(void *ctx);
    void *ctx;
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct wake *w = arg;
    char byte[8];

    (void)what;
    /* the work first, it is what somebody waits for. A caller during the work may have its byte
     * taken with the first one: then the work is done again. */
    do {
        atomic_store(&w->called, false);
        w->woken(w->ctx);
        (void)recv((SOCKET)fd, byte, sizeof byte, 0);
    } while (atomic_load(&w->called));
}

struct wake *wake_new(struct event_base *base, void (*woken)(void *ctx), void *ctx)
{
    struct wake *w = calloc(1, sizeof *w);
    const BOOL at_once = TRUE;

    if (!w)
        return NULL;
    w->woken = woken;
    w->ctx = ctx;
    if (evutil_socketpair(AF_INET, SOCK_STREAM, 0, w->sockets) < 0) {
        free(w);
        return NULL;
    }
    /* The one that is written blocks. There is always room for its byte. But Wine refuses a write
     * to one that does not block with WSAEWOULDBLOCK while another thread is about to write it,
     * too. */
    evutil_make_socket_nonblocking(w->sockets[0]);
    setsockopt((SOCKET)w->sockets[1], IPPROTO_TCP, TCP_NODELAY, (const char *)&at_once,
               sizeof at_once);
    w->readable = event_new(base, w->sockets[0], EV_READ | EV_PERSIST, on_readable, w);
    if (!w->readable || event_add(w->readable, NULL) < 0) {
        wake_free(w);
        return NULL;
    }
    return w;
}

void wake_up(struct wake *w)
{
    if (!atomic_exchange(&w->called, true) && send((SOCKET)w->sockets[1], "", 1, 0) != 1)
        atomic_store(&w->called, false); /* the system has no memory: the next call tries again */
}

void wake_free(struct wake *w)
{
    if (!w)
        return;
    if (w->readable)
        event_free(w->readable);
    evutil_closesocket(w->sockets[0]);
    evutil_closesocket(w->sockets[1]);
    free(w);
}
