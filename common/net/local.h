/*
 * Connections to and from programs of the same machine: streams over the sockets of local_socket.h,
 * which has the promises about who may connect, and errors.
 */
#ifndef COMMON_NET_LOCAL_H
#define COMMON_NET_LOCAL_H

#include <stdbool.h>
#include <stddef.h>

#include "local_socket.h"

struct event_base;
struct local;
struct stream;
struct stream_options;

/* Gets a connection, which it owns, and gives an owner before it returns. */
typedef void local_accepted(void *ctx, struct stream *stream);

/* Listens beside `link`, or with NULL under a name of its own. `streams` is for each connection.
 * See local_socket_listen for the rest. Runs on the loop thread. */
struct local *local_listen(struct event_base *base, const char *link,
                           const struct stream_options *streams, local_accepted *accepted,
                           void *ctx, bool *stale, char error[static LOCAL_SOCKET_ERROR_MAX]);

/* That name, "@" in front. */
const char *local_name(const struct local *l);

/* Accepts NULL. */
void local_free(struct local *l);

/* Connects to the process that listens beside `link`. Returns NULL with a negative errno in
 * `*error`. The stream has no owner yet. */
struct stream *local_connect(struct event_base *base, const char *link,
                             const struct stream_options *streams, int *error);

/* Connects to the process that listens under `name`. Returns as local_connect does. */
struct stream *local_connect_named(struct event_base *base, const char *name,
                                   const struct stream_options *streams, int *error);

/* Asks who listens beside `link`, and blocks until it has closed the connection, or for `limit_ms`
 * of silence, which is -EAGAIN. Returns the bytes of the answer, or -errno; `answer` is terminated,
 * also after an error. */
int local_ask(const char *link, const char *request, unsigned limit_ms, char *answer, size_t size);

#endif
