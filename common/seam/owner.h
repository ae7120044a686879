/*
 * The owner of a resource that we want: the process that listens on a port, or that has a file
 * open. Implemented in posix/linux/owner.c and win32/owner.c.
 */
#ifndef COMMON_SEAM_OWNER_H
#define COMMON_SEAM_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names the process that listens on TCP port `port`, or on that of IPv6 only, as "name (pid N)".
 * Returns 0, or -ENOENT when the system does not tell us. */
int owner_of_port(uint16_t port, bool ipv6_only, char *name, size_t size);

/* Names another process that has the file at `path` open, as "name (pid N)". Of several it names a
 * com2net, as others, such as an emulator, need not have it exclusively. Returns 0, or -ENOENT when
 * there is none or the system does not tell us. */
int owner_of_file(const char *path, char *name, size_t size);

#endif
