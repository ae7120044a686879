/*
 * The way to a TCP port of this machine, for those who are not on it: the system's firewall, and
 * the Linux beside it, in containers or WSL. Implemented in posix/linux/reach.c and win32/reach.c.
 */
#ifndef COMMON_SEAM_REACH_H
#define COMMON_SEAM_REACH_H

#include <stdbool.h>
#include <stdint.h>

struct reach_port {
    uint16_t port;
    bool loopback; /* it is listened on for this machine only */
    bool usb;      /* a USB/IP server's */
};

enum reach_kind { REACH_FINE, REACH_NOTE, REACH_BAD };

/* Gets a sentence without its full stop. */
typedef void reach_teller(void *ctx, enum reach_kind kind, const char *sentence);

/* Tells what is in the way, and what to type where. Nothing is tried: it is read how the system is
 * set up. */
void reach_tell(const struct reach_port *p, reach_teller *tell, void *ctx);

#endif
