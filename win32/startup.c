/*
 * How a program starts on Windows; see common/seam/startup.h.
 */
#include "startup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <winsock2.h>
#include <windows.h>
#include <shellapi.h>

#include "error_text.h"
#include "utf8.h"
#include "win_error.h"

enum { SOCKETS_MAX = 4096 }; /* the system has no limit; so many fit a turn of its select */

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

int startup_init(int *argc, char ***argv)
{
    WSADATA winsock;

    /* no DLL out of the current folder, no box to click away in a service */
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

size_t startup_raise_descriptor_limit(void)
{
    return SOCKETS_MAX;
}
