/*
 * Sockets in Linux's abstract name space (unix(7)), for programs of the same machine. No folder has
 * to be writable, no file is left over, and no file's permissions are in front of one. They belong
 * to a network name space.
 */
#ifndef POSIX_LINUX_NAMED_SOCKET_H
#define POSIX_LINUX_NAMED_SOCKET_H

#include <stdbool.h>

#include <sys/socket.h>
#include <sys/un.h>

enum { NAMED_SOCKET_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) + 1 };

/* Makes a socket that has the unique name "@PREFIX-PID-RANDOM", which it writes to `name`, and does
 * not listen yet. It does not block. Returns it or -errno. */
int named_socket_new(const char *prefix, char name[static NAMED_SOCKET_MAX]);

/* Connects to a socket without waiting: the process that listens there may be stopped, and its
 * queue full (-EAGAIN). Returns a socket that blocks, or -errno. */
int named_socket_connect(const char *name);

/* The same to any address of a local socket, a file's too. */
int named_socket_connect_to(const struct sockaddr_un *un, socklen_t len);

/* Calls `take` with the name of each one that listens and has the prefix, until that returns false.
 * Anybody may have made one. */
void named_socket_each(const char *prefix, bool (*take)(void *ctx, const char *name), void *ctx);

#endif
