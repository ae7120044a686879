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
#include "system_dll.h"
#include "utf8.h"
#include "win_error.h"

enum {
    SOCKETS_MAX = 4096, /* the system has no limit; so many fit a turn of its select */
    /* of winnt.h and werapi.h, which name them for newer systems only */
    EXTENSION_POINTS_POLICY = 6,
    IMAGE_LOAD_POLICY = 10,
    FAULT_REPORTING_NO_UI = 0x20,
};

static UINT console_before;
static void (*crash_tell)(const char *sentence);

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

/* --- safety ----------------------------------------------------------------------------------- */

/* No DLL out of the current folder or the program's, nor by the network; no code of others'
 * windows; a heap that is damaged ends the process. What an older Windows does not know is left
 * out. */
static void be_careful(void)
{
    typedef BOOL WINAPI set_policy(int policy, void *value, SIZE_T size);
    set_policy *set = (set_policy *)system_dll_find(L"kernel32.dll", "SetProcessMitigationPolicy");
    /* PROCESS_MITIGATION_IMAGE_LOAD_POLICY: NoRemoteImages, PreferSystem32Images */
    DWORD images = 1 | 4;
    /* PROCESS_MITIGATION_EXTENSION_POINT_DISABLE_POLICY */
    DWORD extensions = 1;

    SetDllDirectoryW(L"");
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (set) {
        set(IMAGE_LOAD_POLICY, &images, sizeof images);
        set(EXTENSION_POINTS_POLICY, &extensions, sizeof extensions);
    }
    HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0);
}

/* A box to click away would keep a service. But Windows Error Reporting has to see a crash, so that
 * there is a dump, and an entry in the Event Log. */
static void report_crashes_silently(void)
{
    typedef HRESULT WINAPI set_flags(DWORD flags);
    set_flags *set = (set_flags *)system_dll_find(L"kernel32.dll", "WerSetFlags");

    SetErrorMode(SEM_FAILCRITICALERRORS);
    if (set)
        set(FAULT_REPORTING_NO_UI);
}

static const WCHAR *last_part(const WCHAR *path)
{
    const WCHAR *slash = wcsrchr(path, L'\\');

    return slash ? slash + 1 : path;
}

static LONG WINAPI on_crash(EXCEPTION_POINTERS *what)
{
    static LONG told;
    const EXCEPTION_RECORD *record = what->ExceptionRecord;
    HMODULE module = NULL;
    WCHAR path[MAX_PATH] = L"?";
    char name[128], sentence[256];

    if (InterlockedExchange(&told, 1)) /* telling it has crashed, too */
        return EXCEPTION_CONTINUE_SEARCH;
    if (GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                               GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                           record->ExceptionAddress, &module))
        GetModuleFileNameW(module, path, MAX_PATH);
    utf8_from_wide(last_part(path), name, sizeof name);
    snprintf(sentence, sizeof sentence,
             "a crash, exception 0x%08lx at %s+0x%llx: please report it, with this line",
             record->ExceptionCode, name,
             (unsigned long long)((const char *)record->ExceptionAddress - (const char *)module));
    crash_tell(sentence);
    return EXCEPTION_CONTINUE_SEARCH;
}

void startup_tell_crash(void (*tell)(const char *sentence))
{
    crash_tell = tell;
    SetUnhandledExceptionFilter(on_crash);
}

/* --- the start -------------------------------------------------------------------------------- */

int startup_init(int *argc, char ***argv)
{
    WSADATA winsock;

    be_careful();
    report_crashes_silently();
    console_before = GetConsoleOutputCP();
    if (console_before && SetConsoleOutputCP(CP_UTF8))
        atexit(put_console_back);
    int r = WSAStartup(MAKEWORD(2, 2), &winsock);
    if (r != 0) {
        fprintf(stderr, "Windows has no sockets: %s\n",
                error_text(win_error_errno((unsigned long)r)));
        return -win_error_errno((unsigned long)r);
    }
    return take_arguments(argc, argv);
}

size_t startup_raise_descriptor_limit(void)
{
    return SOCKETS_MAX;
}
