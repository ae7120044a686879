/*
 * Sockets on POSIX systems; see common/seam/socket.h.
 */
#include "socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int result_of(ssize_t n)
{
    if (n >= 0)
        return (int)n;
    return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
}

int socket_error(void)
{
    return errno;
}

int socket_address(evutil_socket_t fd, bool of_peer, struct sockaddr_storage *address)
{
    struct sockaddr *sa = (struct sockaddr *)address;
    socklen_t len = sizeof *address;

    return (of_peer ? getpeername(fd, sa, &len) : getsockname(fd, sa, &len)) < 0 ? -errno : 0;
}

int socket_recv(evutil_socket_t fd, void *data, size_t len)
{
    return result_of(recv(fd, data, len, 0));
}

int socket_recv_two(evutil_socket_t fd, void *first, size_t first_len, void *second,
                    size_t second_len)
{
    const struct iovec parts[] = {{first, first_len}, {second, second_len}};

    return result_of(readv(fd, parts, 2));
}

int socket_send(evutil_socket_t fd, const void *data, size_t len)
{
    return result_of(send(fd, data, len, MSG_NOSIGNAL));
}

void socket_shut_down_sending(evutil_socket_t fd)
{
    /* fails only where the connection is gone, which reading will tell */
    (void)shutdown(fd, SHUT_WR);
}

void socket_reset_at_close(evutil_socket_t fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, (const void *)&at_once, sizeof at_once);
}

/* SO_REUSEADDR (socket(7)): connections in TIME_WAIT do not keep the port, listeners do. */
static int bind_to(int fd, const struct sockaddr *sa, size_t len)
{
    const int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        return -errno;
    if (sa->sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
        return -errno;
    return bind(fd, sa, (socklen_t)len) < 0 ? -errno : 0;
}

/* Makes a socket with this address. Returns it, or -errno. */
static int new_bound(const struct sockaddr *sa, size_t len)
{
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    int r = bind_to(fd, sa, len);
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

evutil_socket_t socket_listen(const struct sockaddr *sa, size_t len, int backlog)
{
    int fd = new_bound(sa, len);

    if (fd < 0 || listen(fd, backlog) == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

int socket_may_listen(const struct sockaddr *sa, size_t len)
{
    int fd = new_bound(sa, len);

    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

evutil_socket_t socket_connect(const struct sockaddr *sa, size_t len)
{
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (connect(fd, sa, (socklen_t)len) < 0 && errno != EINPROGRESS) {
        int error = errno;

        close(fd);
        return -error;
    }
    return fd;
}

int socket_connect_result(evutil_socket_t fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return -errno;
    return -error;
}
