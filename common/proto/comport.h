/*
 * One end of a Telnet connection that speaks the COM-PORT option (RFC 2217), in either role. The
 * peer's bytes go in; data and messages come out by callbacks. Bytes for the peer collect in a
 * queue. It does no I/O and reads no clock. Option negotiation (RFC 1143) and the framing of
 * subnegotiations are libtelnet's. The gate of telnet_gate.h guards it.
 *
 * Each role accepts the mirror image of the usual negotiation too: the option is agreed once either
 * side performs it. pyserial's server says WILL where it should say DO.
 */
#ifndef COMMON_PROTO_COMPORT_H
#define COMMON_PROTO_COMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "rfc2217.h"

struct comport;

enum comport_role {
    COMPORT_SERVER,
    COMPORT_CLIENT,
};

/* Callbacks run inside comport_receive. They may call any function here but comport_free and
 * comport_receive. */
struct comport_callbacks {
    /* Data of the peer, unescaped. `data` is valid during the call; len > 0. */
    void (*data)(void *ctx, const uint8_t *data, size_t len);
    /* A message of the peer in its role (a server's peer sends client commands only). */
    void (*message)(void *ctx, const struct rfc2217_message *m);
    /* A command that RFC 2217 has with a payload of the wrong size: answer the value in force. */
    void (*malformed)(void *ctx, const struct rfc2217_message *m);
    /* The COM-PORT option is settled: agreed, or refused by the peer. Called for every change. */
    void (*option)(void *ctx, bool agreed);
    /* IAC `command`, such as BRK or AYT. */
    void (*command)(void *ctx, uint8_t command);
    /* A message that only our own role sends: the peer may send back whatever it gets. NULL if that
     * does not matter. */
    void (*echo)(void *ctx);
};

/* Where runs of data that doubled IACs divide are put together again: each data callback costs a
 * system call. It is empty between calls, so that one is enough for all ends of a thread. */
struct comport_scratch {
    uint8_t bytes[65536];
};

/* Makes an end. `out_max` bounds the bytes that wait for the peer; `scratch` is the caller's, and
 * outlives it. Returns NULL without memory. */
struct comport *comport_new(enum comport_role role, size_t out_max, struct comport_scratch *scratch,
                            const struct comport_callbacks *callbacks, void *ctx);

/* Accepts NULL. */
void comport_free(struct comport *c);

/* Offers the options of the role: server DO COM-PORT, client WILL COM-PORT; both WILL and DO
 * BINARY and SGA; server WILL ECHO, client DO ECHO. */
void comport_start(struct comport *c);

/* Offers the COM-PORT option alone: for a server that will only say why it sends the peer away. */
void comport_start_bare(struct comport *c);

/* Takes bytes of the peer. Returns how many were used: all, unless a callback paused. */
size_t comport_receive(struct comport *c, const uint8_t *data, size_t len);

/* Bytes of the peer that were taken, in all; within a callback, as far as the piece that it is
 * about. */
uint64_t comport_taken(const struct comport *c);

/* Called from a callback: comport_receive returns after this piece, its rest is for the next call.
 * So messages stay in order with data that their receiver cannot take yet. */
void comport_pause(struct comport *c);

/* Queues data or a message for the peer. Returns 0, -ENOBUFS when out_max is reached (nothing of
 * it is queued) or -ENOMEM. m->from_server is set from the role. */
int comport_send_data(struct comport *c, const uint8_t *data, size_t len);
int comport_send(struct comport *c, struct rfc2217_message m);

/* Shorthand for the messages whose payload is one number. */
int comport_send_value(struct comport *c, enum rfc2217_command command, uint32_t value);
int comport_send_text(struct comport *c, const char *signature);

/* Queues IAC `command`, such as NOP in answer to AYT. */
int comport_send_command(struct comport *c, uint8_t command);

/* Bytes for the peer: the owner sends them and drains what it sent. */
struct buf *comport_output(struct comport *c);

/* A lost answer or offer would leave the two ends with different ideas: true once libtelnet could
 * not queue what it had to say. The session has to end then. */
bool comport_failed(const struct comport *c);

bool comport_agreed(const struct comport *c);

/* Whether the peer has answered every offer of the COM-PORT and BINARY options, either way. A
 * client sends data only then: without BINARY, CR LF and CR NUL would mean something else. */
bool comport_settled(const struct comport *c);

/* Whether 8-bit data is agreed from us and from the peer. */
bool comport_binary(const struct comport *c);

#endif
