#include "firewall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "utf8.h"

/* By netsh: as people do it by hand, and see it in the firewall's own window. */

enum { LINE_MAX_LEN = 8192, LIMIT_MS = 60000 };

#define RULE "name=\"com2net service\""

/* Runs netsh of System32, without a window. Returns its exit status, or -1. */
static int run_netsh(const char *arguments)
{
    WCHAR folder[MAX_PATH];
    char line[LINE_MAX_LEN], system[MAX_PATH * 3];
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    DWORD status = (DWORD)-1;

    const UINT len = GetSystemDirectoryW(folder, MAX_PATH);
    if (len == 0 || len >= MAX_PATH)
        return -1;
    utf8_from_wide(folder, system, sizeof system);
    if (snprintf(line, sizeof line, "\"%s\\netsh.exe\" advfirewall firewall %s", system,
                 arguments) >= LINE_MAX_LEN)
        return -1;
    WCHAR *wide = utf8_new_wide(line);
    if (!wide || !CreateProcessW(NULL, wide, NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, NULL,
                                 &start, &child)) {
        free(wide);
        return -1;
    }
    free(wide);
    if (WaitForSingleObject(child.hProcess, LIMIT_MS) == WAIT_OBJECT_0)
        GetExitCodeProcess(child.hProcess, &status);
    CloseHandle(child.hProcess);
    CloseHandle(child.hThread);
    return (int)status;
}

void firewall_forget(void)
{
    run_netsh("delete rule " RULE); /* fails where there is none */
}

bool firewall_allow(enum service_firewall who, const char *path)
{
    static const char *const whom[] = {
        [SERVICE_FIREWALL_WSL] = " remoteip=172.16.0.0/12", /* of WSL's own network, RFC 1918 */
        [SERVICE_FIREWALL_SUBNET] = " remoteip=localsubnet",
        [SERVICE_FIREWALL_ANY] = "",
    };
    char arguments[LINE_MAX_LEN - MAX_PATH * 4];

    snprintf(arguments, sizeof arguments,
             "add rule " RULE " dir=in action=allow protocol=TCP%s program=\"%s\"", whom[who],
             path);
    firewall_forget();
    if (run_netsh(arguments) == 0)
        return true;
    fprintf(stderr,
            "com2net: the firewall does not take the rule; as administrator: netsh "
            "advfirewall firewall %s\n",
            arguments);
    return false;
}
