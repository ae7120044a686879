/*
 * An address that is listened on, over TCP.
 */
#ifndef COMMON_NET_LISTENER_H
#define COMMON_NET_LISTENER_H

#include <stdbool.h>

#include "addr.h"

struct event_base;
struct listener;
struct stream;
struct stream_options;

enum { LISTENER_ERROR_MAX = 512 };

struct listener_callbacks {
    /* A new connection, which the callee owns, and gives an owner before it returns. */
    void (*accepted)(void *ctx, struct stream *stream);
    /* An address that was not there yet has come, and is listened on. */
    void (*opened)(void *ctx);
};

/* Listens on `addr`, whose host may be a name or empty-handed forms such as 0.0.0.0 and ::; every
 * address that it resolves to is listened on. For the loopback, 127.0.0.1 must be free. If another
 * program has ::1 at this port, that is a warning, and clients of ::1 reach that program. If the
 * machine does not have the address yet, the listener waits: DHCP or a bridge may add it. `streams`
 * is for each connection. Returns NULL with the reason, and what to do, in `error`. */
struct listener *listener_new(struct event_base *base, const struct addr *addr,
                              const struct stream_options *streams,
                              const struct listener_callbacks *callbacks, void *ctx,
                              char error[static LISTENER_ERROR_MAX]);

/* Whether it could listen there now, without doing so. Returns 0, or -errno with the reason in
 * `error`. */
int listener_may(const struct addr *addr, char error[static LISTENER_ERROR_MAX]);

/* Accepts NULL. */
void listener_free(struct listener *l);

/* The address listened on, with the port that the system chose if 0 was asked. */
const char *listener_text(const struct listener *l);

/* Whether it still waits for its address. */
bool listener_is_waiting(const struct listener *l);

#endif
