/*
 * Windows's COM ports; see common/seam/serial_ports.h. The drivers enter the names of those that
 * are there in the registry.
 */
#include "serial_ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>
#include <windows.h>

#include "com_name.h"
#include "serial_device.h"
#include "utf8.h"
#include "win_error.h"

enum { NAME_MAX_LEN = 256 };

const char *serial_ports_prefix(void)
{
    return "";
}

void serial_ports_tidy(char *name)
{
    const size_t len = strlen(name);

    memmove(name, com_name_bare(name), strlen(com_name_bare(name)) + 1);
    if (len > 0 && name[strlen(name) - 1] == ':') { /* MS-DOS's form, and mode.com's */
        name[strlen(name) - 1] = '\0';
        if (!com_name_is_com(name))
            strcat(name, ":");
    }
}

bool serial_ports_are_same(const char *a, const char *b)
{
    return _stricmp(com_name_bare(a), com_name_bare(b)) == 0;
}

void serial_ports_resolve(const char *path, char real[static SERIAL_PATH_MAX])
{
    snprintf(real, SERIAL_PATH_MAX, "%s", com_name_bare(path));
}

static struct serial_info blank(void)
{
    return (struct serial_info){.vid = -1, .pid = -1, .interface = -1};
}

/* Reads the name number `i`. Returns false behind the last one. */
static bool read_name(HKEY key, DWORD i, struct serial_info *info)
{
    WCHAR device[NAME_MAX_LEN], name[NAME_MAX_LEN];
    DWORD device_len = NAME_MAX_LEN, size = sizeof name - sizeof *name, type = 0;

    LSTATUS r = RegEnumValueW(key, i, device, &device_len, NULL, &type, (BYTE *)name, &size);
    if (r == ERROR_NO_MORE_ITEMS)
        return false;
    *info = blank();
    if (r == ERROR_SUCCESS && type == REG_SZ) {
        name[size / sizeof *name] = L'\0';
        utf8_from_wide(name, info->path, sizeof info->path);
    }
    return true;
}

static int read_names(HKEY key, struct serial_info **list, size_t *count)
{
    for (DWORD i = 0;; i++) {
        struct serial_info *more = realloc(*list, (*count + 1) * sizeof *more);

        if (!more)
            return -ENOMEM;
        *list = more;
        if (!read_name(key, i, &more[*count]))
            return 0;
        *count += more[*count].path[0] != '\0';
    }
}

int serial_ports_list(struct serial_info **list, size_t *count)
{
    HKEY key;

    *list = NULL;
    *count = 0;
    const LSTATUS r = RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"HARDWARE\\DEVICEMAP\\SERIALCOMM", 0,
                                    KEY_QUERY_VALUE, &key);
    if (r == ERROR_FILE_NOT_FOUND) /* of a machine without any port */
        return 0;
    if (r != ERROR_SUCCESS)
        return -win_error_errno((unsigned long)r);
    const int error = read_names(key, list, count);
    RegCloseKey(key);
    if (error == 0) {
        serial_device_describe(*list, *count);
        return 0;
    }
    free(*list);
    *list = NULL;
    *count = 0;
    return error;
}

int serial_ports_describe(const char *path, struct serial_info *info)
{
    *info = blank();
    serial_ports_resolve(path, info->path);
    serial_device_describe(info, 1);
    return info->description[0] ? 0 : -ENODEV;
}

int serial_ports_may_open(const char *path, char why[static SERIAL_ERROR_MAX])
{
    (void)path;
    (void)why;
    return 0; /* Windows tells it to those who open it */
}
