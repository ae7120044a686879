/*
 * The reset of the board at a session's port, for those who ask for one over the socket beside the
 * link. One answer of the server is for all. Everything runs on the loop thread.
 */
#ifndef CLIENT_PTY_PTY_RESET_H
#define CLIENT_PTY_PTY_RESET_H

#include <stdbool.h>

#include "timer.h"

struct event_base;
struct far_port;
struct pty_connection;

/* Part of a session, which fills in the first six members. */
struct pty_reset {
    const char *name; /* of the link, for the log */
    struct far_port *far;
    struct pty_connection *connection;
    bool raw; /* the server speaks raw TCP, which has none */
    /* How it has ended: `why_not` is NULL when it is done. It may come from within pty_reset_ask.
     */
    void (*ended)(void *ctx, const char *why_not);
    void *ctx;
    struct timer limit; /* of the answer */
    bool waits;         /* somebody wants one, and the server has not said what it is */
};

void pty_reset_begin(struct pty_reset *r, struct event_base *base);

/* Also without a begin. */
void pty_reset_end(struct pty_reset *r);

/* Somebody wants one. */
void pty_reset_ask(struct pty_reset *r);

/* The server has sent a message: its name, perhaps. */
void pty_reset_continue(struct pty_reset *r);

/* The server has answered. */
void pty_reset_answered(struct pty_reset *r, bool done);

/* The connection is lost. */
void pty_reset_disconnect(struct pty_reset *r);

#endif
