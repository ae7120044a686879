/*
 * launch FILE - starts the command line in FILE as it stands there, as Windows does with one of the
 * registry, waits for its end, and prints its exit status, all 32 bits of it.
 */
#include <stdio.h>

#include <windows.h>

int main(int argc, char **argv)
{
    static char line[4096], expanded[4096];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    DWORD status = 0;

    FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!f)
        return 2;
    line[fread(line, 1, sizeof line - 1, f)] = '\0';
    fclose(f);
    ExpandEnvironmentStringsA(line, expanded, sizeof expanded);
    if (!CreateProcessA(NULL, expanded, NULL, NULL, FALSE, 0, NULL, NULL, &start, &child))
        return 3;
    if (WaitForSingleObject(child.hProcess, INFINITE) != WAIT_OBJECT_0 ||
        !GetExitCodeProcess(child.hProcess, &status))
        return 4;
    printf("%lu\n", status);
    return 0;
}
