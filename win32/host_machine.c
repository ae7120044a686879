/*
 * The machine around WSL or a container, on Windows: this one; see common/seam/host_machine.h.
 */
#include "host_machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plain_socket.h"

bool host_machine_is_meant(const char *name)
{
    return _stricmp(name, "windows") == 0;
}

int host_machine_find(const char *name, char address[static HOST_MACHINE_ADDRESS_MAX],
                      const char **of)
{
    struct plain_address known;

    if (plain_address_find(name, "0", false, &known, 1) > 0)
        return -EEXIST;
    snprintf(address, HOST_MACHINE_ADDRESS_MAX, "127.0.0.1");
    *of = "this Windows";
    return 0;
}
