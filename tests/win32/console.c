/*
 * console EVENT PROGRAM ARGUMENT... - runs a program, and when something comes on standard input
 * lets a console event of this number happen to it, the way Windows does: by a thread in it at
 * CtrlRoutine, which calls its handlers. Ends with the program's exit status.
 *
 * For Wine, whose console needs a terminal of its own to tell of Ctrl-Break and close.
 */
#include <stdio.h>
#include <stdlib.h>

#include <windows.h>

int main(int argc, char **argv)
{
    static char line[4096];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    DWORD status = 99;
    int n = 0;

    if (argc < 3)
        return 2;
    for (int i = 2; i < argc; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, "\"%s\" ", argv[i]);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child))
        return 98;
    getchar();
    void *routine = (void *)GetProcAddress(GetModuleHandleA("kernelbase"), "CtrlRoutine");
    void *event = (void *)(ULONG_PTR)strtoul(argv[1], NULL, 10);
    LPTHREAD_START_ROUTINE at = (LPTHREAD_START_ROUTINE)(ULONG_PTR)routine;
    if (!routine || !CreateRemoteThread(child.hProcess, NULL, 0, at, event, 0, NULL))
        return 97;
    WaitForSingleObject(child.hProcess, 20000);
    GetExitCodeProcess(child.hProcess, &status);
    return (int)status;
}
