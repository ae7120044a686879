/*
 * Another process that makes requests on our links over a socket: the other end of joined.h, and of
 * the preload library. Everything runs on the loop thread.
 */
#ifndef CLIENT_EXEC_VISITOR_H
#define CLIENT_EXEC_VISITOR_H

#include <stddef.h>
#include <stdint.h>

struct calls;
struct pty_session;
struct stream;
struct visitor;

/* Carries out what comes on `stream`, which stays the caller's, as does `calls`. Greets with the
 * link of `session`, which may be NULL. Returns NULL without memory. */
struct visitor *visitor_new(struct calls *calls, struct pty_session *session,
                            struct stream *stream);

/* What it has begun and waits for is abandoned. Accepts NULL. */
void visitor_free(struct visitor *v);

/* Takes what the stream has received. Returns 0, or -errno: the stream is to be closed. */
int visitor_receive(struct visitor *v, const uint8_t *data, size_t len);

#endif
