/*
 * The session with the far port: connecting, agreeing, being at work, losing the connection and
 * going on. pty_port handles the programs' use of the link; pty_session publishes it. Everything
 * runs on the loop thread.
 */
#ifndef CLIENT_PTY_FAR_SESSION_H
#define CLIENT_PTY_FAR_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "far_port.h"
#include "far_trouble.h"
#include "proto/buf.h"
#include "pty_connection.h"
#include "pty_resume.h"
#include "timer.h"

struct addr;
struct dialer;
struct event_base;
struct pty_input;
struct pty_port;
struct pty_reset;
struct vport_options;

enum far_session_state {
    FAR_SESSION_WAITING,
    FAR_SESSION_NEGOTIATING,
    FAR_SESSION_READY,
    FAR_SESSION_AWAY,
};

struct far_session_callbacks {
    /* The first session with the server works. */
    void (*connected)(void *ctx);
    /* The server has said something. */
    void (*heard)(void *ctx);
    /* A session that worked is over. */
    void (*lost)(void *ctx);
};

/* Part of a pty_session, which fills in the members of the first group. */
struct far_session {
    struct event_base *base;
    const char *name; /* of the link, for the log */
    struct pty_port *port;
    struct pty_input *input;
    struct pty_reset *reset;
    const struct vport_options *port_options;
    bool raw;       /* the server speaks raw TCP: bytes only */
    bool has_speed; /* the user has said one, so that the server's own does not matter */
    bool counts;    /* breaks and line errors are of interest */
    const struct far_session_callbacks *callbacks;
    void *ctx;

    enum far_session_state state;
    struct dialer *dialer;
    struct far_trouble trouble;
    struct far_port far;
    struct pty_connection connection;
    struct pty_resume resume;
    struct timer limit;  /* while NEGOTIATING, and of a new connection while AWAY */
    struct timer stable; /* while READY, for the first second */
    bool ever_ready;
    bool raw_heard;   /* something, over this connection */
    struct buf early; /* came before READY: data, or a reason to go, for people */
    unsigned connections;
};

/* Makes it; it does not connect yet. Returns 0 or -ENOMEM. */
int far_session_begin(struct far_session *s, const struct addr *server);

/* Ends all. Also after a begin that failed. */
void far_session_end(struct far_session *s);

/* Begins to connect. */
void far_session_start(struct far_session *s);

/* Ends the connection, and makes no other one; nothing is called back any more. */
void far_session_stop(struct far_session *s);

/* Reads and pauses the port and the connection as the state wants it. */
void far_session_update(struct far_session *s);

/* From now on breaks and line errors are of interest. */
void far_session_count(struct far_session *s);

/* Whether it works, or waits for another connection. */
bool far_session_is_connected(const struct far_session *s);

/* Whether the device is there, too, as far as the server tells. */
bool far_session_has_device(const struct far_session *s);

/* Why there is no session, as far as it is known yet. */
void far_session_trouble(const struct far_session *s, char text[static FAR_TROUBLE_MAX]);

/* "waiting", "negotiating", "connected" or "reconnecting". */
const char *far_session_state_name(const struct far_session *s);

#endif
