/*
 * Whom a port is open to, on Windows; see common/seam/audience.h.
 */
#include "audience.h"

#include "tcp_table.h"

enum audience audience_of_port(uint16_t port)
{
    bool for_others = false;

    if (!tcp_table_has_listener(port, &for_others))
        return AUDIENCE_UNKNOWN;
    return for_others ? AUDIENCE_NETWORK : AUDIENCE_MACHINE;
}
