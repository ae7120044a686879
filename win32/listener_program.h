/* The program that listens on a TCP port. */
#ifndef WIN32_LISTENER_PROGRAM_H
#define WIN32_LISTENER_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum { LISTENER_PATH_MAX = 1024 };

/* Its process on `port`, or on that of IPv6 only; 0 if none is known. `path` is its file, "" where
 * Windows does not tell. */
unsigned long listener_program(uint16_t port, bool ipv6_only, char path[static LISTENER_PATH_MAX]);

#endif
