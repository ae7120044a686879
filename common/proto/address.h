/*
 * Addresses of machines as people type them: "host", "host:7000", "::1", "[::1]:7000",
 * "rfc2217://host:7000". Each program decides what it does with them.
 */
#ifndef COMMON_PROTO_ADDRESS_H
#define COMMON_PROTO_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { ADDRESS_HOST_MAX = 256, ADDRESS_SCHEME_MAX = 16 };

struct address {
    char scheme[ADDRESS_SCHEME_MAX]; /* "rfc2217", in small letters, or "" */
    char host[ADDRESS_HOST_MAX];     /* a name or a number, without brackets; may be "" */
    uint16_t port;
    bool has_port;
};

enum address_fault {
    ADDRESS_FINE,
    ADDRESS_BAD_BRACKETS, /* no "]", or something else than a port after it */
    ADDRESS_BAD_PORT,     /* no number from 0 to 65535 follows the colon */
    ADDRESS_BAD_NUMBER,   /* digits and dots that are no whole IPv4 address */
    ADDRESS_BAD_NAME,     /* a letter that no host's name has */
    ADDRESS_TOO_LONG,
    ADDRESS_IS_IDS, /* VID:PID of a USB device */
};

/* Takes a text apart. A host with several colons is an IPv6 address without a port. */
enum address_fault address_parse(const char *text, struct address *a);

/* Whether a host, a name or a number, is the machine's own. */
bool address_is_loopback(const char *host);

/* Whether digits are a port's number. */
bool address_port(const char *text, uint16_t *port);

#endif
