/*
 * In the place of Windows's netsh: appends its command line to C:\\netsh.txt, and fails where
 * there is a file C:\\netsh.fails.
 */
#include <stdio.h>

#include <windows.h>

int main(void)
{
    FILE *f = fopen("C:\\netsh.txt", "a");

    if (!f)
        return 3;
    fprintf(f, "%s\n", GetCommandLineA());
    fclose(f);
    return GetFileAttributesA("C:\\netsh.fails") == INVALID_FILE_ATTRIBUTES ? 0 : 1;
}
