/*
 * Commands behind data that the device does not take. A real port carries a flush, a change of its
 * lines or the end of its flow control out however full it is; here they come on the connection of
 * the data. So once a device has been full for a moment its client is read on, as far as
 * port_is_full_ahead allows: what was written waits in the port's queue, in order, and commands are
 * met. The client is held when that is full, too. While a device gets on, its client is read ahead
 * ten times a second.
 *
 * A raw client is not read ahead: it has no commands.
 */
#include "serial_session_state.h"

#include <event2/event.h>

#include "log_peer.h"
#include "os.h"
#include "port.h"

enum {
    FULL_MS = 100,   /* a device that is only slower than the network is not that long */
    STILL_MS = 2000, /* before it is told */
};

static void look_in(struct serial_session *s, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_add(s->look, &delay);
}

void session_update_ahead(struct serial_session *s)
{
    const bool full = s->role == SESSION_OWNER && s->comport && port_is_full(s->port);

    if (full && !event_pending(s->look, EV_TIMEOUT, NULL)) {
        look_in(s, FULL_MS);
    } else if (!full) {
        s->ahead = false;
        event_del(s->look);
    }
}

void session_pause_ahead(struct serial_session *s)
{
    if (!s->ahead)
        return;
    s->ahead = false;
    look_in(s, FULL_MS);
}

/* Says that a device stands still, once. */
static void tell_still(struct serial_session *s)
{
    const uint64_t taken = port_taken(s->port);
    const size_t left = port_untransmitted(s->port);

    if (taken != s->taken) {
        s->taken = taken;
        s->told_still = false;
    } else if (!s->told_still && left > 0) {
        s->told_still = true;
        log_peer_info(s->who, "%s: the device takes nothing: %zu bytes wait for it", s->who, left);
    }
}

void session_on_look(evutil_socket_t fd, short what, void *ctx)
{
    struct serial_session *s = ctx;

    (void)fd;
    (void)what;
    look_in(s, STILL_MS);
    if (s->ahead) {
        tell_still(s);
        return;
    }
    s->ahead = true;
    s->taken = port_taken(s->port);
    s->told_still = false;
    session_take_held(s);
}
