/*
 * The sending side of the connection to the server. Bytes of programs and messages go out. It
 * counts the programs' bytes that are under way, and those that are lost when it ends. Lives as
 * long as the session, which opens and closes it again and again. Everything runs on the loop
 * thread.
 */
#ifndef CLIENT_PTY_PTY_CONNECTION_H
#define CLIENT_PTY_PTY_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outstanding.h"
#include "proto/replay.h"
#include "timer.h"

struct comport;
struct comport_callbacks;
struct event_base;
struct line_settings;
struct stream;

enum { PTY_CONNECTION_QUEUE_MAX = 512 * 1024, PTY_CONNECTION_WHY_MAX = 300 };

/* Part of a session, which fills in the first four members. */
struct pty_connection {
    struct event_base *base;
    const char *name; /* of the link, for the log */
    /* The connection cannot be kept. It comes from the loop, never from within a call. */
    void (*failed)(void *ctx, const char *why);
    void *ctx;
    struct stream *stream;            /* NULL: there is none */
    struct comport *comport;          /* NULL: there is none, or the server speaks raw TCP */
    bool ready;                       /* the session takes bytes of programs */
    bool stalled;                     /* nothing is acknowledged: more would be lost, too */
    struct timer failure;             /* pending while it fails */
    char why[PTY_CONNECTION_WHY_MAX]; /* it fails; empty: it does not */
    struct outstanding outstanding;   /* of what was sent */
    struct replay replay;             /* the same, to be sent again over another connection */
    size_t left_behind;     /* without a stream: the bytes that the last one has not delivered */
    size_t sending;         /* bytes of programs among those the comport has written */
    size_t unsent;          /* the same in bytes that were not sent as the connection had failed */
    uint64_t sent;          /* bytes of programs, in all */
    uint64_t lost;          /* of these, with connections */
    uint64_t busy_until_us; /* when the far line would be idle, by the bytes sent */
};

void pty_connection_begin(struct pty_connection *c);

/* Ends all, without a word. Also without a begin. */
void pty_connection_end(struct pty_connection *c);

/* Makes an end of RFC 2217 for a connection. Returns NULL without memory. */
struct comport *pty_connection_new_comport(const struct comport_callbacks *callbacks, void *ctx);

/* Takes over a new stream, and the end of RFC 2217 on it, or NULL. Not while there is another. */
void pty_connection_open(struct pty_connection *c, struct stream *stream, struct comport *comport);

/* The stream is lost, and the session continues without one: returns it. */
struct stream *pty_connection_detach(struct pty_connection *c);

/* Continues with another stream: bytes that were not acknowledged are sent again over it. */
void pty_connection_attach(struct pty_connection *c, struct stream *stream);

/* The stream takes more. */
void pty_connection_drained(struct pty_connection *c);

/* Ends the connection, which may be calling. Returns how many bytes of programs are lost with it,
 * which is logged. */
size_t pty_connection_close(struct pty_connection *c);

/* Ends the connection at once, without counting. */
void pty_connection_drop(struct pty_connection *c);

/* The connection cannot be kept. So no sender loses the state that it works on. When this returns
 * all is as before, but nothing is sent any more. */
void pty_connection_fail(struct pty_connection *c, const char *why);

/* Whether it has failed, which `failed` is about to tell. */
bool pty_connection_is_failing(const struct pty_connection *c);

/* Sends bytes of programs. `line`: how fast they go out at the far end. */
void pty_connection_send(struct pty_connection *c, const uint8_t *data, size_t len,
                         const struct line_settings *line);

/* Sends what the comport has written. */
void pty_connection_flush(struct pty_connection *c);

/* Bytes that wait for the kernel. */
size_t pty_connection_queued(const struct pty_connection *c);

/* Bytes that the server's system has not got, as far as ours knows. */
size_t pty_connection_unacknowledged(const struct pty_connection *c);

/* Whether the far line is still sending, by the bytes sent. */
bool pty_connection_is_busy(const struct pty_connection *c);

#endif
