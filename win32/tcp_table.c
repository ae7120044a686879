#include "tcp_table.h"

#include <stdlib.h>
#include <string.h>

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <iphlpapi.h>

#include "system_dll.h"

enum { TRIES = 4, LOOPBACK_NET = 127 };

/* A copy of the table of one address family, the caller's to free; NULL if there is none. */
static void *read_table(ULONG family, TCP_TABLE_CLASS class)
{
    typedef DWORD WINAPI get_table(PVOID table, PDWORD size, BOOL sorted, ULONG family,
                                   TCP_TABLE_CLASS class, ULONG reserved);
    get_table *get = (get_table *)system_dll_find(L"iphlpapi.dll", "GetExtendedTcpTable");
    void *table = NULL;
    DWORD size = 16384;

    /* it may grow between the calls */
    for (int i = 0; get && i < TRIES; i++) {
        free(table);
        table = malloc(size);
        if (!table)
            return NULL;
        DWORD r = get(table, &size, FALSE, family, class, 0);
        if (r == NO_ERROR)
            return table;
        if (r != ERROR_INSUFFICIENT_BUFFER)
            break;
    }
    free(table);
    return NULL;
}

static int state4(const struct sockaddr_in *here, const struct sockaddr_in *there)
{
    MIB_TCPTABLE_OWNER_PID *table = read_table(AF_INET, TCP_TABLE_OWNER_PID_CONNECTIONS);
    int state = table ? 0 : -1;

    for (DWORD i = 0; table && i < table->dwNumEntries; i++) {
        const MIB_TCPROW_OWNER_PID *row = &table->table[i];

        if (row->dwLocalAddr == here->sin_addr.s_addr &&
            row->dwRemoteAddr == there->sin_addr.s_addr &&
            (uint16_t)row->dwLocalPort == here->sin_port &&
            (uint16_t)row->dwRemotePort == there->sin_port)
            state = (int)row->dwState;
    }
    free(table);
    return state;
}

static int state6(const struct sockaddr_in6 *here, const struct sockaddr_in6 *there)
{
    MIB_TCP6TABLE_OWNER_PID *table = read_table(AF_INET6, TCP_TABLE_OWNER_PID_CONNECTIONS);
    int state = table ? 0 : -1;

    for (DWORD i = 0; table && i < table->dwNumEntries; i++) {
        const MIB_TCP6ROW_OWNER_PID *row = &table->table[i];

        if (memcmp(row->ucLocalAddr, &here->sin6_addr, sizeof row->ucLocalAddr) == 0 &&
            memcmp(row->ucRemoteAddr, &there->sin6_addr, sizeof row->ucRemoteAddr) == 0 &&
            (uint16_t)row->dwLocalPort == here->sin6_port &&
            (uint16_t)row->dwRemotePort == there->sin6_port)
            state = (int)row->dwState;
    }
    free(table);
    return state;
}

int tcp_table_state(evutil_socket_t fd)
{
    struct sockaddr_storage here, there;
    int here_len = sizeof here, there_len = sizeof there;

    if (getsockname((SOCKET)fd, (struct sockaddr *)&here, &here_len) < 0 ||
        getpeername((SOCKET)fd, (struct sockaddr *)&there, &there_len) < 0)
        return 0;
    if (here.ss_family == AF_INET)
        return state4((const void *)&here, (const void *)&there);
    return here.ss_family == AF_INET6 ? state6((const void *)&here, (const void *)&there) : -1;
}

unsigned long tcp_table_listener(uint16_t port, bool ipv6_only)
{
    MIB_TCPTABLE_OWNER_PID *table = read_table(AF_INET, TCP_TABLE_OWNER_PID_LISTENER);
    MIB_TCP6TABLE_OWNER_PID *table6 = read_table(AF_INET6, TCP_TABLE_OWNER_PID_LISTENER);
    unsigned long pid = 0;

    for (DWORD i = 0; table && !ipv6_only && i < table->dwNumEntries && !pid; i++)
        if ((uint16_t)table->table[i].dwLocalPort == htons(port))
            pid = table->table[i].dwOwningPid;
    for (DWORD i = 0; table6 && i < table6->dwNumEntries && !pid; i++)
        if ((uint16_t)table6->table[i].dwLocalPort == htons(port))
            pid = table6->table[i].dwOwningPid;
    free(table);
    free(table6);
    return pid;
}

bool tcp_table_has_listener(uint16_t port, bool *for_others)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    MIB_TCPTABLE_OWNER_PID *table = read_table(AF_INET, TCP_TABLE_OWNER_PID_LISTENER);
    MIB_TCP6TABLE_OWNER_PID *table6 = read_table(AF_INET6, TCP_TABLE_OWNER_PID_LISTENER);
    bool found = false;

    *for_others = false;
    for (DWORD i = 0; table && i < table->dwNumEntries; i++) {
        if ((uint16_t)table->table[i].dwLocalPort != htons(port))
            continue;
        found = true;
        if (ntohl(table->table[i].dwLocalAddr) >> 24 != LOOPBACK_NET)
            *for_others = true;
    }
    for (DWORD i = 0; table6 && i < table6->dwNumEntries; i++) {
        if ((uint16_t)table6->table[i].dwLocalPort != htons(port))
            continue;
        found = true;
        if (memcmp(table6->table[i].ucLocalAddr, loopback6, sizeof loopback6) != 0)
            *for_others = true;
    }
    free(table);
    free(table6);
    return found;
}
