/*
 * What every program needs of its operating system beyond C and libevent: process set-up, requests
 * to stop, sockets that behave alike. Implemented in posix/os.c and win32/os.c. The declarations of
 * sockets themselves come with <event2/util.h>, under equal names on all systems.
 */
#ifndef COMMON_SEAM_OS_H
#define COMMON_SEAM_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <event2/util.h>

struct event_base;

/* Readies the process: a peer that has gone raises no signal, arguments are UTF-8, sockets work.
 * Called first in main. Returns 0 or -errno. */
int os_init(int *argc, char ***argv);

/* Lets the process have as many descriptors as the system allows it, at most 65536. Returns how
 * many that are. For a program that starts no others: they would inherit it. */
size_t os_raise_descriptor_limit(void);

#endif
