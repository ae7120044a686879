/*
 * crash PROGRAM ARGUMENT... - runs a program, and when something comes on standard input starts a
 * thread in it at its own first byte, which is no code: it crashes. Ends with its exit status, cut
 * to 8 bits, or with 90 and up when something else is wrong.
 */
#include <stdio.h>

#include <windows.h>
#include <psapi.h>

enum { LIMIT_MS = 60000 };

int main(int argc, char **argv)
{
    static char line[4096];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    HMODULE first;
    DWORD size, status = 0;
    int n = 0;

    for (int i = 1; i < argc; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, "\"%s\" ", argv[i]);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child))
        return 90;
    getchar();
    if (!EnumProcessModules(child.hProcess, &first, sizeof first, &size))
        return 91;
    if (!CreateRemoteThread(child.hProcess, NULL, 0, (LPTHREAD_START_ROUTINE)(void *)first, NULL, 0,
                            NULL))
        return 92;
    if (WaitForSingleObject(child.hProcess, LIMIT_MS) != WAIT_OBJECT_0)
        return 93;
    GetExitCodeProcess(child.hProcess, &status);
    return (int)(status & 0xff);
}
