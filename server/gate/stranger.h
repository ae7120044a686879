/*
 * One who speaks what is not spoken here: a browser or a port scan at a serial port. It is answered
 * in its own way, in a sentence, and gone.
 */
#ifndef SERVER_GATE_STRANGER_H
#define SERVER_GATE_STRANGER_H

#include "proto/protocol.h"

struct stream;

/* The kind of source at the address. */
enum stranger_place {
    STRANGER_AT_SERIAL,
    STRANGER_AT_USB,
};

/* Answers, and ends the connection, which is no longer the caller's. `first` is what told `speech`,
 * `where` names the address for the log. */
void stranger_refuse(struct stream *stream, enum protocol speech, const uint8_t *first,
                     enum stranger_place place, const char *where);

#endif
