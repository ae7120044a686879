/*
 * A system's advice for opening a port to others. Implemented in posix/listen_advice.c and
 * win32/listen_advice.c.
 */
#ifndef COMMON_SEAM_LISTEN_ADVICE_H
#define COMMON_SEAM_LISTEN_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Advice for a listener that fails with `error`, an errno: a part of a sentence; NULL if there is
 * nothing particular to this system. */
const char *listen_advice_of_error(int error);

/* Whether `error`, an errno of a bind, may mean that another program has the port. */
bool listen_advice_is_taken(int error);

/* How to let other machines through the system's firewall to `port`; empty where no firewall blocks
 * it by default. */
void listen_advice_of_firewall(uint16_t port, char *text, size_t size);

#endif
