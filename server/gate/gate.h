/*
 * One address of com2net. A connection is accepted, bounded (crowd.h) and told apart (protocol.h)
 * here, and only then shown to the owner of the gate. Until then no device is opened, no line moves
 * and no owner is replaced. A client that speaks something else gets an answer, and its connection
 * ends.
 *
 * Everything runs on the loop thread.
 */
#ifndef SERVER_GATE_GATE_H
#define SERVER_GATE_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "listener.h"
#include "newcomer.h"

struct crowd;
struct event_base;
struct gate;

/* The protocols that are let in. */
enum gate_mode {
    GATE_SERIAL, /* Telnet and data; silence of 200 ms is one who listens first */
    GATE_RAW,    /* everything, at once */
    GATE_USB,    /* USB/IP */
};

struct gate_options {
    enum gate_mode mode;
    size_t queue_max; /* of each stream, as in stream.h */
    const char *name; /* for the log, outlives the gate */
};

struct gate_callbacks {
    /* One who is let in: it takes the stream or leaves it; it may end others. */
    void (*passed)(void *ctx, struct newcomer *n);
    /* The address was not there yet, and has come. */
    void (*opened)(void *ctx);
};

/* Opens the address, or waits for it (listener.h). Returns NULL with the reason in `error`. */
struct gate *gate_new(struct event_base *base, struct crowd *crowd, const struct addr *addr,
                      const struct gate_options *options, const struct gate_callbacks *callbacks,
                      void *ctx, char error[static LISTENER_ERROR_MAX]);

/* Closes the address; those that were not let in yet are ended. Accepts NULL. */
void gate_close(struct gate *g);

/* Closes it, and frees it: nobody who was let in is left. Accepts NULL. */
void gate_free(struct gate *g);

/* The address, with the port that the system chose if 0 was asked. */
const char *gate_text(const struct gate *g);

/* Whether nobody can connect: it waits for its address, or is closed. */
bool gate_is_waiting(const struct gate *g);

#endif
