/*
 * The reason why there is no session with the far port, or its device is away. The log has it at
 * once, again after 30 s, then each minute. It is kept for status requests.
 */
#ifndef CLIENT_PTY_FAR_TROUBLE_H
#define CLIENT_PTY_FAR_TROUBLE_H

#include <stdint.h>

#include "addr.h"
#include "proto/buf.h"
#include "proto/unreached.h"
#include "pty_connection.h"

struct far_port;

enum { FAR_TROUBLE_MAX = UNREACHED_TEXT_MAX };

/* Part of a far_session. */
struct far_trouble {
    const char *name; /* of the link */
    const struct addr *address;
    char server[ADDR_TEXT_MAX]; /* the same as text */
    char text[FAR_TROUBLE_MAX]; /* empty: there is none */
    uint64_t since_ms;          /* there is some, whatever its reasons were */
    uint64_t told_ms;           /* when the last reason was told */
};

/* There is no session; another attempt follows. */
void far_trouble_tell(struct far_trouble *t, const char *why);

/* The same, for a caller that logs it itself. */
void far_trouble_note(struct far_trouble *t, const char *why);

/* Words for a server that is not reached, or is not the one wanted. `early` is what it has said in
 * plain text. */
void far_trouble_words(const struct far_trouble *t, enum unreached_why why, const struct buf *early,
                       char text[static FAR_TROUBLE_MAX]);

/* The server has sent us away. It has given the reason in its own words, or, before that, in plain
 * text, `early`. If neither, `why` is the reason. */
void far_trouble_tell_end(struct far_trouble *t, const struct far_port *far,
                          const struct buf *early, const char *why);

/* The session works: tells whether the device is there, as far as the server says. A server may say
 * it as often as it likes. */
void far_trouble_tell_device(struct far_trouble *t, const struct far_port *far);

#endif
