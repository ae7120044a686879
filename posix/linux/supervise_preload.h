/*
 * The library that programs are given where no filter can be had (client/preload).
 */
#ifndef POSIX_LINUX_SUPERVISE_PRELOAD_H
#define POSIX_LINUX_SUPERVISE_PRELOAD_H

/* Has what this process executes load it, if it is found. */
void supervise_preload_set(void);

#endif
