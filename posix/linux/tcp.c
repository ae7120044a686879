/*
 * TCP connections on Linux; see common/seam/tcp.h.
 */
#define _GNU_SOURCE /* struct tcp_info, with musl; POLLRDHUP */
#include "tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include "os_ioctl.h"

enum {
    UNDER_WAY_MAX = 128 * 1024, /* bytes, at each end */
    KEEPALIVE_IDLE_S = 5,
    KEEPALIVE_INTERVAL_S = 5,
    KEEPALIVE_COUNT = 2, /* 5 + 2 * 5 = 15 s */
    DEAD_AFTER_MS = 15000,
    SILENT_PROBES = 3, /* of a closed window, unanswered */
    DEAD_PROBES = 6,   /* of a closed window, unanswered: 0.2 s and doubling, so 12.6 s */
};

static void set_option(int fd, int level, int name, int value)
{
    /* fails for sockets that are not TCP, which need none of it */
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

void tcp_tune(evutil_socket_t fd, bool slow)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    /* left to itself the kernel keeps megabytes under way: minutes of a slow serial line, which no
     * flush can call back */
    if (slow) {
        set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNDER_WAY_MAX);
        set_option(fd, SOL_SOCKET, SO_RCVBUF, UNDER_WAY_MAX);
    }
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
}

bool tcp_is_dead(evutil_socket_t fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    /* TCP_USER_TIMEOUT would do it, but also ends a peer that lives and does not read */
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return false;
    return (info.tcpi_unacked > 0 || info.tcpi_probes >= DEAD_PROBES) &&
           info.tcpi_last_ack_recv > DEAD_AFTER_MS;
}

unsigned tcp_silence_ms(evutil_socket_t fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return 0;
    return info.tcpi_unacked > 0 || info.tcpi_probes >= SILENT_PROBES ? info.tcpi_last_ack_recv : 0;
}

bool tcp_peer_has_closed(evutil_socket_t fd)
{
    struct pollfd other = {.fd = fd, .events = POLLRDHUP}; /* a socket that is not TCP */
    struct tcp_info info;
    socklen_t len = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return poll(&other, 1, 0) > 0 && (other.revents & (POLLRDHUP | POLLHUP));
    return info.tcpi_state == TCP_CLOSE_WAIT || info.tcpi_state == TCP_CLOSE;
}

bool tcp_is_reset(evutil_socket_t fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && info.tcpi_state == TCP_CLOSE;
}

size_t tcp_unacknowledged(evutil_socket_t fd)
{
    int bytes = 0;

    if (os_ioctl(fd, SIOCOUTQ, &bytes) < 0 || bytes < 0)
        return 0;
    return (size_t)bytes;
}
