#include "listener_program.h"

#include <windows.h>

#include "tcp_table.h"
#include "utf8.h"

unsigned long listener_program(uint16_t port, bool ipv6_only, char path[static LISTENER_PATH_MAX])
{
    const unsigned long pid = tcp_table_listener(port, ipv6_only);
    WCHAR wide[LISTENER_PATH_MAX] = L"";
    DWORD len = LISTENER_PATH_MAX;

    HANDLE process = pid ? OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid) : NULL;
    if (process) {
        if (!QueryFullProcessImageNameW(process, 0, wide, &len))
            wide[0] = L'\0';
        CloseHandle(process);
    }
    utf8_from_wide(wide, path, LISTENER_PATH_MAX);
    return pid;
}
