/*
 * The machine that this one runs in: Windows around WSL, the host around a container. Programs may
 * call it `windows` or `host`, where these are no names that are known. On Windows `windows` is
 * that one itself. Implemented in posix/linux/host_machine.c and win32/host_machine.c.
 */
#ifndef COMMON_SEAM_HOST_MACHINE_H
#define COMMON_SEAM_HOST_MACHINE_H

#include <stdbool.h>

enum { HOST_MACHINE_ADDRESS_MAX = 64 };

/* Whether it is called by this name. */
bool host_machine_is_meant(const char *name);

/*
 * Its address, a number, for a name that means it, and what that is of, for people. Blocks, as it
 * looks names up. Returns 0; -EEXIST where the name is one that is known: then it is what it is;
 * -ENOENT where nothing says which machine that would be. From any thread.
 */
int host_machine_find(const char *name, char address[static HOST_MACHINE_ADDRESS_MAX],
                      const char **of);

#endif
