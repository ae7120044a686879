#include "fakes/fake_dialer.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "dialer.h"
#include "stream.h"
#include "tcp.h"
#include "transport.h"

struct fake_dialer fake_dialer = {.server = -1};

static struct event_base *loop;
static struct addr address;
static struct stream_options options;
static const struct dialer_callbacks *callbacks;
static void *callbacks_ctx;

size_t __wrap_tcp_unacknowledged(evutil_socket_t fd);

size_t __wrap_tcp_unacknowledged(evutil_socket_t fd)
{
    int unread = 0;

    (void)fd;
    if (fake_dialer.server < 0)
        return fake_dialer.unread;
    return ioctl(fake_dialer.server, FIONREAD, &unread) == 0 ? (size_t)unread : 0;
}

struct dialer *dialer_new(struct event_base *base, const struct addr *addr,
                          const struct stream_options *streams,
                          const struct dialer_callbacks *theirs, void *ctx)
{
    address = *addr;
    loop = base;
    options = *streams;
    callbacks = theirs;
    callbacks_ctx = ctx;
    fake_dialer = (struct fake_dialer){.exists = true, .server = -1};
    return (struct dialer *)(void *)&fake_dialer;
}

void dialer_free(struct dialer *d)
{
    if (d)
        fake_dialer_close();
    fake_dialer.exists = fake_dialer.wants = false;
}

void dialer_start(struct dialer *d)
{
    (void)d;
    fake_dialer.wants = true;
}

void dialer_succeeded(struct dialer *d)
{
    (void)d;
}

static void fail(enum unreached_why why)
{
    callbacks->failed(callbacks_ctx, &(struct unreached){.why = why,
                                                         .host = address.host,
                                                         .port = "7000",
                                                         .words = "out of memory"});
}

void fake_dialer_connect(void)
{
    evutil_socket_t pair[2];

    if (!fake_dialer.wants || evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        abort();
    evutil_make_socket_nonblocking(pair[0]);
    evutil_make_socket_nonblocking(pair[1]);
    fake_dialer_close();
    fake_dialer.server = pair[1];
    fake_dialer.wants = false;
    struct stream *stream = stream_of_socket(loop, pair[0], &options);
    if (stream) {
        callbacks->connected(callbacks_ctx, stream);
    } else {
        fake_dialer.wants = true;
        fail(UNREACHED_OTHER);
    }
}

void fake_dialer_fail(enum unreached_why why)
{
    if (!fake_dialer.wants)
        abort();
    fail(why);
}

void fake_dialer_close(void)
{
    if (fake_dialer.server < 0)
        return;
    fake_dialer.unread = __wrap_tcp_unacknowledged(-1);
    evutil_closesocket(fake_dialer.server);
    fake_dialer.server = -1;
}
