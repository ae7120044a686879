/*
 * A setupapi.dll for under Wine, which knows no USB devices: here are an iCEstick, one of whose
 * interfaces has WinUSB, a modem of three interfaces, a second one on another port, and a device
 * without a driver. It is put beside the program, which takes it by WINEDLLOVERRIDES.
 */
#include <string.h>

#include <windows.h>
#include <setupapi.h>

static const struct {
    const WCHAR *id, *service, *paths;
} devices[] = {
    {L"USB\\ROOT_HUB30\\4&1", L"USBHUB3", L"PCIROOT(0)#PCI(1400)#USBROOT(0)\0"},
    {L"USB\\VID_0403&PID_6010\\FT1", L"usbccgp",
     L"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(3)#USB(2)\0"},
    {L"USB\\VID_0403&PID_6010&MI_01\\7&1&0&0001", L"FTDIBUS",
     L"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(3)#USB(2)#USBMI(1)\0ACPI(_SB_)\0"},
    {L"USB\\VID_0403&PID_6010&MI_00\\7&1&0&0000", L"WinUSB",
     L"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(3)#USB(2)#USBMI(0)\0"},
    {L"USB\\VID_0403&PID_6010&MI_00\\7&2&0&0000", L"FTDIBUS",
     L"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(3)#USB(21)#USBMI(0)\0"},
    {L"USB\\VID_1BC7&PID_0021\\1", L"usbccgp", L"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(5)\0"},
    {L"USB\\VID_1BC7&PID_0021&MI_02\\1", L"libusbK",
     L"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(5)#USBMI(2)\0"},
    {L"USB\\VID_1BC7&PID_0021&MI_00\\1", L"usbser",
     L"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(5)#USBMI(0)\0"},
    {L"USB\\VID_10C4&PID_EA60\\0001", L"silabser", L"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(7)\0"},
    {L"USB\\VID_1209&PID_0001\\1", NULL, L"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(8)\0"},
    {L"USB\\VID_1209&PID_0002\\1", L"WinUSB", NULL},
};

enum { SET = 1 };

__declspec(dllexport) HDEVINFO WINAPI
    SetupDiGetClassDevsW(const GUID *class, PCWSTR enumerator, HWND parent, DWORD flags)
{
    (void)parent;
    if (class || !enumerator || wcscmp(enumerator, L"USB") != 0 ||
        flags != (DIGCF_PRESENT | DIGCF_ALLCLASSES))
        return INVALID_HANDLE_VALUE;
    return (HDEVINFO)SET;
}

__declspec(dllexport) BOOL WINAPI
    SetupDiEnumDeviceInfo(HDEVINFO set, DWORD i, PSP_DEVINFO_DATA device)
{
    if (set != (HDEVINFO)SET || i >= sizeof devices / sizeof *devices)
        return FALSE;
    device->DevInst = i;
    return TRUE;
}

__declspec(dllexport) BOOL WINAPI SetupDiGetDeviceInstanceIdW(HDEVINFO set, PSP_DEVINFO_DATA device,
                                                              PWSTR id, DWORD len, PDWORD needed)
{
    const WCHAR *text = devices[device->DevInst].id;

    (void)needed;
    if (set != (HDEVINFO)SET || wcslen(text) >= len)
        return FALSE;
    wcscpy(id, text);
    return TRUE;
}

__declspec(dllexport) BOOL WINAPI
    SetupDiGetDeviceRegistryPropertyW(HDEVINFO set, PSP_DEVINFO_DATA device, DWORD property,
                                      PDWORD type, PBYTE value, DWORD size, PDWORD needed)
{
    const WCHAR *text = property == SPDRP_SERVICE          ? devices[device->DevInst].service
                        : property == SPDRP_LOCATION_PATHS ? devices[device->DevInst].paths
                                                           : NULL;

    (void)type;
    (void)needed;
    if (set != (HDEVINFO)SET || !text || (wcslen(text) + 1) * sizeof *text > size)
        return FALSE;
    wcscpy((WCHAR *)(void *)value, text);
    return TRUE;
}

__declspec(dllexport) BOOL WINAPI SetupDiDestroyDeviceInfoList(HDEVINFO set)
{
    return set == (HDEVINFO)SET;
}
