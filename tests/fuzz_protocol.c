/*
 * Beginnings of connections: a decision comes within so many bytes, and stands whatever follows.
 */
#include <stdlib.h>

#include "proto/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    enum protocol told = PROTOCOL_OPEN;

    for (size_t n = 0; n <= len && n <= 4 * PROTOCOL_BEGINNING_MAX; n++) {
        enum protocol now = protocol_tell(data, n);
        enum protocol resting = protocol_tell_resting(data, n);

        if (told != PROTOCOL_OPEN && now != told)
            abort();
        if (now == PROTOCOL_OPEN && n >= PROTOCOL_BEGINNING_MAX)
            abort();
        if (now != PROTOCOL_OPEN ? resting != now : n > 0 && resting == PROTOCOL_OPEN)
            abort();
        told = now;
    }
    return 0;
}
