/*
 * Process and sockets on Windows; see common/seam/os.h. Requests to end are requests.c's.
 */
#include "os.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <iphlpapi.h>
#include <shellapi.h>

#include "error_text.h"
#include "tcp_table.h"
#include "utf8.h"
#include "win_error.h"

enum {
    SOCKETS_MAX = 4096, /* the system has no limit; so many fit a turn of its select */
    PATH_TEXT_MAX = 512,
};

/* --- process ----------------------------------------------------------------------------- */

static UINT console_before;

static void put_console_back(void)
{
    SetConsoleOutputCP(console_before);
}

/* The command line as UTF-8, whatever the code page is. It lives as long as the process. */
static int take_arguments(int *argc, char ***argv)
{
    int count = 0;
    WCHAR **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    char **args = calloc((size_t)count + 1, sizeof *args);

    if (!wide || !args) {
        free(args);
        LocalFree(wide);
        return -ENOMEM;
    }
    for (int i = 0; i < count; i++) {
        args[i] = utf8_new_from_wide(wide[i]);
        if (!args[i])
            return -ENOMEM;
    }
    LocalFree(wide);
    *argc = count;
    *argv = args;
    return 0;
}

int os_init(int *argc, char ***argv)
{
    WSADATA winsock;

    /* no DLL out of the folder one happens to stand in, no box to click away in a service */
    SetDllDirectoryW(L"");
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    console_before = GetConsoleOutputCP();
    if (console_before && SetConsoleOutputCP(CP_UTF8))
        atexit(put_console_back);
    int r = WSAStartup(MAKEWORD(2, 2), &winsock);
    if (r != 0) {
        fprintf(stderr, "com2net: Windows has no sockets: %s\n",
                error_text(win_error_errno((unsigned long)r)));
        return -win_error_errno((unsigned long)r);
    }
    return take_arguments(argc, argv);
}

/* --- sockets ----------------------------------------------------------------------------- */

int os_socket_error(void)
{
    return win_error_errno((unsigned long)WSAGetLastError());
}

int os_socket_address(evutil_socket_t fd, bool of_peer, struct sockaddr_storage *address)
{
    struct sockaddr *sa = (struct sockaddr *)address;
    int len = sizeof *address;
    int r = of_peer ? getpeername((SOCKET)fd, sa, &len) : getsockname((SOCKET)fd, sa, &len);

    return r < 0 ? -os_socket_error() : 0;
}

static int int_of(size_t len)
{
    return len > INT_MAX ? INT_MAX : (int)len;
}

int os_recv(evutil_socket_t fd, void *data, size_t len)
{
    int n = recv((SOCKET)fd, data, int_of(len), 0);

    return n >= 0 ? n : -os_socket_error();
}

int os_recv_two(evutil_socket_t fd, void *first, size_t first_len, void *second, size_t second_len)
{
    WSABUF parts[] = {{(ULONG)int_of(first_len), first}, {(ULONG)int_of(second_len), second}};
    DWORD received = 0, flags = 0;
    int r = WSARecv((SOCKET)fd, parts, 2, &received, &flags, NULL, NULL);

    return r == 0 ? (int)received : -os_socket_error();
}

int os_send(evutil_socket_t fd, const void *data, size_t len)
{
    int n = send((SOCKET)fd, data, int_of(len), 0);

    return n >= 0 ? n : -os_socket_error();
}

void os_shut_down_sending(evutil_socket_t fd)
{
    /* fails only where the connection is gone, which reading will tell */
    (void)shutdown((SOCKET)fd, SD_SEND);
}

void os_reset_at_close(evutil_socket_t fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt((SOCKET)fd, SOL_SOCKET, SO_LINGER, (const void *)&at_once, sizeof at_once);
}

evutil_socket_t os_connect(const struct sockaddr *sa, size_t len)
{
    SOCKET s = WSASocketW(sa->sa_family, SOCK_STREAM, 0, NULL, 0,
                          WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);

    if (s == INVALID_SOCKET)
        return -os_socket_error();
    evutil_make_socket_nonblocking((evutil_socket_t)s);
    if (connect(s, sa, (int)len) < 0 && WSAGetLastError() != WSAEWOULDBLOCK) {
        int error = os_socket_error();

        closesocket(s);
        return -error;
    }
    return (evutil_socket_t)s;
}

int os_connect_result(evutil_socket_t fd)
{
    int error = 0;
    int len = sizeof error;

    if (getsockopt((SOCKET)fd, SOL_SOCKET, SO_ERROR, (char *)&error, &len) < 0)
        return -os_socket_error();
    return error ? -win_error_errno((unsigned long)error) : 0;
}

size_t os_raise_descriptor_limit(void)
{
    return SOCKETS_MAX;
}

/* --- advice --------------------------------------------------------------------------------- */

const char *os_listen_advice(int error)
{
    if (error == EADDRINUSE)
        return "another program has it (`netstat -ano` says which); choose another port, or 0 for "
               "any";
    if (error == EACCES)
        return "Windows keeps it for itself (`netsh interface ipv4 show excludedportrange tcp` "
               "shows what it keeps, mostly for Hyper-V and Docker); choose another port";
    return NULL;
}

void os_firewall_hint(uint16_t port, char *text, size_t size)
{
    WCHAR path[PATH_TEXT_MAX];
    char program[PATH_TEXT_MAX] = "com2net.exe";

    if (GetModuleFileNameW(NULL, path, PATH_TEXT_MAX) > 0)
        utf8_from_wide(path, program, sizeof program);
    snprintf(
        text, size,
        "other machines reach it only if Windows's firewall lets them; as administrator, once: "
        "netsh advfirewall firewall add rule name=com2net dir=in action=allow protocol=TCP "
        "localport=%u program=\"%s\"",
        port, program);
}

/* --- who has a port ---------------------------------------------------------------------- */

int os_port_owner(uint16_t port, bool ipv6_only, char *name, size_t size)
{
    unsigned long pid = tcp_table_listener(port, ipv6_only);
    WCHAR path[PATH_TEXT_MAX] = L"?";
    char text[PATH_TEXT_MAX];
    DWORD len = PATH_TEXT_MAX;

    if (!pid)
        return -ENOENT;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    if (process) {
        QueryFullProcessImageNameW(process, 0, path, &len);
        CloseHandle(process);
    }
    utf8_from_wide(path, text, sizeof text);
    const char *base = strrchr(text, '\\');
    snprintf(name, size, "%.40s (pid %lu)", base ? base + 1 : text, pid);
    return 0;
}

int os_file_owner(const char *path, char *name, size_t size)
{
    /* Windows tells it of ports to nobody */
    (void)path;
    (void)name;
    (void)size;
    return -ENOENT;
}
