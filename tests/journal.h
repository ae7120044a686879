/*
 * A journal of what happened, as text, to compare with what should have.
 */
#ifndef TESTS_JOURNAL_H
#define TESTS_JOURNAL_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct journal {
    char text[65536];
    size_t len;
    size_t last; /* where the last line begins */
};

static inline void journal_clear(struct journal *j)
{
    j->len = 0;
    j->last = 0;
    j->text[0] = '\0';
}

/* Adds a line. */
__attribute__((format(COM2NET_PRINTF, 2, 3))) static inline void
journal_line(struct journal *j, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(j->text + j->len, sizeof j->text - j->len, format, args);
    va_end(args);
    if (n < 0 || (size_t)n + 2 > sizeof j->text - j->len)
        return;
    j->last = j->len;
    j->len += (size_t)n;
    j->text[j->len++] = '\n';
    j->text[j->len] = '\0';
}

/* Adds bytes in hex to a line that begins with `kind`; goes on with the last line if that is of the
 * same kind, so that how bytes were cut does not show. */
static inline void journal_bytes(struct journal *j, const char *kind, const uint8_t *data,
                                 size_t len)
{
    if (j->len + 64 > sizeof j->text)
        return;
    if (j->len > 0 && strncmp(j->text + j->last, kind, strlen(kind)) == 0) {
        j->len--;
    } else {
        j->last = j->len;
        j->len += (size_t)snprintf(j->text + j->len, sizeof j->text - j->len, "%s", kind);
    }
    for (size_t i = 0; i < len && j->len + 8 < sizeof j->text; i++)
        j->len += (size_t)snprintf(j->text + j->len, sizeof j->text - j->len, " %02x", data[i]);
    j->text[j->len++] = '\n';
    j->text[j->len] = '\0';
}

#endif
