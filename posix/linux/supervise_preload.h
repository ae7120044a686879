/*
 * The library that programs get where no filter is available (client/preload).
 */
#ifndef POSIX_LINUX_SUPERVISE_PRELOAD_H
#define POSIX_LINUX_SUPERVISE_PRELOAD_H

/* Has what this process executes load it, if it is found. */
void supervise_preload_set(void);

#endif
