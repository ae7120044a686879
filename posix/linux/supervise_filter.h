/*
 * The seccomp filter of supervised programs. An ioctl(2) is a notification if a pseudo-terminal
 * refuses or gets wrong this request of a serial port. Everything else passes.
 */
#ifndef POSIX_LINUX_SUPERVISE_FILTER_H
#define POSIX_LINUX_SUPERVISE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct seccomp_notif;

/* Installs it in the calling thread, for good, its children included. Returns the listener, or
 * -errno: -EBUSY when an outer filter has one already. */
int supervise_filter_install(void);

/* Whether programs of this ELF machine (e_machine) are filtered: the calls of others pass unseen.
 */
bool supervise_filter_knows(uint16_t machine);

/* Whether a notification is of a program whose structures are those of 32 bits, on 64 bits. */
bool supervise_filter_is_compat(uint32_t arch);

#endif
