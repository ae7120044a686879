#include "fakes/fake_newcomer.h"

#include "stream.h"

static const struct stream_callbacks nobody = {0};

struct newcomer fake_newcomer(struct event_base *base, evutil_socket_t fd, size_t queue_max)
{
    return (struct newcomer){.stream = stream_new(base, fd, queue_max, &nobody, NULL),
                             .speech = PROTOCOL_USBIP};
}
