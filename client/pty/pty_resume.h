/*
 * A session that outlives its connection. com2net keeps its end for a while, and the bytes under
 * way are sent again over another connection (packaging/doc/serial-extensions.md, RESUME).
 * Everything runs on the loop thread.
 */
#ifndef CLIENT_PTY_PTY_RESUME_H
#define CLIENT_PTY_PTY_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/serial_ext.h"
#include "timer.h"

struct comport;
struct comport_callbacks;
struct event_base;
struct pty_connection;
struct stream;

/* The meaning of a server's message. */
enum pty_resume_news {
    PTY_RESUME_NO_NEWS,
    PTY_RESUME_ASKED,   /* while away: the server is one of ours, and was asked for the session */
    PTY_RESUME_GRANTED, /* while away: the session continues over the new connection */
    PTY_RESUME_REFUSED, /* while away: it is gone at the server */
    PTY_RESUME_BAD,     /* the server counts what cannot be: the connection is to be ended */
};

/* Part of a session, which fills in the first two members. */
struct pty_resume {
    const char *name; /* of the link, for the log */
    struct pty_connection *connection;
    uint8_t token[SERIAL_EXT_TOKEN_SIZE];
    bool offered;          /* on this connection, to a server that may not have answered */
    bool granted;          /* it may be lost and continue */
    uint64_t counted_from; /* what the comport had taken when counts began */
    uint32_t grace_s;      /* for how long the server keeps its end */
    struct stream *parked; /* while away: the connection that is lost */
    struct stream *stream; /* while away: a new one that is not answered yet, or NULL */
    struct comport *comport;
    bool asked; /* the new server is one of ours, and was asked for the session */
    struct timer deadline;
};

/* `late` is called when the server has been away for too long. */
void pty_resume_begin(struct pty_resume *r, struct event_base *base, void (*late)(void *ctx),
                      void *ctx);

/* Ends all. */
void pty_resume_end(struct pty_resume *r, struct event_base *base);

/* A connection has begun, or its session is over: it cannot be resumed. */
void pty_resume_forget(struct pty_resume *r);

/* The server says that it knows the extensions: asks it to keep the session. Once a connection. */
void pty_resume_offer(struct pty_resume *r);

/* Takes a message of the server, on the connection or, while away, on the new one. */
enum pty_resume_news pty_resume_message(struct pty_resume *r, const struct rfc2217_message *m);

/* Bytes of the connection were received: acknowledges them from time to time. */
void pty_resume_note_received(struct pty_resume *r);

/* Whether a connection that ends so may be gone on with. */
bool pty_resume_survives(const struct pty_resume *r, int error);

/* The connection is lost. It is kept open and not looked at any more, so that no end of it reaches
 * the server before we do. */
void pty_resume_park(struct pty_resume *r);

/* Asks the server who it is over a new connection, and one of ours for the session. The connection
 * belongs to the resume until that is answered: its bytes go into r->comport. Returns 0 or -errno.
 */
int pty_resume_ask(struct pty_resume *r, struct stream *stream,
                   const struct comport_callbacks *callbacks, void *ctx);

/* Gives the new connection up. */
void pty_resume_drop(struct pty_resume *r, struct event_base *base);

/* PTY_RESUME_GRANTED: hands the new connection to the old session's comport. */
void pty_resume_go_on(struct pty_resume *r, struct event_base *base);

#endif
