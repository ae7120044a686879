/*
 * Why a server is not reached, or does not serve, in words that say what to do: one table for
 * serial ports and USB devices.
 */
#ifndef COMMON_PROTO_UNREACHED_H
#define COMMON_PROTO_UNREACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unreached_why {
    UNREACHED_REFUSED,     /* nothing listens */
    UNREACHED_SILENT,      /* no answer to the connection */
    UNREACHED_NO_WAY,      /* the network says that there is none */
    UNREACHED_NO_NAME,     /* the host's name is not known */
    UNREACHED_NAME_SERVER, /* no name server has answered */
    UNREACHED_MUTE,        /* connected; it says nothing */
    UNREACHED_FOREIGN,     /* connected; it says something else */
    UNREACHED_ECHO,        /* connected; it sends back what it gets */
    UNREACHED_OTHER,       /* what the system says */
};

enum { UNREACHED_TEXT_MAX = 300, UNREACHED_SAID_MAX = 60 };

struct unreached {
    enum unreached_why why;
    bool usb;     /* asked for USB devices, otherwise for a serial port */
    bool outside; /* by a program that runs in no container, on Windows */
    const char *host;
    const char *port;
    const uint8_t *said; /* UNREACHED_FOREIGN: its text, as far as it has come; may be empty */
    size_t said_len;
    const char *words; /* UNREACHED_OTHER: the system's */
};

/* Says it, as the rest of a sentence about the server. The server's text is made printable. */
void unreached_text(const struct unreached *u, char text[static UNREACHED_TEXT_MAX]);

/* Whether somebody's first bytes are those of another kind of server, which speaks first. Then
 * waiting for more is useless. */
bool unreached_is_foreign(const uint8_t *said, size_t len);

#endif
