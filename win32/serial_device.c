#include "serial_device.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>
#include <windows.h>
#include <setupapi.h>
#include <cfgmgr32.h>

#include "utf8.h"

enum { TEXT_MAX = 256 };

/* --- instance IDs --------------------------------------------------------------------------- */

/* The hexadecimal number after `key` in an ID, -1 if it is not there. */
static int number_behind(const char *id, const char *key)
{
    const char *at = strstr(id, key);
    unsigned value;

    return at && sscanf(at + strlen(key), "%4x", &value) == 1 ? (int)value : -1;
}

/* The last part of an ID, the serial number of a USB device that has one. Windows makes up parts
 * with "&" for devices that have none, and for the functions of a device. */
static void take_serial(const char *id, struct serial_info *info)
{
    const char *last = strrchr(id, '\\');

    if (last && !strchr(last, '&'))
        snprintf(info->serial, sizeof info->serial, "%s", last + 1);
}

/* FTDIBUS\VID_0403+PID_6010+FT4QR3K5B\0000: the driver of FTDI's has a bus of its own. The serial
 * number has the letter of the interface after it, from A. */
static void take_ftdi(const char *id, struct serial_info *info)
{
    const char *pid = strstr(id, "PID_");
    const char *serial = pid ? strchr(pid, '+') : NULL;

    if (!serial)
        return;
    size_t len = strcspn(serial + 1, "\\");
    if (len < 2)
        return;
    snprintf(info->serial, sizeof info->serial, "%.*s", (int)len - 1, serial + 1);
    char letter = serial[len];
    info->interface = letter >= 'A' && letter <= 'H' ? letter - 'A' : -1;
}

/* Reads them out of a device's instance ID, such as USB\VID_0403&PID_6001\A50285BI, with that of
 * the device it is a function of, or "". */
static void read_id(const char *id, const char *parent, struct serial_info *info)
{
    bool ftdi = strncmp(id, "FTDIBUS\\", 8) == 0;

    if (!ftdi && strncmp(id, "USB\\", 4) != 0)
        return;
    info->vid = number_behind(id, "VID_");
    info->pid = number_behind(id, "PID_");
    info->serial[0] = '\0';
    if (ftdi) {
        take_ftdi(id, info);
        return;
    }
    info->interface = number_behind(id, "&MI_");
    take_serial(info->interface >= 0 ? parent : id, info);
}

/* --- SetupAPI ------------------------------------------------------------------------------- */

static bool is_port(HDEVINFO set, SP_DEVINFO_DATA *device, const char *name)
{
    WCHAR wide[TEXT_MAX] = L"";
    DWORD size = sizeof wide - sizeof *wide, type = 0;
    char text[TEXT_MAX];

    HKEY key = SetupDiOpenDevRegKey(set, device, DICS_FLAG_GLOBAL, 0, DIREG_DEV, KEY_QUERY_VALUE);
    if (key == INVALID_HANDLE_VALUE)
        return false;
    LSTATUS r = RegQueryValueExW(key, L"PortName", NULL, &type, (BYTE *)wide, &size);
    RegCloseKey(key);
    if (r != ERROR_SUCCESS || type != REG_SZ)
        return false;
    utf8_from_wide(wide, text, sizeof text);
    return _stricmp(text, name) == 0;
}

static void describe(HDEVINFO set, SP_DEVINFO_DATA *device, struct serial_info *info)
{
    WCHAR wide[TEXT_MAX] = L"";
    char id[TEXT_MAX] = "", parent[TEXT_MAX] = "";
    DEVINST above;

    if (SetupDiGetDeviceRegistryPropertyW(set, device, SPDRP_FRIENDLYNAME, NULL, (BYTE *)wide,
                                          sizeof wide - sizeof *wide, NULL) ||
        SetupDiGetDeviceRegistryPropertyW(set, device, SPDRP_DEVICEDESC, NULL, (BYTE *)wide,
                                          sizeof wide - sizeof *wide, NULL))
        utf8_from_wide(wide, info->description, sizeof info->description);
    if (SetupDiGetDeviceInstanceIdW(set, device, wide, TEXT_MAX, NULL))
        utf8_from_wide(wide, id, sizeof id);
    if (CM_Get_Parent(&above, device->DevInst, 0) == CR_SUCCESS &&
        CM_Get_Device_IDW(above, wide, TEXT_MAX, 0) == CR_SUCCESS)
        utf8_from_wide(wide, parent, sizeof parent);
    read_id(id, parent, info);
}

void serial_device_describe(const char *name, struct serial_info *info)
{
    /* all classes: modems have ports, too, and a driver may have a class of its own */
    HDEVINFO set = SetupDiGetClassDevsW(NULL, NULL, NULL, DIGCF_ALLCLASSES | DIGCF_PRESENT);
    SP_DEVINFO_DATA device = {.cbSize = sizeof device};

    if (set == INVALID_HANDLE_VALUE)
        return;
    for (DWORD i = 0; SetupDiEnumDeviceInfo(set, i, &device); i++) {
        if (is_port(set, &device, name)) {
            describe(set, &device, info);
            break;
        }
    }
    SetupDiDestroyDeviceInfoList(set);
}
