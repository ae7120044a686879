#include "event_log.h"

#include <stdlib.h>

#include <winsock2.h>
#include <windows.h>

#include "utf8.h"

enum { PATH_LEN = 1024, TYPES = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | 4 /* information */ };
enum { MESSAGE_LINE = 1 }; /* of messages.mc */

static const WCHAR source[] = L"com2net";
static const WCHAR key_name[] =
    L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\com2net";

unsigned long event_log_install(void)
{
    WCHAR path[PATH_LEN];
    const DWORD types = TYPES;
    HKEY key;

    DWORD len = GetModuleFileNameW(NULL, path, PATH_LEN);
    if (len == 0 || len == PATH_LEN)
        return ERROR_FILENAME_EXCED_RANGE;
    LSTATUS r =
        RegCreateKeyExW(HKEY_LOCAL_MACHINE, key_name, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
    if (r != ERROR_SUCCESS)
        return (unsigned long)r;
    r = RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ, (const BYTE *)path,
                       (len + 1) * (DWORD)sizeof *path);
    if (r == ERROR_SUCCESS)
        r = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types,
                           sizeof types);
    RegCloseKey(key);
    return (unsigned long)r;
}

unsigned long event_log_uninstall(void)
{
    LSTATUS r = RegDeleteKeyW(HKEY_LOCAL_MACHINE, key_name);

    return r == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : (unsigned long)r;
}

void event_log_write(enum log_level level, const char *line)
{
    static HANDLE log;
    const WORD type = level == LOG_LEVEL_ERROR  ? EVENTLOG_ERROR_TYPE
                      : level == LOG_LEVEL_WARN ? EVENTLOG_WARNING_TYPE
                                                : EVENTLOG_INFORMATION_TYPE;

    if (!log)
        log = RegisterEventSourceW(NULL, source);
    WCHAR *wide = utf8_new_wide(line);
    if (log && wide) {
        const WCHAR *strings[] = {wide};

        ReportEventW(log, type, 0, MESSAGE_LINE, NULL, 1, 0, strings, NULL);
    }
    free(wide);
}
