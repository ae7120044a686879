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

/* Calls `stop` on the loop thread when the user or the system wants the program to end (Ctrl-C,
 * SIGTERM, SIGHUP; on Windows Ctrl-C, Ctrl-Break, the console's close, a service's stop), and
 * `report`, unless it is NULL, when somebody asks for a report of its state (SIGUSR1; on Windows
 * control 128 of a service). Returns 0 or -errno. */
int os_watch_requests(struct event_base *base, void (*stop)(void *ctx), void (*report)(void *ctx),
                      void *ctx);

/* Ends the watch; must come before the base is freed. */
void os_unwatch_requests(void);

/* Lets the process have as many descriptors as the system allows it, at most 65536. Returns how
 * many that are. For a program that starts no others: they would inherit it. */
size_t os_raise_descriptor_limit(void);

#endif
