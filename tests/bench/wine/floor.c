/*
 * The least that a Windows program can do with a COM port: overlapped, one thread, no library.
 *
 *     floor echo PORT      sends back what it reads
 *     floor bridge PORT    carries bytes between it and one TCP client
 *
 * What com2net.exe needs above these under the same Wine is its own.
 */
#include <stdio.h>
#include <string.h>

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

enum { BUFFER = 32768 };

static HANDLE com;
static OVERLAPPED com_read, com_write, net_read, net_write;
static char from_com[BUFFER], from_net[BUFFER];

static DWORD finish(HANDLE handle, BOOL begun, OVERLAPPED *o)
{
    DWORD n = 0;

    if (!begun && GetLastError() != ERROR_IO_PENDING)
        return 0;
    return GetOverlappedResult(handle, o, &n, TRUE) ? n : 0;
}

static int open_port(const char *port)
{
    COMMTIMEOUTS none = {0};
    OVERLAPPED *all[] = {&com_read, &com_write, &net_read, &net_write};
    char name[64];

    for (int i = 0; i < 4; i++)
        all[i]->hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    snprintf(name, sizeof name, "\\\\.\\%s", port);
    com = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                      FILE_FLAG_OVERLAPPED, NULL);
    if (com != INVALID_HANDLE_VALUE && SetCommTimeouts(com, &none))
        return 0;
    fprintf(stderr, "floor: cannot open %s: error %lu\n", port, GetLastError());
    return -1;
}

/* Adds to `n` bytes what the driver has besides. */
static DWORD read_more(DWORD n)
{
    DWORD errors;
    COMSTAT status;

    if (n == 0 || !ClearCommError(com, &errors, &status) || status.cbInQue == 0)
        return n;
    DWORD more = status.cbInQue < BUFFER - n ? status.cbInQue : BUFFER - n;
    return n + finish(com, ReadFile(com, from_com + n, more, NULL, &com_read), &com_read);
}

static BOOL write_com(const char *data, DWORD n)
{
    return finish(com, WriteFile(com, data, n, NULL, &com_write), &com_write) == n;
}

static int echo(void)
{
    fprintf(stderr, "floor: ready\n");
    for (;;) {
        DWORD n = finish(com, ReadFile(com, from_com, 1, NULL, &com_read), &com_read);

        n = read_more(n);
        if (n == 0 || !write_com(from_com, n))
            return 0;
    }
}

static SOCKET accept_one(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int len = sizeof in;
    const BOOL on = TRUE;
    WSADATA data;

    WSAStartup(MAKEWORD(2, 2), &data);
    SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&in, len) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&in, &len))
        return INVALID_SOCKET;
    fprintf(stderr, "floor: listening on 127.0.0.1:%d\n", ntohs(in.sin_port));
    SOCKET client = accept(listener, NULL, NULL);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof on);
    return client;
}

static BOOL begin_receive(SOCKET client)
{
    WSABUF buffer = {BUFFER, from_net};
    DWORD flags = 0;

    return WSARecv(client, &buffer, 1, NULL, &flags, &net_read, NULL) == 0 ||
           WSAGetLastError() == WSA_IO_PENDING;
}

static int bridge(void)
{
    SOCKET client = accept_one();
    const HANDLE handles[] = {com_read.hEvent, net_read.hEvent};
    DWORD n;

    if (client == INVALID_SOCKET || !begin_receive(client))
        return 1;
    ReadFile(com, from_com, 1, NULL, &com_read);
    for (;;) {
        if (WaitForMultipleObjects(2, handles, FALSE, INFINITE) == WAIT_OBJECT_0) {
            n = read_more(finish(com, TRUE, &com_read));
            WSABUF out = {n, from_com};
            if (n == 0 || (WSASend(client, &out, 1, NULL, 0, &net_write, NULL) != 0 &&
                           WSAGetLastError() != WSA_IO_PENDING))
                return 0;
            finish((HANDLE)client, TRUE, &net_write);
            ReadFile(com, from_com, 1, NULL, &com_read);
        } else {
            n = finish((HANDLE)client, TRUE, &net_read);
            if (n == 0 || !write_com(from_net, n) || !begin_receive(client))
                return 0;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    if (open_port(argv[2]) < 0)
        return 1;
    return strcmp(argv[1], "echo") == 0 ? echo() : bridge();
}
