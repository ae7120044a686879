#include "command_line.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct writer {
    char *line;
    size_t size, len;
    bool full;
};

static void put(struct writer *w, char c, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        if (w->len + 1 < w->size)
            w->line[w->len++] = c;
        else
            w->full = true;
    }
}

int command_line_add(char *line, size_t size, const char *argument)
{
    struct writer w = {line, size, strlen(line), false};
    size_t backslashes = 0;

    if (w.len > 0)
        put(&w, ' ', 1);
    bool quote = !*argument || strpbrk(argument, " \t\"");
    if (quote)
        put(&w, '"', 1);
    for (const char *p = argument; *p; p++) {
        backslashes = *p == '\\' ? backslashes + 1 : backslashes;
        if (*p == '\\')
            continue;
        /* backslashes count twice before a quote only */
        put(&w, '\\', *p == '"' ? 2 * backslashes + 1 : backslashes);
        put(&w, *p, 1);
        backslashes = 0;
    }
    put(&w, '\\', quote ? 2 * backslashes : backslashes);
    if (quote)
        put(&w, '"', 1);
    w.line[w.len] = '\0';
    return w.full ? -ENOBUFS : 0;
}

int command_line_add_unexpanded(char *line, size_t size, const char *argument)
{
    static const char hidden[] = "%25";
    char text[8192];
    struct writer w = {text, sizeof text, 0, false};

    for (const char *p = argument; *p; p++) {
        put(&w, *p, 1);
        for (const char *h = hidden + 1; *p == '%' && *h; h++)
            put(&w, *h, 1);
    }
    text[w.len] = '\0';
    return w.full ? -ENOBUFS : command_line_add(line, size, text);
}

void command_line_restore(char *text)
{
    char *to = text;

    for (const char *p = text; *p; to++) {
        *to = *p;
        p += strncmp(p, "%25", 3) == 0 ? 3 : 1;
    }
    *to = '\0';
}
