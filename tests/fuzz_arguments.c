/*
 * Fuzzes what people type: sources with their options, addresses, speeds and formats. Arguments
 * are divided by NUL bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "source.h"

enum { ARGUMENTS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct source sources[4];
    char *args[ARGUMENTS_MAX];
    char error[CLI_ERROR_MAX] = "";
    struct addr addr;
    char why[ADDRESS_WHY_MAX];
    bool raw;
    int count = 0;

    char *text = malloc(len + 1);
    if (!text)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    for (size_t at = 0; at <= len && count < ARGUMENTS_MAX; at += strlen(text + at) + 1)
        args[count++] = text + at;

    if (addr_parse_connect(text, &addr, &raw, why) == 0) {
        char again[ADDR_TEXT_MAX];

        addr_text(&addr, again);
    }
    int r = source_parse_all(count, args, sources, 4, error);
    source_free_all(sources, r);
    if (r < 0 && !error[0])
        abort();
    if (strlen(error) >= sizeof error)
        abort();
    free(text);
    return 0;
}
