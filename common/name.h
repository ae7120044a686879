/* NAMEs that people give to their ports and devices: for the log, for clients, and for a shell. */
#ifndef COMMON_NAME_H
#define COMMON_NAME_H

#include <stddef.h>

enum { NAME_MAX_LEN = 63, NAME_WHY_MAX = 384 };

/* Checks [A-Za-z0-9][A-Za-z0-9._-]{0,62}, and that it is no BUSID such as 1-1.2. Returns 0, or
 * -EINVAL with the reason in `why`, and a name that would do. */
int name_check(const char *name, char why[static NAME_WHY_MAX]);

#endif
