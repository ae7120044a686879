/*
 * Lists the serial ports, and finds one by each text that is given, as com2net does, but with the
 * cfgmgr32.dll beside it (usb_parents.c): com2net.exe itself takes System32's only.
 */
#include <stdio.h>
#include <stdlib.h>

#include <winsock2.h>

#include <windows.h>
#include <cfgmgr32.h>

#include "serial_list.h"
#include "startup.h"

/* Calls what the list calls, so that it is taken from there and not from setupapi.dll. */
static int look_up_a_parent(void)
{
    DEVINST parent;
    WCHAR id[MAX_DEVICE_ID_LEN];

    return CM_Get_Parent(&parent, 1, 0) == CR_SUCCESS &&
           CM_Get_Device_IDW(parent, id, MAX_DEVICE_ID_LEN, 0) == CR_SUCCESS;
}

int main(int argc, char **argv)
{
    char path[SERIAL_PATH_MAX], error[SERIAL_ERROR_MAX];
    struct serial_info *list;
    size_t count;

    if (startup_init(&argc, &argv) != 0 || !look_up_a_parent() || serial_list(&list, &count) < 0)
        return 1;
    for (size_t i = 0; i < count; i++)
        printf("%s %s\n", list[i].path, list[i].description);
    free(list);
    for (int i = 1; i < argc; i++)
        printf("%s: %s\n", argv[i], serial_find(argv[i], -1, path, error) == 0 ? path : error);
    return 0;
}
