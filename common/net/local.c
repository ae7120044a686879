#include "local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "socket.h"
#include "stream.h"
#include "transport.h"

struct local {
    struct event_base *base;
    struct local_socket *socket;
    struct stream_options streams;
    local_accepted *accepted;
    void *ctx;
};

static void on_accepted(void *ctx, evutil_socket_t fd)
{
    const struct local *l = ctx;
    struct stream *stream = stream_of_socket(l->base, fd, &l->streams);

    if (stream)
        l->accepted(l->ctx, stream);
    else
        log_error("out of memory for a program that asks");
}

struct local *local_listen(struct event_base *base, const char *link,
                           const struct stream_options *streams, local_accepted *accepted,
                           void *ctx, bool *stale, char error[static LOCAL_SOCKET_ERROR_MAX])
{
    struct local *l = malloc(sizeof *l);
    int r;

    snprintf(error, LOCAL_SOCKET_ERROR_MAX, "out of memory");
    if (!l)
        return NULL;
    *l = (struct local){.base = base, .streams = *streams, .accepted = accepted, .ctx = ctx};
    l->socket = link ? local_socket_listen(base, link, on_accepted, l, stale, &r, error)
                     : local_socket_listen_named(base, on_accepted, l, error);
    if (l->socket)
        return l;
    free(l);
    return NULL;
}

const char *local_name(const struct local *l)
{
    return local_socket_name(l->socket);
}

void local_free(struct local *l)
{
    if (!l)
        return;
    local_socket_free(l->socket);
    free(l);
}

static struct stream *stream_of(struct event_base *base, evutil_socket_t fd,
                                const struct stream_options *streams, int *error)
{
    struct stream *stream = NULL;

    *error = fd < 0 ? (int)fd : -ENOMEM;
    if (fd >= 0) {
        evutil_make_socket_nonblocking(fd);
        stream = stream_of_socket(base, fd, streams);
    }
    return stream;
}

struct stream *local_connect(struct event_base *base, const char *link,
                             const struct stream_options *streams, int *error)
{
    return stream_of(base, local_socket_connect(link), streams, error);
}

struct stream *local_connect_named(struct event_base *base, const char *name,
                                   const struct stream_options *streams, int *error)
{
    return stream_of(base, local_socket_connect_named(name), streams, error);
}

int local_ask(const char *link, const char *request, unsigned limit_ms, char *answer, size_t size)
{
    evutil_socket_t fd = local_socket_connect(link);
    int n = fd < 0 ? (int)fd : local_socket_limit(fd, limit_ms);
    size_t len = 0;

    if (n == 0)
        n = socket_send(fd, request, strlen(request));
    while (n > 0 && len < size - 1) {
        n = socket_recv(fd, answer + len, size - 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    answer[len] = '\0';
    if (fd >= 0)
        evutil_closesocket(fd);
    return n < 0 ? n : (int)len;
}
