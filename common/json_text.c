#include "json_text.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

/* What stands behind a backslash for a character, 0 for those that stand for themselves. */
static char escape_of(char c)
{
    return c == '"' || c == '\\' ? c : c == '\n' ? 'n' : c == '\t' ? 't' : '\0';
}

void json_text_print(FILE *file, const char *text)
{
    char clean[8]; /* a character, of up to 4 bytes */
    size_t len;

    putc('"', file);
    for (; *text; text += len) {
        const char escape = escape_of(*text);

        len = 1;
        while (((unsigned char)text[len] & 0xc0) == 0x80 && len < 4)
            len++; /* the rest of a character of UTF-8 */
        snprintf(clean, sizeof clean, "%.*s", (int)len, text);
        text_clean(clean, sizeof clean, clean);
        if (escape)
            fprintf(file, "\\%c%s", escape, clean + 1);
        else
            fputs(clean, file);
    }
    putc('"', file);
}
