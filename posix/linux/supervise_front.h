/*
 * The messages of supervise.c to the process in front.
 */
#ifndef POSIX_LINUX_SUPERVISE_FRONT_H
#define POSIX_LINUX_SUPERVISE_FRONT_H

#include <sys/types.h>

/* The process group that the front, and so COMMAND, was started in. */
pid_t supervise_front_group(void);

/* Signals are for this process from now on. */
void supervise_front_follow(pid_t pid);

#endif
