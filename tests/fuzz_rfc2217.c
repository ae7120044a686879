/*
 * Fuzzes the decoder: what it accepts is said in words and encodes to a body that decodes to the
 * same message.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/rfc2217.h"
#include "rfc2217_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct rfc2217_message m, back;
    char text[RFC2217_DESCRIPTION_MAX];
    uint8_t body[RFC2217_BODY_MAX];

    if (rfc2217_decode(data, len, &m) < 0)
        return 0;
    rfc2217_describe(&m, text);
    if (strlen(text) >= sizeof text)
        abort();
    size_t n = rfc2217_encode(&m, body);
    if (rfc2217_decode(body, n, &back) < 0 || back.command != m.command || back.value != m.value ||
        back.from_server != m.from_server || back.draft_baud != m.draft_baud ||
        back.text_len != m.text_len || back.mask != m.mask || back.lines != m.lines)
        abort();
    return 0;
}
