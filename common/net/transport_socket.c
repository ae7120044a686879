#include <stdlib.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "socket.h"
#include "tcp.h"
#include "transport.h"

struct transport_socket {
    struct transport transport;
    evutil_socket_t fd; /* -1: closed */
    struct event readable;
    struct event writable;
};

static struct transport_socket *socket_of(struct transport *t)
{
    return (struct transport_socket *)t;
}

static evutil_socket_t fd_of(const struct transport *t)
{
    return ((const struct transport_socket *)t)->fd;
}

static void watch(struct event *event, bool on)
{
    if (on)
        event_add(event, NULL);
    else
        event_del(event);
}

static void watch_reading(struct transport *t, bool on)
{
    watch(&socket_of(t)->readable, on);
}

static void watch_writing(struct transport *t, bool on)
{
    watch(&socket_of(t)->writable, on);
}

static int receive(struct transport *t, void *first, size_t first_len, void *second,
                   size_t second_len)
{
    return second_len > 0 ? socket_recv_two(fd_of(t), first, first_len, second, second_len)
                          : socket_recv(fd_of(t), first, first_len);
}

static int send_bytes(struct transport *t, const void *data, size_t len)
{
    return socket_send(fd_of(t), data, len);
}

static void end_sending(struct transport *t)
{
    socket_shut_down_sending(fd_of(t));
}

static bool peer_has_closed(const struct transport *t)
{
    return tcp_peer_has_closed(fd_of(t));
}

static bool is_reset(const struct transport *t)
{
    return tcp_is_reset(fd_of(t));
}

static bool is_dead(const struct transport *t)
{
    return tcp_is_dead(fd_of(t));
}

static unsigned silence_ms(const struct transport *t)
{
    return tcp_silence_ms(fd_of(t));
}

static size_t unacknowledged(const struct transport *t)
{
    return tcp_unacknowledged(fd_of(t));
}

static int peer(const struct transport *t, struct sockaddr_storage *address)
{
    return socket_address(fd_of(t), true, address);
}

static void reset(struct transport *t)
{
    socket_reset_at_close(fd_of(t));
}

static void close_socket(struct transport *t)
{
    struct transport_socket *s = socket_of(t);

    if (s->fd < 0)
        return;
    event_del(&s->readable);
    event_del(&s->writable);
    evutil_closesocket(s->fd);
    s->fd = -1;
}

static void free_socket(struct transport *t)
{
    close_socket(t);
    free(t);
}

static const struct transport_ops ops = {
    .watch_reading = watch_reading,
    .watch_writing = watch_writing,
    .receive = receive,
    .send = send_bytes,
    .end_sending = end_sending,
    .peer_has_closed = peer_has_closed,
    .is_reset = is_reset,
    .is_dead = is_dead,
    .silence_ms = silence_ms,
    .unacknowledged = unacknowledged,
    .peer = peer,
    .reset = reset,
    .close = close_socket,
    .free = free_socket,
};

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct transport *t = ctx;

    (void)fd;
    (void)what;
    t->readable(t->ctx);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
    struct transport *t = ctx;

    (void)fd;
    (void)what;
    t->writable(t->ctx);
}

struct transport *transport_socket_new(struct event_base *base, evutil_socket_t fd, bool slow)
{
    struct transport_socket *s = calloc(1, sizeof *s);

    if (!s) {
        evutil_closesocket(fd);
        return NULL;
    }
    s->transport.ops = &ops;
    s->fd = fd;
    event_assign(&s->readable, base, fd, EV_READ | EV_PERSIST, on_readable, s);
    event_assign(&s->writable, base, fd, EV_WRITE | EV_PERSIST, on_writable, s);
    tcp_tune(fd, slow);
    return &s->transport;
}
