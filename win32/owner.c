/*
 * The owner of a port on Windows; see common/seam/owner.h.
 */
#include "owner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <windows.h>

#include "tcp_table.h"
#include "utf8.h"

enum { PATH_TEXT_MAX = 512 };

int owner_of_port(uint16_t port, bool ipv6_only, char *name, size_t size)
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

int owner_of_file(const char *path, char *name, size_t size)
{
    /* Windows tells it of ports to nobody */
    (void)path;
    (void)name;
    (void)size;
    return -ENOENT;
}
