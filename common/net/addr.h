/*
 * Addresses of listeners and servers as people type them, see proto/address.h.
 */
#ifndef COMMON_NET_ADDR_H
#define COMMON_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address_text.h"

struct sockaddr;

enum {
    ADDR_HOST_MAX = ADDRESS_HOST_MAX,
    ADDR_TEXT_MAX = ADDR_HOST_MAX + 10,
};

struct addr {
    char host[ADDR_HOST_MAX]; /* a name or a number, without brackets */
    uint16_t port;
    bool both; /* of a listener: the IPv6 address of the same meaning belongs to it, too, where the
                  machine has it: to 127.0.0.1 ::1, to 0.0.0.0 :: */
};

/* Reads [ADDRESS:]PORT of a listener. No address and localhost (RFC 6761, 6.3) both mean the
 * loopback, 127.0.0.1 and ::1. An asterisk means everybody, 0.0.0.0 and ::. Port 0 lets the system
 * choose. Returns 0, or -EINVAL with the reason, and a right example, in `why`. */
int addr_parse_listen(const char *text, struct addr *addr, char why[static ADDRESS_WHY_MAX]);

/* Reads HOST:PORT of a serial port's server. Returns as above; neither may be missing, the port not
 * be 0. `*raw` says that its scheme means bytes only: tcp:// or socket://. */
int addr_parse_connect(const char *text, struct addr *addr, bool *raw,
                       char why[static ADDRESS_WHY_MAX]);

/* The IPv6 address that belongs to it, too, or "". */
const char *addr_ipv6_of(const struct addr *addr);

/* Writes "host:port", with brackets where the host has colons, and "*:port" for everybody. */
void addr_text(const struct addr *addr, char text[static ADDR_TEXT_MAX]);

/* The same for a socket's address. */
void addr_of_sockaddr(const struct sockaddr *sa, struct addr *addr);

/* Writes the part of a peer's address that one machine cannot change as it likes. That is its IPv4
 * address, or the network of its IPv6 address. The other 64 bits of the latter name the interface
 * (RFC 4291, 2.5.1). */
void addr_network(const struct sockaddr *sa, char text[static ADDR_TEXT_MAX]);

/* Why a host was not found: of an error of evutil_getaddrinfo. */
const char *addr_error_text(int error);

/* Whether nobody but this machine can reach a listener there; of an addr, when its host is a
 * number. */
bool addr_is_loopback(const struct sockaddr *sa);
bool addr_is_of_loopback(const struct addr *addr);

#endif
