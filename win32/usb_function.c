#include "usb_function.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <setupapi.h>

#include "utf8.h"

enum { TEXT_MAX = 512, NO_INTERFACE = -1 };

/* A text property; of several texts the first. "" where there is none. */
static void read_text(HDEVINFO set, SP_DEVINFO_DATA *device, DWORD property,
                      char text[static TEXT_MAX])
{
    WCHAR wide[TEXT_MAX] = L"";

    text[0] = '\0';
    if (SetupDiGetDeviceRegistryPropertyW(set, device, property, NULL, (BYTE *)wide,
                                          sizeof wide - sizeof *wide, NULL))
        utf8_from_wide(wide, text, TEXT_MAX);
}

/* Whether an instance ID is that of a device with these numbers, or of a function of it. */
static bool has_ids(HDEVINFO set, SP_DEVINFO_DATA *device, const struct usb_function_place *place)
{
    WCHAR wide[TEXT_MAX];
    char id[TEXT_MAX], wanted[40];

    if (!SetupDiGetDeviceInstanceIdW(set, device, wide, TEXT_MAX, NULL))
        return false;
    utf8_from_wide(wide, id, sizeof id);
    const int len =
        snprintf(wanted, sizeof wanted, "USB\\VID_%04X&PID_%04X", place->vendor, place->product);
    return _strnicmp(id, wanted, (size_t)len) == 0;
}

/* Whether a location path is that of the device or a function of it, and of which interface:
 * NO_INTERFACE for the device. */
static bool is_at(const char *path, const struct usb_function_place *place, int *interface)
{
    char wanted[USB_FUNCTION_DEPTH_MAX * 12 + 1] = "";
    size_t len = 0;

    for (int i = 0; i < place->depth && i < USB_FUNCTION_DEPTH_MAX; i++)
        len += (size_t)snprintf(wanted + len, sizeof wanted - len, "#USB(%u)", place->ports[i]);
    const char *root = strstr(path, "#USBROOT(");
    const char *at = root ? strchr(root + 1, '#') : NULL;
    if (!at || strncmp(at, wanted, len) != 0)
        return false;
    *interface = NO_INTERFACE;
    return at[len] == '\0' || sscanf(at + len, "#USBMI(%d)", interface) == 1;
}

bool usb_function_driver(const struct usb_function_place *place, int interface,
                         char driver[static USB_FUNCTION_TEXT_MAX])
{
    HDEVINFO set = SetupDiGetClassDevsW(NULL, L"USB", NULL, DIGCF_PRESENT | DIGCF_ALLCLASSES);
    SP_DEVINFO_DATA device = {.cbSize = sizeof device};
    char text[TEXT_MAX];
    int best = NO_INTERFACE - 1, at;

    driver[0] = '\0';
    if (set == INVALID_HANDLE_VALUE)
        return false;
    for (DWORD i = 0; SetupDiEnumDeviceInfo(set, i, &device); i++) {
        if (!has_ids(set, &device, place))
            continue;
        read_text(set, &device, SPDRP_LOCATION_PATHS, text);
        /* a function may have several interfaces, of which the first one names it */
        if (!is_at(text, place, &at) || at > interface || at <= best)
            continue;
        best = at;
        read_text(set, &device, SPDRP_SERVICE, text);
        snprintf(driver, USB_FUNCTION_TEXT_MAX, "%.*s", USB_FUNCTION_TEXT_MAX - 1, text);
    }
    SetupDiDestroyDeviceInfoList(set);
    return best >= NO_INTERFACE;
}
