/*
 * One client of a published port: what it speaks (RFC 2217, Telnet or raw TCP), what it asks, what
 * it is told.
 */
#ifndef SERVER_SERIAL_SERIAL_SESSION_H
#define SERVER_SERIAL_SERIAL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct newcomer;
struct port;
struct serial_session;

/* Bytes that may wait for a client. */
enum { SESSION_STREAM_MAX = 512 * 1024 };

enum session_role {
    SESSION_OWNER,    /* has the device */
    SESSION_OBSERVER, /* reads along */
    SESSION_REFUSED,  /* is told why, and goes */
};

/* Begins a session of a newcomer, whose connection it owns from then on. `refusal` is the SIGNATURE
 * that a refused one gets ("busy"). Returns NULL without memory. */
struct serial_session *session_new(struct port *port, struct newcomer *newcomer,
                                   enum session_role role, const char *refusal);

/* Ends it for the reason `why`, for the log; the port is told by port_forget at once. */
void session_end(struct serial_session *s, const char *why);

enum session_role session_role(const struct serial_session *s);
const char *session_peer(const struct serial_session *s);

/* Takes what its client has sent by now, its end included. */
void session_catch_up(struct serial_session *s);

/* Whether its client has closed the connection, heard or not. */
bool session_peer_has_closed(const struct serial_session *s);

/* Whether its client has closed its side and only hears the end of what the device answers. */
bool session_is_ending(const struct serial_session *s);

/* Whether the device's bytes can be sent to it at once. A session keeps some of those that cannot,
 * and then loses what comes, which is said. */
bool session_wants_data(const struct serial_session *s);

/* Whether it reads along. */
bool session_observes(const struct serial_session *s);

/* Whether it has asked for line errors. */
bool session_wants_errors(const struct serial_session *s);

/* What the device does. `edges` as in serial.h. */
void session_data(struct serial_session *s, const uint8_t *data, size_t len);
void session_lines(struct serial_session *s, unsigned inputs, unsigned edges);
void session_errors(struct serial_session *s, unsigned state);

/* The device has taken bytes that waited for it. */
void session_device_took(struct serial_session *s);

/* The device takes bytes again, or has come back. */
void session_port_ready(struct serial_session *s);

/* The port's list of sessions. */
struct serial_session *session_next(const struct serial_session *s);
void session_set_next(struct serial_session *s, struct serial_session *next);

/* "RFC 2217", "telnet", "raw" or "undecided", for reports. */
const char *session_speaks(const struct serial_session *s);

#endif
