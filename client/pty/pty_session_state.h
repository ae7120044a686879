/*
 * What a session is made of: for pty_session.c, and for what it does beside the session itself,
 * pty_ioctl.c and pty_control.c. Nobody else includes this.
 */
#ifndef CLIENT_PTY_PTY_SESSION_STATE_H
#define CLIENT_PTY_PTY_SESSION_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/util.h>

#include "addr.h"
#include "control.h"
#include "far_port.h"
#include "outstanding.h"
#include "proto/buf.h"
#include "pty_session.h"

struct comport;
struct dialer;
struct event;
struct stream;

enum { PTY_SESSION_TROUBLE_MAX = 264 };

/* What has come for programs, and whether they take it. */
struct pty_input {
    struct buf waiting; /* what they have not taken yet */
    struct event *look; /* while there is something */
    size_t taken;       /* bytes since the last look */
    bool unread;        /* they do not read, as the last look found */
    bool suspending;    /* the server has been told to hold its data back */
    bool told;          /* the log knows that something is dropped */
    uint64_t dropped;   /* bytes, in all */
};

enum session_state {
    SESSION_WAITING,
    SESSION_NEGOTIATING,
    SESSION_READY,
};

struct pty_session {
    struct event_base *base;
    const struct pty_session_options *options;
    const struct pty_session_callbacks *callbacks;
    void *ctx;
    enum session_state state;
    struct control *control;
    struct vport *port;
    struct dialer *dialer;
    struct stream *stream;   /* while not WAITING */
    struct comport *comport; /* likewise, but with --raw */
    struct event *timer;     /* NEGOTIATING: the limit; READY: the purge's answer */
    struct event *stable;
    struct event *reset;   /* its answer */
    struct event *failure; /* the connection is given up, in the loop's next turn */
    struct far_port far;
    void (*changed)(void *ctx); /* NULL unless somebody watches */
    void *changed_ctx;
    bool counts;            /* breaks and line errors are of interest */
    bool used;              /* a program has had the port open */
    uint64_t busy_until_us; /* when the far line would be idle, by what was sent */
    unsigned drain;         /* the last one asked for, and what was sent until then */
    uint64_t drain_sent;
    struct pty_input input;
    bool purging; /* what comes is older than a purge that is not answered yet */
    bool hung_up; /* a program has set speed 0: the next one raises the lines again */
    bool ever_ready;
    bool reset_waits; /* somebody wants one, and the server has not said what it is */
    struct buf early; /* came before READY: data, or a reason to go, for people */
    char trouble[PTY_SESSION_TROUBLE_MAX];
    char
        why_failing[PTY_SESSION_TROUBLE_MAX]; /* until `failure` comes; empty: nothing has failed */
    uint64_t received, sent;
    struct outstanding outstanding; /* of what was sent */
    size_t sending;                 /* bytes of programs in what the comport has written */
    size_t unsent;                  /* likewise in what was not sent as the connection had failed */
    uint64_t lost;                  /* with connections, in all */
    bool stalled;                   /* nothing is acknowledged: more would be lost, too */
    unsigned connections;
    char server[ADDR_TEXT_MAX];
    const char *name; /* the link, for the log */
};

/* Sends what the comport has written. */
void pty_session_flush(struct pty_session *s);

/* The connection cannot be kept: it is given up by the loop. So nobody who sends loses what it is
 * in the middle of: the session is as before when this returns, but that nothing is sent any more.
 */
void pty_session_fail(struct pty_session *s, const char *why);

/* Reads and pauses as the state wants it. */
void pty_session_update(struct pty_session *s);

/* --- pty_input.c ------------------------------------------------------------------------------ */

/* Returns 0 or -ENOMEM. */
int pty_input_begin(struct pty_session *s);
void pty_input_end(struct pty_session *s);

/* Takes bytes of the server for programs. */
void pty_input_give(struct pty_session *s, const uint8_t *data, size_t len);

/* Programs take bytes again. */
void pty_input_continue(struct pty_session *s);

/* Drops what waits: nobody wants it any more. */
void pty_input_forget(struct pty_session *s);

/* The connection is another one: the server holds nothing back. */
void pty_input_reconnect(struct pty_session *s);

/* Whether more is to be received; tells the server to hold data back, or not any more. */
bool pty_input_update(struct pty_session *s);

/* pty_control.c: who asks over the socket beside the link; and who wants a reset is told how it
 * went. */
extern const struct control_callbacks pty_session_control;
void pty_session_continue_reset(struct pty_session *s);
void pty_session_end_reset(struct pty_session *s, const char *why_not);
void pty_session_reset_limit(evutil_socket_t fd, short what, void *ctx);

#endif
