#include "com_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "serial_ports.h"
#include "utf8.h"

enum { NAME_MAX_WIDE = 512 };

static const char device_prefix[] = "\\\\.\\";

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* The prefix is \\.\ or \\?\, with slashes of either kind. */
const char *com_name_bare(const char *name)
{
    const bool has_prefix = is_slash(name[0]) && is_slash(name[1]) &&
                            (name[2] == '.' || name[2] == '?') && is_slash(name[3]);

    return has_prefix ? name + sizeof device_prefix - 1 : name;
}

/* Without its prefix COM10 and up are no ports. */
wchar_t *com_name_of_device(const char *name)
{
    char text[SERIAL_PATH_MAX + sizeof device_prefix];

    snprintf(text, sizeof text, "%s%s", strncmp(name, "\\\\", 2) == 0 ? "" : device_prefix, name);
    return utf8_new_wide(text);
}

bool com_name_is_known(const char *bare)
{
    wchar_t *wide = utf8_new_wide(bare);
    wchar_t target[NAME_MAX_WIDE];

    bool is = wide && (QueryDosDeviceW(wide, target, NAME_MAX_WIDE) > 0 ||
                       GetLastError() == ERROR_INSUFFICIENT_BUFFER);
    free(wide);
    return is;
}

bool com_name_is_listed(const char *bare)
{
    wchar_t *wide = utf8_new_wide(bare);
    wchar_t device[NAME_MAX_WIDE], name[NAME_MAX_WIDE];
    bool is = false;
    HKEY key;

    if (!wide || RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"HARDWARE\\DEVICEMAP\\SERIALCOMM", 0, KEY_READ,
                               &key) != ERROR_SUCCESS) {
        free(wide);
        return false;
    }
    for (DWORD i = 0; !is; i++) {
        DWORD len = NAME_MAX_WIDE, size = sizeof name - sizeof *name, type = 0;
        LSTATUS r = RegEnumValueW(key, i, device, &len, NULL, &type, (BYTE *)name, &size);

        if (r != ERROR_SUCCESS)
            break;
        name[size / sizeof *name] = L'\0';
        is = type == REG_SZ && _wcsicmp(name, wide) == 0;
    }
    RegCloseKey(key);
    free(wide);
    return is;
}

bool com_name_is_com(const char *bare)
{
    return _strnicmp(bare, "COM", 3) == 0 && bare[3] && !bare[3 + strspn(bare + 3, "0123456789")];
}
