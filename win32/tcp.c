/*
 * TCP connections on Windows; see common/seam/tcp.h.
 */
#include "tcp.h"

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <windows.h>
#include <iphlpapi.h>

#include "socket.h"
#include "tcp_table.h"

enum {
    UNDER_WAY_MAX = 128 * 1024, /* bytes, at each end */
    KEEPALIVE_IDLE_MS = 5000,
    KEEPALIVE_INTERVAL_MS = 1000, /* ten of them: Windows fixes the count. 5 + 10 = 15 s */
    SILENT_S = 6,                 /* while something is under way */
    LOOPBACK_NET = 127,
};

#ifndef TCP_MAXRT
#define TCP_MAXRT 5
#endif

static void set_option(evutil_socket_t fd, int level, int name, DWORD value)
{
    /* fails for sockets that are not TCP, which need none of it, and on old systems */
    (void)setsockopt((SOCKET)fd, level, name, (const char *)&value, sizeof value);
}

static bool has_peer_here(evutil_socket_t fd)
{
    struct sockaddr_storage storage;
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)(const void *)&storage;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)&storage;

    if (socket_address(fd, true, &storage) < 0)
        return false;
    if (storage.ss_family == AF_INET)
        return (ntohl(in4->sin_addr.s_addr) >> 24) == LOOPBACK_NET;
    return storage.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

void tcp_tune(evutil_socket_t fd, bool slow)
{
    /* in WSL's mirrored networks its keepalives are not answered although the peer lives
     * (microsoft/WSL#10741): usbipd-win leaves them out for loopback, too */
    struct tcp_keepalive keepalive = {
        .onoff = !has_peer_here(fd),
        .keepalivetime = KEEPALIVE_IDLE_MS,
        .keepaliveinterval = KEEPALIVE_INTERVAL_MS,
    };
    DWORD unused = 0;

    set_option(fd, IPPROTO_TCP, TCP_NODELAY, TRUE);
    /* left to itself Windows keeps as much under way as the network allows: minutes of a slow
     * serial line, which no flush can call back */
    if (slow) {
        set_option(fd, SOL_SOCKET, SO_SNDBUF, UNDER_WAY_MAX);
        set_option(fd, SOL_SOCKET, SO_RCVBUF, UNDER_WAY_MAX);
    }
    set_option(fd, IPPROTO_TCP, TCP_MAXRT, SILENT_S);
    (void)WSAIoctl((SOCKET)fd, SIO_KEEPALIVE_VALS, &keepalive, sizeof keepalive, NULL, 0, &unused,
                   NULL, NULL);
}

bool tcp_is_dead(evutil_socket_t fd)
{
    (void)fd;
    /* TCP_MAXRT has Windows itself end a connection whose retransmissions are not answered */
    return false;
}

unsigned tcp_silence_ms(evutil_socket_t fd)
{
    (void)fd;
    return 0; /* the same */
}

bool tcp_peer_has_closed(evutil_socket_t fd)
{
    int state = tcp_table_state(fd);

    return state == MIB_TCP_STATE_CLOSE_WAIT || state == MIB_TCP_STATE_CLOSED || state == 0;
}

bool tcp_is_reset(evutil_socket_t fd)
{
    int state = tcp_table_state(fd);

    return state == MIB_TCP_STATE_CLOSED || state == 0;
}

size_t tcp_unacknowledged(evutil_socket_t fd)
{
    TCP_INFO_v0 info;
    DWORD version = 0, len = 0;

    if (WSAIoctl((SOCKET)fd, SIO_TCP_INFO, &version, sizeof version, &info, sizeof info, &len, NULL,
                 NULL) != 0 ||
        len < sizeof info)
        return 0;
    return info.BytesInFlight;
}
