/*
 * The owner of a port on Windows; see common/seam/owner.h.
 */
#include "owner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "listener_program.h"

int owner_of_port(uint16_t port, bool ipv6_only, char *name, size_t size)
{
    char path[LISTENER_PATH_MAX];
    const unsigned long pid = listener_program(port, ipv6_only, path);

    if (!pid)
        return -ENOENT;
    const char *base = strrchr(path, '\\');
    snprintf(name, size, "%.40s (pid %lu)", base ? base + 1 : path[0] ? path : "?", pid);
    return 0;
}

int owner_of_file(const char *path, char *name, size_t size)
{
    /* Windows tells it of ports to nobody */
    (void)path;
    (void)name;
    (void)size;
    return -ENOENT;
}
