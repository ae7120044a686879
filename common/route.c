#include "route.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { IS_UP = 1, HAS_GATEWAY = 2 }; /* RTF_UP, RTF_GATEWAY in linux/route.h */

static void write_address(uint32_t number, char address[static ROUTE_ADDRESS_MAX])
{
    uint8_t byte[4];

    memcpy(byte, &number, sizeof byte);
    snprintf(address, ROUTE_ADDRESS_MAX, "%u.%u.%u.%u", byte[0], byte[1], byte[2], byte[3]);
}

bool route_gateway(const char *table, char address[static ROUTE_ADDRESS_MAX])
{
    unsigned best = 0;
    bool found = false;

    for (const char *line = strchr(table, '\n'); line; line = strchr(line + 1, '\n')) {
        unsigned destination, gateway, flags, metric, mask;

        if (sscanf(line + 1, "%*15s %8x %8x %4x %*d %*d %9u %8x", &destination, &gateway, &flags,
                   &metric, &mask) != 5)
            continue;
        if (destination != 0 || mask != 0 ||
            (flags & (IS_UP | HAS_GATEWAY)) != (IS_UP | HAS_GATEWAY))
            continue;
        if (found && metric >= best)
            continue;
        best = metric;
        write_address(gateway, address);
        found = true;
    }
    return found;
}
