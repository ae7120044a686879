/*
 * A cfgmgr32.dll for under Wine, whose own knows no parents and has no news: here each device is on
 * a USB port, as those are that Windows has, and one port comes. It is put beside the program,
 * which takes it by WINEDLLOVERRIDES.
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

/* --- news ------------------------------------------------------------------------------------- */

static PCM_NOTIFY_CALLBACK callback;

/* A port goes, and comes again. */
static DWORD WINAPI tell(void *ctx)
{
    CM_NOTIFY_EVENT_DATA data = {.FilterType = CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE};

    callback(NULL, ctx, CM_NOTIFY_ACTION_DEVICEINTERFACEREMOVAL, &data, sizeof data);
    callback(NULL, ctx, CM_NOTIFY_ACTION_DEVICEINTERFACEARRIVAL, &data, sizeof data);
    return 0;
}

__declspec(dllexport) CONFIGRET WINAPI
    CM_Register_Notification(PCM_NOTIFY_FILTER filter, void *ctx, PCM_NOTIFY_CALLBACK told,
                             HCMNOTIFICATION *notification)
{
    /* GUID_DEVINTERFACE_COMPORT */
    static const GUID com_port = {
        0x86e0d1e0, 0x8089, 0x11d0, {0x9c, 0xe4, 0x08, 0x00, 0x3e, 0x30, 0x1f, 0x73}};

    if (filter->cbSize != sizeof *filter ||
        filter->FilterType != CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE ||
        memcmp(&filter->u.DeviceInterface.ClassGuid, &com_port, sizeof com_port) != 0)
        return CR_INVALID_DATA;
    callback = told;
    HANDLE thread = CreateThread(NULL, 0, tell, ctx, 0, NULL);
    *notification = (HCMNOTIFICATION)thread;
    return thread ? CR_SUCCESS : CR_OUT_OF_MEMORY;
}

/* Waits for the callbacks, as Windows's does. */
__declspec(dllexport) CONFIGRET WINAPI CM_Unregister_Notification(HCMNOTIFICATION notification)
{
    HANDLE thread = (HANDLE)notification;

    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return CR_SUCCESS;
}
