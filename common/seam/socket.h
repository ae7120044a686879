/*
 * Sockets that behave alike on all systems. None of these calls blocks. <event2/util.h> has the
 * other calls that a socket needs, under equal names on all systems. Implemented in posix/socket.c
 * and win32/socket.c.
 */
#ifndef COMMON_SEAM_SOCKET_H
#define COMMON_SEAM_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/util.h>

/* The errno, positive, of the last of the calls that sockets share by name (bind, accept, ...). */
int socket_error(void);

/* The address of a socket's own end, or of its peer's. Returns 0 or -errno. */
int socket_address(evutil_socket_t fd, bool of_peer, struct sockaddr_storage *address);

/* Receives at most `len` bytes. Returns how many, 0 when the peer has closed, or -errno: -EAGAIN
 * when the kernel has no bytes now. */
int socket_recv(evutil_socket_t fd, void *data, size_t len);

/* Receives into two places, the second one when the first is full. Returns as socket_recv does. */
int socket_recv_two(evutil_socket_t fd, void *first, size_t first_len, void *second,
                    size_t second_len);

/* Sends at most `len` bytes. Returns how many, or -errno: -EAGAIN when the kernel takes nothing
 * now. */
int socket_send(evutil_socket_t fd, const void *data, size_t len);

/* Tells the peer that nothing more will come; receiving continues. */
void socket_shut_down_sending(evutil_socket_t fd);

/* Has the socket's close reset the connection. Bytes under way are not sent any more, and the peer
 * does not take it for an orderly end. */
void socket_reset_at_close(evutil_socket_t fd);

/* Makes a non-blocking socket that listens at the address; an IPv6 one does not listen over IPv4.
 * It is the caller's. A port that another socket listens on is refused (-EADDRINUSE; Windows says
 * -EACCES where that is another account's), also where the two addresses differ, but one of them
 * includes the other. A port that has connections of an earlier listener only can be had. Returns
 * it, or -errno. */
evutil_socket_t socket_listen(const struct sockaddr *sa, size_t len, int backlog);

/* Whether socket_listen could listen there now. Nobody can connect meanwhile, and a system's
 * firewall asks nobody. Returns 0 or -errno. */
int socket_may_listen(const struct sockaddr *sa, size_t len);

/* Begins to connect a new non-blocking socket, which is the caller's. Returns it, or -errno. It
 * becomes writable when socket_connect_result has an answer. */
evutil_socket_t socket_connect(const struct sockaddr *sa, size_t len);

/* How the connecting has ended: 0 or -errno. */
int socket_connect_result(evutil_socket_t fd);

#endif
