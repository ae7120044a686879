/*
 * Windows gives a COM number to one device, which keeps it (its PortName in the registry): another
 * one has another number.
 */
#include "serial_identity.h"

#include <stdlib.h>

struct serial_identity {
    char nothing;
};

struct serial_identity *serial_identity_new(const char *path)
{
    (void)path;
    return calloc(1, sizeof(struct serial_identity));
}

void serial_identity_free(struct serial_identity *id)
{
    free(id);
}

enum serial_match serial_identity_match(const struct serial_identity *id, const char *path,
                                        char text[static SERIAL_ERROR_MAX])
{
    (void)id;
    (void)path;
    text[0] = '\0';
    return SERIAL_SAME;
}
