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

/* GUID_DEVCLASS_PORTS of devguid.h, which needs one file to define all of its numbers */
static const GUID ports_class = {
    0x4d36e978, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};

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
 * number has the letter of the interface after it, from A. Of a chip without one, the place of the
 * device stands there, 5&37CE40D5&0&2. */
static void take_ftdi(const char *id, struct serial_info *info)
{
    const char *pid = strstr(id, "PID_");
    const char *serial = pid ? strchr(pid, '+') : NULL;

    if (!serial)
        return;
    const size_t len = strcspn(serial + 1, "\\");
    if (len < 2 || strcspn(serial + 1, "&") < len)
        return;
    snprintf(info->serial, sizeof info->serial, "%.*s", (int)len - 1, serial + 1);
    char letter = serial[len];
    info->interface = letter >= 'A' && letter <= 'H' ? letter - 'A' : -1;
}

/* Reads them out of a device's instance ID, such as USB\VID_0403&PID_6001\A50285BI, with that of
 * the device it is a function of, or "". A driver may give its ports IDs of its own; then it is the
 * device that has one of USB's. */
static void read_id(const char *id, const char *parent, struct serial_info *info)
{
    bool ftdi = strncmp(id, "FTDIBUS\\", 8) == 0;

    if (!ftdi && strncmp(id, "USB\\", 4) != 0) {
        id = parent;
        parent = "";
    }
    if (!ftdi && strncmp(id, "USB\\", 4) != 0)
        return;
    info->vid = number_behind(id, "VID_");
    info->pid = number_behind(id, "PID_");
    if (ftdi) {
        take_ftdi(id, info);
        return;
    }
    info->interface = number_behind(id, "&MI_");
    take_serial(info->interface >= 0 ? parent : id, info);
}

/* --- SetupAPI ------------------------------------------------------------------------------- */

/* The name of a device's port. Returns false if it has none. */
static bool read_name(HDEVINFO set, SP_DEVINFO_DATA *device, char name[static TEXT_MAX])
{
    WCHAR wide[TEXT_MAX] = L"";
    DWORD size = sizeof wide - sizeof *wide, type = 0;

    HKEY key = SetupDiOpenDevRegKey(set, device, DICS_FLAG_GLOBAL, 0, DIREG_DEV, KEY_QUERY_VALUE);
    if (key == INVALID_HANDLE_VALUE)
        return false;
    LSTATUS r = RegQueryValueExW(key, L"PortName", NULL, &type, (BYTE *)wide, &size);
    RegCloseKey(key);
    if (r != ERROR_SUCCESS || type != REG_SZ)
        return false;
    utf8_from_wide(wide, name, TEXT_MAX);
    return true;
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

/* The first port without a description that has this name, or NULL. */
static struct serial_info *find(struct serial_info *ports, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!ports[i].description[0] && _stricmp(ports[i].path, name) == 0)
            return &ports[i];
    return NULL;
}

static bool all_are_described(const struct serial_info *ports, size_t count)
{
    size_t i = 0;

    while (i < count && ports[i].description[0])
        i++;
    return i == count;
}

/* Goes through the devices of a class, or through all for NULL. */
static void pass(const GUID *class, struct serial_info *ports, size_t count)
{
    HDEVINFO set =
        SetupDiGetClassDevsW(class, NULL, NULL, DIGCF_PRESENT | (class ? 0 : DIGCF_ALLCLASSES));
    SP_DEVINFO_DATA device = {.cbSize = sizeof device};
    char name[TEXT_MAX];

    if (set == INVALID_HANDLE_VALUE)
        return;
    for (DWORD i = 0; !all_are_described(ports, count) && SetupDiEnumDeviceInfo(set, i, &device);
         i++) {
        struct serial_info *info = read_name(set, &device, name) ? find(ports, count, name) : NULL;
        if (info)
            describe(set, &device, info);
    }
    SetupDiDestroyDeviceInfoList(set);
}

void serial_device_describe(struct serial_info *ports, size_t count)
{
    pass(&ports_class, ports, count);
    /* modems have ports, too, and a driver may have a class of its own; there are some hundred
     * devices to go through */
    if (!all_are_described(ports, count))
        pass(NULL, ports, count);
}
