/*
 * Error numbers in words on Windows; see common/seam/error_text.h.
 */
#include "error_text.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* strerror of msvcrt.dll knows none of those that sockets have */
static const struct {
    int error;
    const char *text;
} texts[] = {
    {EADDRINUSE, "Address already in use"},
    {EADDRNOTAVAIL, "Cannot assign requested address"},
    {EAFNOSUPPORT, "Address family not supported"},
    {ECONNABORTED, "Connection aborted"},
    {ECONNREFUSED, "Connection refused"},
    {ECONNRESET, "Connection reset by peer"},
    {EHOSTUNREACH, "No route to host"},
    {EINPROGRESS, "Operation now in progress"},
    {EMSGSIZE, "Message too long"},
    {ENETDOWN, "Network is down"},
    {ENETRESET, "Network dropped connection on reset"},
    {ENETUNREACH, "Network is unreachable"},
    {ENOBUFS, "No buffer space available"},
    {ENOTCONN, "Not connected"},
    {ENOTSOCK, "Not a socket"},
    {ENOTSUP, "Not supported"},
    {ETIMEDOUT, "Connection timed out"},
};

const char *error_text(int error)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].error == error)
            return texts[i].text;
    return strerror(error);
}
