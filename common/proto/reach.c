#include "reach.h"

#include <errno.h>
#include <stddef.h>

const char *reach_text(int error)
{
    switch (-error) {
    case ECONNREFUSED:
        return "nothing listens there: is com2net running, is the port right, and is it published "
               "for other machines (com2net SOURCE 0.0.0.0:PORT)?";
    case ETIMEDOUT:
        return "no answer at all: a firewall between, or another address?";
    case EHOSTUNREACH:
    case ENETUNREACH:
        return "no way leads there: is the address right, and the network up?";
    default:
        return NULL;
    }
}
