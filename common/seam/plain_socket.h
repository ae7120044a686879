/*
 * Sockets for callers that have no loop, and wait for a limited time. They are also for code in
 * other people's programs: the POSIX implementation needs nothing but the C library, prints
 * nothing, and its descriptors are closed by exec. From any thread. Implemented in
 * posix/plain_socket.c and win32/plain_socket.c.
 */
#ifndef COMMON_SEAM_PLAIN_SOCKET_H
#define COMMON_SEAM_PLAIN_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

enum { PLAIN_ADDRESS_SIZE = 128, PLAIN_ADDRESS_TEXT_MAX = 64 };

/* The system's struct sockaddr, of any family. Unused bytes are 0, so that equal ones compare
 * equal.
 */
struct plain_address {
    _Alignas(8) unsigned char sockaddr[PLAIN_ADDRESS_SIZE];
    size_t len;
};

/* Looks up at most `most` addresses. `numeric`: the host is one, and nobody is asked; otherwise it
 * takes as long as the system likes. Returns how many, -ENOENT where there are none, or -ENOMEM. */
int plain_address_find(const char *host, const char *port, bool numeric, struct plain_address *list,
                       int most);

/* Writes it as a number, without the port. Returns 0 or -EINVAL. */
int plain_address_text(const struct plain_address *a, char text[static PLAIN_ADDRESS_TEXT_MAX]);

/* Connects, in so many milliseconds, and sees to it that a dead peer is noticed within 15 s.
 * Returns a socket, which is non-blocking and the caller's, or -errno: -ETIMEDOUT when the time is
 * over. (Windows's sockets fit an int: "Interprocess Communication", Win32.) */
int plain_socket_connect(const struct plain_address *to, int ms);

/* Waits so many milliseconds until something can be received, or be sent. Returns 0, -ETIMEDOUT or
 * another -errno. */
int plain_socket_wait(int fd, bool to_send, int ms);

/* Receives what has come, at most `len` bytes. Returns how many, 0 when the peer has closed, or
 * -errno: -EAGAIN when there is nothing now. */
int plain_socket_recv(int fd, void *data, size_t len);

/* The same for the first byte, which stays. */
int plain_socket_peek(int fd);

/* Sends what the system takes now. Returns how many bytes, or -errno: -EAGAIN when it takes none.
 */
int plain_socket_send(int fd, const void *data, size_t len);

void plain_socket_close(int fd);

#endif
