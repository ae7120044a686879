/*
 * Error numbers in words on POSIX systems; see common/seam/error_text.h.
 */
#include "error_text.h"

#include <string.h>

const char *error_text(int error)
{
    return strerror(error);
}
