/*
 * A connection that a gate has let in, and that nobody owns yet. Its protocol is known, and the
 * bytes that told it are kept.
 */
#ifndef SERVER_GATE_NEWCOMER_H
#define SERVER_GATE_NEWCOMER_H

#include <stdbool.h>

#include "proto/buf.h"
#include "proto/protocol.h"

struct crowd_place;
struct stream;

struct newcomer {
    struct stream *stream;     /* paused */
    struct crowd_place *place; /* evicts nobody until its next owner sets how */
    enum protocol speech;      /* PROTOCOL_OPEN: it was silent, and may still say */
    bool ended;                /* it has closed its side */
    struct buf first;          /* what it has sent by now */
};

/* Ends it. Does nothing when somebody has taken it: its stream is NULL. */
void newcomer_close(struct newcomer *n);

#endif
