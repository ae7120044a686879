/*
 * A cfgmgr32.dll for under Wine, whose own knows no parents: here each device is on a USB port, as
 * those are that Windows has. It is put beside the program, which takes it by WINEDLLOVERRIDES.
 */
#include <winsock2.h>

#include <windows.h>
#include <cfgmgr32.h>

#include <string.h>

enum { HUB = 0x7fff0001 }; /* the parent of all */

__declspec(dllexport) CMAPI CONFIGRET WINAPI
    CM_Get_Parent(DEVINST *parent, DEVINST device, ULONG flags)
{
    (void)flags;
    if (device == HUB)
        return CR_NO_SUCH_DEVNODE;
    *parent = HUB;
    return CR_SUCCESS;
}

__declspec(dllexport) CMAPI CONFIGRET WINAPI
    CM_Get_Device_IDW(DEVINST device, WCHAR *id, ULONG len, ULONG flags)
{
    static const WCHAR hub[] = L"USB\\ROOT_HUB30\\4&1A2B3C4D&0&0";

    (void)flags;
    if (device != HUB || len < sizeof hub / sizeof *hub)
        return CR_NO_SUCH_DEVNODE;
    memcpy(id, hub, sizeof hub);
    return CR_SUCCESS;
}

/* What is asked for is the class, and of that only "USB" matters. */
__declspec(dllexport) CMAPI CONFIGRET WINAPI
    CM_Get_DevNode_Registry_PropertyA(DEVINST device, ULONG property, ULONG *type, void *value,
                                      ULONG *size, ULONG flags)
{
    (void)type;
    (void)flags;
    if (device != HUB || property != CM_DRP_CLASS || *size < sizeof "USB")
        return CR_NO_SUCH_VALUE;
    memcpy(value, "USB", sizeof "USB");
    *size = sizeof "USB";
    return CR_SUCCESS;
}

__declspec(dllexport) CMAPI CONFIGRET WINAPI
    CM_Get_Device_IDA(DEVINST device, char *id, ULONG len, ULONG flags)
{
    (void)device;
    (void)id;
    (void)len;
    (void)flags;
    return CR_NO_SUCH_DEVNODE;
}
