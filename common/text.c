#include "text.h"

#include <stdio.h>
#include <string.h>

static bool is_fit(uint32_t c)
{
    return c >= 0x20 && (c < 0x7f || c >= 0xa0) && (c < 0xd800 || c >= 0xe000) && c <= 0x10ffff;
}

bool text_put(char *to, size_t size, size_t *len, uint32_t c)
{
    char bytes[4];
    size_t n = 1;

    if (!is_fit(c))
        c = '?';
    if (c < 0x80) {
        bytes[0] = (char)c;
    } else if (c < 0x800) {
        bytes[0] = (char)(0xc0 | c >> 6);
        n = 2;
    } else if (c < 0x10000) {
        bytes[0] = (char)(0xe0 | c >> 12);
        n = 3;
    } else {
        bytes[0] = (char)(0xf0 | c >> 18);
        n = 4;
    }
    for (size_t i = 1; i < n; i++)
        bytes[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
    if (*len + n >= size)
        return false;
    memcpy(to + *len, bytes, n);
    *len += n;
    return true;
}

/* Takes a character off; one that is none is a control character. */
static uint32_t take(const unsigned char **p)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint32_t c = *(*p)++;
    int more = c < 0x80 ? 0 : c >= 0xf0 && c < 0xf8 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : -1;

    if (more < 0 || c >= 0xf8)
        return 0;
    if (more > 0)
        c &= 0x3fu >> more;
    for (int i = 0; i < more; i++) {
        if ((**p & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (*(*p)++ & 0x3f);
    }
    return c < least[more] ? 0 : c;
}

void text_clean(char *to, size_t size, const char *from)
{
    const unsigned char *p = (const unsigned char *)from;
    size_t len = 0;

    while (*p && text_put(to, size, &len, take(&p)))
        ;
    to[len] = '\0';
}

void text_escape(char *to, size_t size, const char *from)
{
    const unsigned char *p = (const unsigned char *)from;
    size_t len = 0;

    while (*p) {
        const unsigned char *at = p;
        const bool fit = is_fit(take(&p));

        if (len + (size_t)(p - at) * (fit ? 1 : 4) >= size)
            break;
        for (; at < p; at++)
            len += (size_t)snprintf(to + len, size - len, fit ? "%c" : "\\x%02x", *at);
    }
    to[len] = '\0';
}

void text_duration(uint64_t seconds, char text[static TEXT_DURATION_MAX])
{
    static const struct {
        const char *name;
        uint64_t seconds;
    } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"days", 86400}};
    size_t i = 0;

    while (i + 1 < sizeof units / sizeof *units && seconds >= 2 * units[i + 1].seconds)
        i++;
    snprintf(text, TEXT_DURATION_MAX, "%llu %s", (unsigned long long)(seconds / units[i].seconds),
             units[i].name);
}
