/*
 * The messages of com2net to clients of its own in the COM-PORT option: STATE unasked, and answers
 * to SELECT, LIST, IDENTITY and RESUME (packaging/doc/serial-extensions.md). A client that has not
 * said ext= in its SIGNATURE is told nothing by itself.
 */
#ifndef SERVER_SERIAL_EXT_H
#define SERVER_SERIAL_EXT_H

#include <stddef.h>
#include <stdint.h>

#include "client.h"

/* For how long a session waits for its client. */
enum { EXT_GRACE_S = 90 };

struct rfc2217_message;

/* The client has said its SIGNATURE. */
void ext_hello(struct client *c, const uint8_t *signature, size_t len);

/* Tells the client how the port is for it, if that is another state than it was told last. */
void ext_tell_state(struct client *c);

/* Why a client is refused, in words for people. */
void ext_refusal(const struct client *c, char text[static CLIENT_REFUSAL_MAX]);

/* Acknowledges what it has sent, if it is time: that is not sent again when it comes back. */
void ext_note_received(struct client *c);

/* Tells a client that came back that its session continues over this connection. */
void ext_grant(struct client *c, uint64_t received);

/* Answers one of the messages 51 to 55. */
void ext_message(struct client *c, const struct rfc2217_message *m);

#endif
