/*
 * Windows's COM ports; see common/seam/serial_ports.h.
 */
#include "serial_ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "com_name.h"
#include "serial_device.h"

const char *serial_ports_prefix(void)
{
    return "";
}

bool serial_ports_are_same(const char *a, const char *b)
{
    return _stricmp(com_name_bare(a), com_name_bare(b)) == 0;
}

void serial_ports_resolve(const char *path, char real[static SERIAL_PATH_MAX])
{
    snprintf(real, SERIAL_PATH_MAX, "%s", com_name_bare(path));
}

int serial_ports_each(void (*take)(void *ctx, const char *path), void *ctx)
{
    (void)take;
    (void)ctx;
    return -EIO; /* libserialport's list fails here only as a whole */
}

void serial_ports_describe(struct serial_info *info)
{
    serial_device_describe(com_name_bare(info->path), info);
}
