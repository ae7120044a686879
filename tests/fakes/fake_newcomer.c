#include "fakes/fake_newcomer.h"

#include "stream.h"
#include "transport.h"

static const struct stream_callbacks nobody = {0};

struct newcomer fake_newcomer(struct event_base *base, evutil_socket_t fd, size_t queue_max)
{
    const struct stream_options options = {.queue_max = queue_max, .bulk = true};
    struct stream *stream = stream_of_socket(base, fd, &options);

    if (stream)
        stream_set_owner(stream, &nobody, NULL);
    return (struct newcomer){.stream = stream, .speech = PROTOCOL_USBIP};
}
