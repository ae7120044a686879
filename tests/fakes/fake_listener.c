#include "fakes/fake_listener.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "stream.h"
#include "transport.h"

struct listener {
    struct event_base *base;
    struct stream_options streams;
    const struct listener_callbacks *callbacks;
    void *ctx;
};

static struct listener the_listener;

struct listener *listener_new(struct event_base *base, const struct addr *addr,
                              const struct stream_options *streams,
                              const struct listener_callbacks *callbacks, void *ctx,
                              char error[static LISTENER_ERROR_MAX])
{
    (void)addr;
    error[0] = '\0';
    the_listener = (struct listener){base, *streams, callbacks, ctx};
    return &the_listener;
}

void listener_free(struct listener *l)
{
    if (l)
        l->callbacks = NULL;
}

const char *listener_text(const struct listener *l)
{
    (void)l;
    return "nowhere";
}

bool listener_is_waiting(const struct listener *l)
{
    (void)l;
    return false;
}

evutil_socket_t fake_listener_connect(void)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    struct stream *stream = stream_of_socket(the_listener.base, pair[0], &the_listener.streams);
    if (stream)
        the_listener.callbacks->accepted(the_listener.ctx, stream);
    return pair[1];
}
