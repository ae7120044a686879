/*
 * A listening TCP socket.
 */
#ifndef COMMON_LISTENER_H
#define COMMON_LISTENER_H

#include <event2/util.h>

#include "addr.h"

struct event_base;
struct listener;

enum { LISTENER_ERROR_MAX = 512 };

/* Listens on `addr`, whose host may be a name or empty-handed forms such as 0.0.0.0 and ::; every
 * address that it resolves to is listened on. `accepted` gets each new connection's socket,
 * non-blocking, and owns it. Returns NULL with the reason, and what to do, in `error`. */
struct listener *listener_new(struct event_base *base, const struct addr *addr,
                              void (*accepted)(void *ctx, evutil_socket_t fd), void *ctx,
                              char error[static LISTENER_ERROR_MAX]);
void listener_free(struct listener *l);

/* The address listened on, with the port that the system chose if 0 was asked. */
const char *listener_text(const struct listener *l);

#endif
