/*
 * The first things a program does: it becomes a process that behaves alike on all systems.
 * Implemented in posix/startup.c and win32/startup.c.
 */
#ifndef COMMON_SEAM_STARTUP_H
#define COMMON_SEAM_STARTUP_H

#include <stddef.h>

/* Readies the process: a peer that has gone raises no signal, arguments are UTF-8, sockets work.
 * Called first in main. Returns 0 or -errno. */
int startup_init(int *argc, char ***argv);

/* Lets the process have as many descriptors as the system allows it, at most 65536. Returns how
 * many that are. For a program that starts no others: they would inherit it. */
size_t startup_raise_descriptor_limit(void);

/* Has `tell` called with a sentence, which says where, before the system does with a crash whatever
 * it does. Where the system's report says it all (a core dump), nothing is told. */
void startup_tell_crash(void (*tell)(const char *sentence));

#endif
