/* Fuzzes the reader of programs: every text ends within the file. */
#include "elf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const uint8_t *data, size_t len, const char *text)
{
    if (text && ((const uint8_t *)text < data || text + strlen(text) >= (const char *)data + len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct elf e;

    if (elf_read(data, len, &e) < 0)
        return 0;
    check(data, len, e.interpreter);
    check(data, len, e.soname);
    check(data, len, e.rpath);
    check(data, len, e.runpath);
    for (size_t i = 0; i < e.needed_count; i++)
        check(data, len, e.needed[i]);
    struct elf_symbol s;
    for (size_t at = 0; elf_next_symbol(&e, &at, &s);)
        check(data, len, s.name);
    return 0;
}
