/*
 * Whom a port of this machine is open to. Implemented in win32/audience.c: on Linux nobody asks.
 */
#ifndef COMMON_SEAM_AUDIENCE_H
#define COMMON_SEAM_AUDIENCE_H

#include <stdint.h>

enum audience {
    AUDIENCE_UNKNOWN, /* nobody listens, or the system does not tell */
    AUDIENCE_MACHINE, /* the loopback only */
    AUDIENCE_NETWORK, /* other machines, too, as far as the firewall lets them */
};

/* Of a TCP port, out of the addresses that are listened on. */
enum audience audience_of_port(uint16_t port);

#endif
