/*
 * What a session is made of: for serial_session.c, and for the three that it leads,
 * serial_session_input.c, serial_session_ahead.c and serial_session_order.c. Nobody else includes
 * this.
 */
#ifndef SERVER_SERIAL_SERIAL_SESSION_STATE_H
#define SERVER_SERIAL_SERIAL_SESSION_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/util.h>

#include "commands.h"
#include "playout.h"
#include "proto/buf.h"
#include "proto/protocol.h"
#include "proto/rfc2217.h"
#include "serial_session.h"

struct comport;
struct crowd_place;
struct event;
struct stream;

enum { SESSION_QUEUE_MAX = 512 * 1024 };

enum session_state {
    SESSION_NEW, /* until the loop's next turn */
    SESSION_NEGOTIATING,
    SESSION_RFC2217,
    SESSION_TELNET,
    SESSION_RAW,
    SESSION_OVER,
};

/* What the client's input waits for. */
enum session_wait {
    WAIT_NOTHING,
    WAIT_DUE,   /* `waiting` is to be carried out at due_us */
    WAIT_DRAIN, /* and then once the bytes before it are out */
    WAIT_RESET, /* a reset is running */
};

struct serial_session {
    struct serial_session *next;
    struct port *port;
    struct stream *stream;
    struct crowd_place *place;
    enum protocol speech;    /* as the gate told it */
    struct comport *comport; /* of a Telnet client */
    enum session_role role;
    enum session_state state;
    const char *refusal;
    struct event *timer;     /* telling apart, negotiating, refusing; then the drain; the end */
    struct event *break_end; /* of IAC BRK */
    struct event *empty;     /* looks whether the transmitter is */
    struct event *idle;      /* looks how long nothing has moved, with idle= */
    struct event *look;      /* while the device is full: when that was long, and how it gets on */
    bool undecided;          /* raw by silence: what it sends first may still be something else */
    bool doubtful;           /* Telnet by a beginning that may have been data */
    struct buf first;        /* while either is so: what it has sent from its beginning on */
    size_t told;             /* doubtful: how much of that went to the comport */
    bool ended_early;        /* it had closed its side before the session began */
    enum session_wait wait;
    bool ahead;        /* it is read on though the device is full: there may be commands behind */
    uint64_t taken;    /* ahead: what the device had taken at the last look, */
    bool told_still;   /* and that this stays as it is was told */
    unsigned speeches; /* how often it changed what it speaks */
    bool ending;       /* a raw client has closed its side, and may still want to hear */
    size_t end_left;   /* ending: bytes that the device has not got */
    uint64_t end_since_ms; /* ending: since it has all of them, or has got any */
    uint64_t heard_ms;     /* ending: when the device said something */
    struct rfc2217_message waiting;
    struct playout playout;
    uint64_t due_us;
    uint64_t moved_ms; /* when a byte or a command did */
    size_t drain_left;
    uint64_t drain_since_ms;
    size_t stuck_left; /* that a command has waited for in vain, and nothing was written since */
    struct buf held;   /* the client's input behind what waits */
    struct commands commands;
    unsigned late_edges; /* what it could not be told yet */
    bool late_lines;
    struct buf late; /* bytes of the device that it could not be sent, because others read on */
    size_t dropped;  /* and those that there was no room for, until it is told */
    char who[160];
};

/* --- serial_session.c ------------------------------------------------------------------------- */

/* Of s->timer. */
void session_set_timer(struct serial_session *s, uint64_t us);

/* A byte or a command has moved. */
void session_moved(struct serial_session *s);

/* Sends bytes of the device that had to wait for the client. May end it. */
void session_send_late(struct serial_session *s);

/* Sends what has collected for the client: everything of one turn in one write. May end it. */
void session_flush(struct serial_session *s);

/* --- serial_session_input.c ------------------------------------------------------------------- */

/* Begins with what the gate has told apart, or with what the source says. */
void session_begin(struct serial_session *s);

/* Nothing more comes for now: what it speaks is decided. */
void session_decide(struct serial_session *s);

/* Whether the COM-PORT option is agreed on; not answered in time is no. */
void session_on_option(void *session, bool agreed);

/* Whether that is decided. */
bool session_is_working(const struct serial_session *s);

/* Takes bytes of the client; those behind what has to wait are held. */
void session_take_input(struct serial_session *s, const uint8_t *data, size_t len);

/* Goes on with what was held. */
void session_take_held(struct serial_session *s);

/* --- serial_session_ahead.c ------------------------------------------------------------------- */

/* Begins or ends to read ahead, as the device is full or not. */
void session_update_ahead(struct serial_session *s);

/* The device gets on: for a moment nothing more is read ahead, as it may be empty soon. */
void session_pause_ahead(struct serial_session *s);

/* Of s->look. */
void session_on_look(evutil_socket_t fd, short what, void *session);

/* --- serial_session_order.c ------------------------------------------------------------------- */

/* Of the comport. */
void session_on_message(void *session, const struct rfc2217_message *m);
void session_on_malformed(void *session, const struct rfc2217_message *m);

/* IAC BRK (RFC 854): a break, in order as those of RFC 2217; s->break_end ends it. */
void session_on_break(struct serial_session *s);
void session_on_break_end(evutil_socket_t fd, short what, void *session);

/* At the timer: the time has come, the bytes before it may not be out. */
void session_continue_due(struct serial_session *s);

/* At the drain's timer: goes on once the bytes are out, or nothing has moved for two seconds. */
void session_continue_drain(struct serial_session *s);

/* Tells of modem lines what it could not be told when they moved. */
void session_tell_late_lines(struct serial_session *s);

/* Bytes were written: looks when they are out, for a client that wants to know. */
void session_watch_transmitter(struct serial_session *s);

/* Of s->empty. */
void session_on_empty(evutil_socket_t fd, short what, void *session);

#endif
