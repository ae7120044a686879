/*
 * Sockets for callers without a loop, on POSIX systems; see common/seam/plain_socket.h.
 */
#include "plain_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum { KEEPALIVE_S = 5, KEEPALIVE_PROBES = 2 /* 15 s */ };

_Static_assert(sizeof(struct sockaddr_storage) <= PLAIN_ADDRESS_SIZE, "any address has room");

int plain_address_find(const char *host, const char *port, bool numeric, struct plain_address *list,
                       int most)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = numeric ? AI_NUMERICHOST | AI_NUMERICSERV : 0};
    struct addrinfo *all;
    int n = 0, r = getaddrinfo(host, port, &hints, &all);

    if (r != 0)
        return r == EAI_MEMORY ? -ENOMEM : -ENOENT;
    for (const struct addrinfo *a = all; a && n < most; a = a->ai_next) {
        if (a->ai_addrlen > sizeof list[n].sockaddr)
            continue;
        memset(&list[n], 0, sizeof list[n]);
        memcpy(list[n].sockaddr, a->ai_addr, a->ai_addrlen);
        list[n++].len = a->ai_addrlen;
    }
    freeaddrinfo(all);
    return n > 0 ? n : -ENOENT;
}

int plain_address_text(const struct plain_address *a, char text[static PLAIN_ADDRESS_TEXT_MAX])
{
    return getnameinfo((const struct sockaddr *)(const void *)a->sockaddr, (socklen_t)a->len, text,
                       PLAIN_ADDRESS_TEXT_MAX, NULL, 0, NI_NUMERICHOST) == 0
               ? 0
               : -EINVAL;
}

/* --- connecting ------------------------------------------------------------------------------- */

static void tune(int fd)
{
    const int on = 1, idle = KEEPALIVE_S, interval = KEEPALIVE_S, probes = KEEPALIVE_PROBES;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef TCP_KEEPIDLE
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
#endif
}

/* Whether a socket is connected to itself: nobody listens, and the system has given it the very
 * port that it calls. */
static bool is_own_peer(int fd)
{
    struct sockaddr_storage ours = {0}, theirs = {0};
    socklen_t ours_len = sizeof ours, theirs_len = sizeof theirs;

    return getsockname(fd, (struct sockaddr *)&ours, &ours_len) == 0 &&
           getpeername(fd, (struct sockaddr *)&theirs, &theirs_len) == 0 &&
           ours_len == theirs_len && memcmp(&ours, &theirs, ours_len) == 0;
}

int plain_socket_connect(const struct plain_address *to, int ms)
{
    const struct sockaddr *sa = (const struct sockaddr *)(const void *)to->sockaddr;
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = 0;
    socklen_t len = sizeof error;

    if (fd < 0)
        return -errno;
    int r = connect(fd, sa, (socklen_t)to->len) < 0 ? -errno : 0;
    if (r == -EINPROGRESS || r == -EINTR) {
        r = plain_socket_wait(fd, true, ms);
        if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0)
            r = -error;
    }
    if (r == 0 && is_own_peer(fd))
        r = -ECONNREFUSED;
    if (r < 0) {
        close(fd);
        return r;
    }
    tune(fd);
    return fd;
}

/* --- traffic ---------------------------------------------------------------------------------- */

int plain_socket_wait(int fd, bool to_send, int ms)
{
    const long long deadline = (long long)clock_now_ms() + ms;
    struct pollfd p = {fd, to_send ? POLLOUT : POLLIN, 0};

    for (;;) {
        long long left = deadline - (long long)clock_now_ms();
        int r = left > 0 ? poll(&p, 1, (int)left) : 0;

        if (r > 0)
            return 0;
        if (r == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

static int result_of(ssize_t n)
{
    if (n >= 0)
        return (int)n;
    return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
}

int plain_socket_recv(int fd, void *data, size_t len)
{
    return result_of(recv(fd, data, len, 0));
}

int plain_socket_peek(int fd)
{
    char byte;

    return result_of(recv(fd, &byte, 1, MSG_PEEK));
}

int plain_socket_send(int fd, const void *data, size_t len)
{
    return result_of(send(fd, data, len, MSG_NOSIGNAL));
}

void plain_socket_close(int fd)
{
    close(fd);
}
