/*
 * The interfaces of ports that come, by the configuration manager, which tells on a thread of its
 * own. Where it cannot (Wine), nothing is told.
 */
#include "serial_arrivals.h"

#include <stdbool.h>
#include <stdlib.h>

#include <winsock2.h>
#include <windows.h>
#include <cfgmgr32.h>

#include "system_dll.h"
#include "wake.h"

/* GUID_DEVINTERFACE_COMPORT of ntddser.h, which needs one file to define all of its numbers */
static const GUID com_port = {
    0x86e0d1e0, 0x8089, 0x11d0, {0x9c, 0xe4, 0x08, 0x00, 0x3e, 0x30, 0x1f, 0x73}};

static const WCHAR cfgmgr32[] = L"cfgmgr32.dll"; /* Wine's has not got them */

typedef CONFIGRET WINAPI register_function(PCM_NOTIFY_FILTER filter, void *ctx,
                                           PCM_NOTIFY_CALLBACK callback, HCMNOTIFICATION *n);
typedef CONFIGRET WINAPI unregister_function(HCMNOTIFICATION n);

struct serial_arrivals {
    struct wake *wake;
    HCMNOTIFICATION notification;
    unregister_function *unsubscribe;
};

static DWORD CALLBACK on_news(HCMNOTIFICATION n, void *ctx, CM_NOTIFY_ACTION action,
                              PCM_NOTIFY_EVENT_DATA data, DWORD size)
{
    struct serial_arrivals *a = ctx;

    (void)n;
    (void)data;
    (void)size;
    if (action == CM_NOTIFY_ACTION_DEVICEINTERFACEARRIVAL)
        wake_up(a->wake);
    return ERROR_SUCCESS;
}

/* Begins to hear. Returns false where Windows does not tell. */
static bool subscribe(struct serial_arrivals *a)
{
    CM_NOTIFY_FILTER filter = {.cbSize = sizeof filter,
                               .FilterType = CM_NOTIFY_FILTER_TYPE_DEVICEINTERFACE};
    register_function *subscribe_to =
        (register_function *)system_dll_find(cfgmgr32, "CM_Register_Notification");

    a->unsubscribe = (unregister_function *)system_dll_find(cfgmgr32, "CM_Unregister_Notification");
    filter.u.DeviceInterface.ClassGuid = com_port;
    return subscribe_to && a->unsubscribe &&
           subscribe_to(&filter, a, on_news, &a->notification) == CR_SUCCESS;
}

struct serial_arrivals *serial_arrivals_new(struct event_base *base, void (*came)(void *ctx),
                                            void *ctx)
{
    struct serial_arrivals *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    a->wake = wake_new(base, came, ctx);
    if (a->wake && subscribe(a))
        return a;
    wake_free(a->wake);
    free(a);
    return NULL;
}

void serial_arrivals_free(struct serial_arrivals *a)
{
    if (!a)
        return;
    a->unsubscribe(a->notification); /* waits for callbacks that run */
    wake_free(a->wake);
    free(a);
}
