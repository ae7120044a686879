/*
 * Advice on listening on POSIX systems; see common/seam/listen_advice.h.
 */
#include "listen_advice.h"

#include <errno.h>

const char *listen_advice_of_error(int error)
{
    if (error == EADDRINUSE)
        return "another program has it (`ss -ltnp` as root says which); choose another port, or 0 "
               "for any";
    if (error == EACCES)
        return "ports below 1024 are for root; choose a higher one";
    return NULL;
}

bool listen_advice_is_taken(int error)
{
    return error == EADDRINUSE;
}

void listen_advice_of_firewall(uint16_t port, char *text, size_t size)
{
    (void)port;
    if (size > 0)
        text[0] = '\0';
}
