/*
 * Why there is no session with the far port, or its device is away: said in the log once, and kept
 * for who asks.
 */
#ifndef CLIENT_PTY_FAR_TROUBLE_H
#define CLIENT_PTY_FAR_TROUBLE_H

#include "addr.h"
#include "proto/buf.h"
#include "pty_connection.h"

struct far_port;

enum { FAR_TROUBLE_MAX = PTY_CONNECTION_WHY_MAX };

/* Part of a far_session. */
struct far_trouble {
    const char *name; /* of the link */
    char server[ADDR_TEXT_MAX];
    char text[FAR_TROUBLE_MAX]; /* empty: there is none */
};

/* There is no session; another attempt follows. */
void far_trouble_tell(struct far_trouble *t, const char *why);

/* The server has sent us away: it has said why in its own words, or, before that, in plain text,
 * `early`; if neither, `why` is the reason. */
void far_trouble_tell_end(struct far_trouble *t, const struct far_port *far,
                          const struct buf *early, const char *why);

/* The session works: tells whether the device is there, as far as the server says. A server may say
 * it as often as it likes. */
void far_trouble_tell_device(struct far_trouble *t, const struct far_port *far);

#endif
