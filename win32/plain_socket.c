/*
 * Sockets for callers without a loop, on Windows; see common/seam/plain_socket.h.
 */
#include "plain_socket.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#include "socket.h"
#include "tcp.h"
#include "utf8.h"
#include "win_error.h"

_Static_assert(sizeof(struct sockaddr_storage) <= PLAIN_ADDRESS_SIZE, "any address has room");

static int take(const ADDRINFOW *all, struct plain_address *list, int most)
{
    int n = 0;

    for (const ADDRINFOW *a = all; a && n < most; a = a->ai_next) {
        if (a->ai_addrlen > sizeof list[n].sockaddr)
            continue;
        memset(&list[n], 0, sizeof list[n]);
        memcpy(list[n].sockaddr, a->ai_addr, a->ai_addrlen);
        list[n++].len = a->ai_addrlen;
    }
    return n > 0 ? n : -ENOENT;
}

int plain_address_find(const char *host, const char *port, bool numeric, struct plain_address *list,
                       int most)
{
    const ADDRINFOW hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = numeric ? AI_NUMERICHOST | AI_NUMERICSERV : 0};
    WCHAR *wide_host = utf8_new_wide(host), *wide_port = utf8_new_wide(port);
    ADDRINFOW *all = NULL;
    int n = -ENOMEM;

    if (wide_host && wide_port) {
        const int r = GetAddrInfoW(wide_host, wide_port, &hints, &all);

        if (r != WSA_NOT_ENOUGH_MEMORY)
            n = r == 0 ? take(all, list, most) : -ENOENT;
        if (r == 0)
            FreeAddrInfoW(all);
    }
    free(wide_host);
    free(wide_port);
    return n;
}

int plain_address_text(const struct plain_address *a, char text[static PLAIN_ADDRESS_TEXT_MAX])
{
    WCHAR wide[PLAIN_ADDRESS_TEXT_MAX];
    const int r =
        GetNameInfoW((const struct sockaddr *)(const void *)a->sockaddr, (socklen_t)a->len, wide,
                     PLAIN_ADDRESS_TEXT_MAX, NULL, 0, NI_NUMERICHOST);

    if (r != 0)
        return -EINVAL;
    utf8_from_wide(wide, text, PLAIN_ADDRESS_TEXT_MAX);
    return 0;
}

/* --- connecting ------------------------------------------------------------------------------- */

/* EIO is what an error that has no number here becomes; it is none of a socket's. */
static int result_of(int r)
{
    return r == -EIO ? -ECONNABORTED : r;
}

static bool is_own_peer(evutil_socket_t fd)
{
    struct sockaddr_storage ours = {0}, theirs = {0};

    return socket_address(fd, false, &ours) == 0 && socket_address(fd, true, &theirs) == 0 &&
           memcmp(&ours, &theirs, sizeof ours) == 0;
}

int plain_socket_connect(const struct plain_address *to, int ms)
{
    const evutil_socket_t fd =
        socket_connect((const struct sockaddr *)(const void *)to->sockaddr, to->len);

    if (fd < 0)
        return result_of((int)fd);
    int r = plain_socket_wait((int)fd, true, ms);
    if (r == 0)
        r = result_of(socket_connect_result(fd));
    if (r == 0 && is_own_peer(fd))
        r = -ECONNREFUSED;
    if (r < 0) {
        plain_socket_close((int)fd);
        return r;
    }
    tcp_tune(fd, false);
    return (int)fd;
}

/* --- traffic ---------------------------------------------------------------------------------- */

static SOCKET socket_of(int fd)
{
    return (SOCKET)(uint32_t)fd;
}

/* A connection that fails shows among the exceptions only (select, Winsock). */
int plain_socket_wait(int fd, bool to_send, int ms)
{
    TIMEVAL time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    fd_set wanted, failed;

    FD_ZERO(&wanted);
    FD_ZERO(&failed);
    FD_SET(socket_of(fd), &wanted);
    FD_SET(socket_of(fd), &failed);
    const int r = select(0, to_send ? NULL : &wanted, to_send ? &wanted : NULL, &failed, &time);
    if (r > 0)
        return 0;
    return r == 0 ? -ETIMEDOUT : result_of(-socket_error());
}

int plain_socket_recv(int fd, void *data, size_t len)
{
    return result_of(socket_recv((evutil_socket_t)socket_of(fd), data, len));
}

int plain_socket_peek(int fd)
{
    char byte;
    const int n = recv(socket_of(fd), &byte, 1, MSG_PEEK);

    return n >= 0 ? n : result_of(-socket_error());
}

int plain_socket_send(int fd, const void *data, size_t len)
{
    return result_of(socket_send((evutil_socket_t)socket_of(fd), data, len));
}

void plain_socket_close(int fd)
{
    closesocket(socket_of(fd));
}
