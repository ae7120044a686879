/*
 * Sockets for programs of the same machine. Each link of net2pty has a hidden control socket beside
 * it: ".ttyS5.net2pty" beside "ttyS5", as programs look for ttyS*. Each COMMAND of net2pty has a
 * socket without a file. Implemented in posix/local_socket.c.
 */
#ifndef COMMON_SEAM_LOCAL_SOCKET_H
#define COMMON_SEAM_LOCAL_SOCKET_H

#include <stdbool.h>

#include <event2/util.h>

struct event_base;
struct local_socket;

enum { LOCAL_SOCKET_ERROR_MAX = 512 };

/*
 * Listens beside `link`; `accepted` gets each connection's socket, non-blocking, and owns it.
 * Processes of other users are turned away, but root's, whatever the umask is. When somebody
 * removes the socket, or its folder, it is made again. `*stale` tells that a socket without a
 * process was there: the link beside it is left over from a net2pty that was killed. Fails with
 * -EADDRINUSE if a living one serves the link. Returns NULL with the errno, negative, in `*r` and
 * what is wrong in `error`.
 */
struct local_socket *local_socket_listen(struct event_base *base, const char *link,
                                         void (*accepted)(void *ctx, evutil_socket_t fd), void *ctx,
                                         bool *stale, int *r,
                                         char error[static LOCAL_SOCKET_ERROR_MAX]);

/*
 * Listens under a unique name in Linux's abstract name space (unix(7)). No folder has to be
 * writable, and no file is left over. Processes of other users are turned away. Returns NULL with
 * the reason in `error`.
 */
struct local_socket *local_socket_listen_named(struct event_base *base,
                                               void (*accepted)(void *ctx, evutil_socket_t fd),
                                               void *ctx,
                                               char error[static LOCAL_SOCKET_ERROR_MAX]);

/* That name, "@" in front. */
const char *local_socket_name(const struct local_socket *l);

/* Stops listening and removes the socket, but none of others. Accepts NULL. */
void local_socket_free(struct local_socket *l);

enum { LOCAL_SOCKET_PATH_MAX = 4096 };

/* The path of `link` from the root, its folder's symbolic links resolved. Returns 0 or -errno. */
int local_socket_absolute(const char *link, char path[static LOCAL_SOCKET_PATH_MAX]);

/* Connects to the socket beside `link`. Returns it, blocking, or -errno. -EAGAIN: so many wait
 * there that it would have to wait, too. -EKEYREJECTED: a stranger's socket. A stranger is neither
 * we nor root nor, when we are root, the link's owner. */
evutil_socket_t local_socket_connect(const char *link);

/* The same to the one of that name, ours or root's. */
evutil_socket_t local_socket_connect_named(const char *name);

/* Calls `take` with each link in `folder` that has a socket beside it, living or not. */
void local_socket_each(const char *folder, void (*take)(void *ctx, const char *link), void *ctx);

/* Has receiving from a blocking socket end with -EAGAIN when nothing has come for so long. Returns
 * 0 or -errno. */
int local_socket_limit(evutil_socket_t fd, unsigned ms);

#endif
