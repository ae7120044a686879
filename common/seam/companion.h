/*
 * A program in the background, for as long as the process lives that has started ours, whatever
 * program that becomes. It is for hooks of container engines: such a hook is started by the process
 * that will be the container's program. Implemented in posix/linux/companion.c.
 */
#ifndef COMMON_SEAM_COMPANION_H
#define COMMON_SEAM_COMPANION_H

#include <stdbool.h>

/* Starts this program again, with other arguments, in a session of its own: it has no input, and
 * what it says goes to the file at `log`. It gets SIGTERM once our parent has ended, and needs
 * nothing of ours. Returns the number of a process of ours that watches over it, or -errno. */
int companion_start(char *const argv[], const char *log);

/* Whether it has ended, and then its exit status, as a shell has it. */
bool companion_has_ended(int watcher, int *status);

/* Ends it. */
void companion_stop(int watcher);

#endif
