/*
 * The termios family of requests (TCGETS, TCSETS and their variants), for programs that are stopped
 * in one. The kernel has three structures for it, of which the control flags matter here.
 */
#ifndef POSIX_LINUX_TERMIOS_REQUEST_H
#define POSIX_LINUX_TERMIOS_REQUEST_H

#include <stddef.h>

/* Size in bytes of the structure that a request is about; 0 for requests of other families. */
size_t termios_request_size(unsigned request);

/* The control flags in that structure. */
unsigned termios_request_cflag(unsigned request, const void *data);

/* Replaces them. */
void termios_request_put_cflag(unsigned request, void *data, unsigned cflag);

/* The request that makes settings at once, out of the same structure. */
unsigned termios_request_at_once(unsigned request);

#endif
