/*
 * Another process that makes requests on our links over a socket: the other end of joined.h, and of
 * the preload library. Everything runs on the loop thread.
 */
#ifndef CLIENT_EXEC_VISITOR_H
#define CLIENT_EXEC_VISITOR_H

struct calls;
struct control_visit;
struct pty_session;
struct stream;

/* Carries out what comes on `stream`, which stays the caller's, as does `calls`. Greets with the
 * link of `session`, which may be NULL. Returns NULL without memory. At its end what it has begun
 * and waits for is abandoned. */
struct control_visit *visitor_new(struct calls *calls, struct pty_session *session,
                                  struct stream *stream);

#endif
