/*
 * The protocol of a client, which the gate has told by its first bytes: RFC 2217, Telnet or raw
 * TCP.
 *
 * Two of the gate's decisions may turn out wrong. One who was silent is raw, but its first bytes
 * may still be Telnet, or what is no business of a serial port. A first negotiation that nothing
 * followed is Telnet, unless data come next and not the answer to our offers.
 */
#ifndef SERVER_SERIAL_SPEECH_H
#define SERVER_SERIAL_SPEECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/protocol.h"
#include "timer.h"

struct client;
struct newcomer;
struct order;

struct speech {
    struct client *client;
    struct order *order;   /* where the bytes go */
    enum protocol by_gate; /* as the gate told it */
    bool ended_early;      /* it had closed its side before the session began */
    bool undecided;        /* raw by silence: its first bytes may still be something else */
    bool agreed;           /* refused: it has the COM-PORT option, and can be told why */
    bool returns;          /* refused: it may be about to ask for its session */
    bool patient;          /* refused: it has had its time to say that it comes back */
    bool doubtful;         /* Telnet by a beginning that may have been data */
    struct buf first;      /* while either is so: its bytes from the beginning on */
    size_t told;           /* doubtful: how much of that is taken as Telnet */
    struct timer timer;    /* for what it may still say */
};

/* `newcomer` tells how it began; its first bytes are taken from it. */
void speech_make(struct speech *s, struct client *client, struct order *order,
                 struct newcomer *newcomer);
void speech_stop(struct speech *s);

/* Frees what it has; not itself. */
void speech_free(struct speech *s);

/* Begins with the protocol that the gate has told apart, or with the one of the port's options. */
void speech_begin(struct speech *s);

/* Takes what the client sends. */
void speech_take(struct speech *s, const uint8_t *data, size_t len);

/* Nothing more comes for now: its protocol is decided. */
void speech_decide(struct speech *s);

#endif
