/*
 * The way of bytes from the server to programs, and what happens when these do not read. Everything
 * runs on the loop thread.
 */
#ifndef CLIENT_PTY_PTY_INPUT_H
#define CLIENT_PTY_PTY_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "timer.h"

struct event_base;
struct far_port;
struct pty_connection;
struct vport;

/* Part of a session, which fills in the first six members. */
struct pty_input {
    const char *name; /* of the link, for the log */
    struct vport *port;
    struct far_port *far;
    struct pty_connection *connection;
    void (*changed)(void *ctx); /* pty_input_update is to be asked again */
    void *ctx;
    struct buf waiting; /* what programs have not taken yet */
    struct timer look;  /* while there is something */
    struct timer purge; /* the limit of its answer */
    bool purging;       /* what comes is older than a purge that is not answered yet */
    size_t taken;       /* bytes since the last look */
    bool unread;        /* programs do not read, as the last look found */
    bool suspending;    /* the server has been told to hold its data back */
    bool told;          /* the log knows that something is dropped */
    uint64_t received;  /* bytes of the server, in all */
    uint64_t dropped;   /* of these, because programs did not read */
};

void pty_input_begin(struct pty_input *in, struct event_base *base);

/* Also without a begin. */
void pty_input_end(struct pty_input *in);

/* Takes bytes of the server for programs. */
void pty_input_give(struct pty_input *in, const uint8_t *data, size_t len);

/* Programs take bytes again. */
void pty_input_continue(struct pty_input *in);

/* Drops what waits: nobody wants it any more. */
void pty_input_forget(struct pty_input *in);

/* The server has been asked to purge. Its bytes are dropped until it says that it has purged, for a
 * second at most. */
void pty_input_purge(struct pty_input *in);

/* The server has purged: its bytes are for programs again. */
void pty_input_purged(struct pty_input *in);

/* The connection has ended: the server holds nothing back, and answers no purge. */
void pty_input_disconnect(struct pty_input *in);

/* Whether more is to be received; tells the server to hold data back, or not any more. */
bool pty_input_update(struct pty_input *in);

#endif
