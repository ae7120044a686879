/*
 * Sockets on Windows; see common/seam/socket.h.
 */
#include "socket.h"

#include <limits.h>

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <windows.h>

#include "win_error.h"

enum { LOOPBACK_NET = 127 };

int socket_error(void)
{
    return win_error_errno((unsigned long)WSAGetLastError());
}

int socket_address(evutil_socket_t fd, bool of_peer, struct sockaddr_storage *address)
{
    struct sockaddr *sa = (struct sockaddr *)address;
    int len = sizeof *address;
    int r = of_peer ? getpeername((SOCKET)fd, sa, &len) : getsockname((SOCKET)fd, sa, &len);

    return r < 0 ? -socket_error() : 0;
}

static int int_of(size_t len)
{
    return len > INT_MAX ? INT_MAX : (int)len;
}

int socket_recv(evutil_socket_t fd, void *data, size_t len)
{
    int n = recv((SOCKET)fd, data, int_of(len), 0);

    return n >= 0 ? n : -socket_error();
}

int socket_recv_two(evutil_socket_t fd, void *first, size_t first_len, void *second,
                    size_t second_len)
{
    WSABUF parts[] = {{(ULONG)int_of(first_len), first}, {(ULONG)int_of(second_len), second}};
    DWORD received = 0, flags = 0;
    int r = WSARecv((SOCKET)fd, parts, 2, &received, &flags, NULL, NULL);

    return r == 0 ? (int)received : -socket_error();
}

int socket_send(evutil_socket_t fd, const void *data, size_t len)
{
    int n = send((SOCKET)fd, data, int_of(len), 0);

    return n >= 0 ? n : -socket_error();
}

void socket_shut_down_sending(evutil_socket_t fd)
{
    /* fails only where the connection is gone, which reading will tell */
    (void)shutdown((SOCKET)fd, SD_SEND);
}

void socket_reset_at_close(evutil_socket_t fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt((SOCKET)fd, SOL_SOCKET, SO_LINGER, (const void *)&at_once, sizeof at_once);
}

/* Without SO_EXCLUSIVEADDRUSE one program may listen at an address, and another one at all
 * addresses with the same port: clients reach the one or the other ("Using SO_REUSEADDR and
 * SO_EXCLUSIVEADDRUSE", Winsock). Connections that are closing do not keep the port. */
static int bind_to(SOCKET s, const struct sockaddr *sa, size_t len)
{
    const DWORD on = 1;

    if (setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&on, sizeof on) < 0)
        return -socket_error();
    if (sa->sa_family == AF_INET6 &&
        setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&on, sizeof on) < 0)
        return -socket_error();
    return bind(s, sa, (int)len) < 0 ? -socket_error() : 0;
}

static SOCKET new_socket(int family)
{
    SOCKET s = WSASocketW(family, SOCK_STREAM, 0, NULL, 0,
                          WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);

    if (s != INVALID_SOCKET)
        evutil_make_socket_nonblocking((evutil_socket_t)s);
    return s;
}

/* Makes a socket with this address. Returns 0 or -errno. */
static int make_bound(const struct sockaddr *sa, size_t len, SOCKET *s)
{
    *s = new_socket(sa->sa_family);
    if (*s == INVALID_SOCKET)
        return -socket_error();
    int r = bind_to(*s, sa, len);
    if (r < 0)
        closesocket(*s);
    return r;
}

evutil_socket_t socket_listen(const struct sockaddr *sa, size_t len, int backlog)
{
    SOCKET s;
    int r = make_bound(sa, len, &s);

    if (r < 0)
        return r;
    if (listen(s, backlog) == 0)
        return (evutil_socket_t)s;
    r = -socket_error();
    closesocket(s);
    return r;
}

int socket_may_listen(const struct sockaddr *sa, size_t len)
{
    SOCKET s;
    int r = make_bound(sa, len, &s);

    if (r == 0)
        closesocket(s);
    return r;
}

static bool is_loopback(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr) >> 24 ==
               LOOPBACK_NET;
    return sa->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

/* Windows asks a port that has refused twice more, for two seconds in all. Of this machine once is
 * enough (TCP_INITIAL_RTO_PARAMETERS, mstcpip.h). An older Windows does as it is used to. */
static void ask_once(SOCKET s)
{
    TCP_INITIAL_RTO_PARAMETERS once = {
        .Rtt = TCP_INITIAL_RTO_UNSPECIFIED_RTT,
        .MaxSynRetransmissions = TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS,
    };
    DWORD unused = 0;

    (void)WSAIoctl(s, SIO_TCP_INITIAL_RTO, &once, sizeof once, NULL, 0, &unused, NULL, NULL);
}

evutil_socket_t socket_connect(const struct sockaddr *sa, size_t len)
{
    SOCKET s = new_socket(sa->sa_family);

    if (s == INVALID_SOCKET)
        return -socket_error();
    if (is_loopback(sa))
        ask_once(s);
    if (connect(s, sa, (int)len) < 0 && WSAGetLastError() != WSAEWOULDBLOCK) {
        int error = socket_error();

        closesocket(s);
        return -error;
    }
    return (evutil_socket_t)s;
}

int socket_connect_result(evutil_socket_t fd)
{
    int error = 0;
    int len = sizeof error;

    if (getsockopt((SOCKET)fd, SOL_SOCKET, SO_ERROR, (char *)&error, &len) < 0)
        return -socket_error();
    return error ? -win_error_errno((unsigned long)error) : 0;
}
