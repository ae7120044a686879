#include "usb_text.h"

#include <stdbool.h>
#include <string.h>

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Writes one character. Returns false when there is no room. */
static bool put(char *to, size_t size, size_t *len, uint32_t c)
{
    char bytes[4];
    size_t n = 1;

    if (is_control(c) || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
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

void usb_text_clean(char *to, size_t size, const char *from)
{
    const unsigned char *p = (const unsigned char *)from;
    size_t len = 0;

    while (*p && put(to, size, &len, take(&p)))
        ;
    to[len] = '\0';
}

void usb_text_of_descriptor(char *to, size_t size, const uint8_t *data, size_t len)
{
    size_t done = 0;

    for (size_t i = 2; i + 1 < len; i += 2) {
        uint32_t c = (uint32_t)(data[i] | data[i + 1] << 8);

        if (c >= 0xd800 && c < 0xdc00 && i + 3 < len && (data[i + 3] & 0xfc) == 0xdc) {
            c = 0x10000 + ((c & 0x3ff) << 10 | (uint32_t)((data[i + 3] & 3) << 8 | data[i + 2]));
            i += 2;
        }
        if (!put(to, size, &done, c))
            break;
    }
    to[done] = '\0';
}
