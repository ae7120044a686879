#include "com_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "serial_ports.h"
#include "utf8.h"

enum { NAME_MAX_WIDE = 512 };

static const char device_prefix[] = "\\\\.\\";

const char *com_name_bare(const char *name)
{
    const size_t len = sizeof device_prefix - 1;

    return strncmp(name, device_prefix, len) == 0 ? name + len : name;
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

bool com_name_is_com(const char *bare)
{
    return _strnicmp(bare, "COM", 3) == 0 && bare[3] && !bare[3 + strspn(bare + 3, "0123456789")];
}
