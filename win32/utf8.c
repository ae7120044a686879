#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

char *utf8_new_from_wide(const wchar_t *wide)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = size > 0 ? malloc((size_t)size) : NULL;

    if (text)
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, size, NULL, NULL);
    return text;
}

void utf8_from_wide(const wchar_t *wide, char *text, size_t size)
{
    char *all = utf8_new_from_wide(wide);
    size_t len = all ? strlen(all) : 0;

    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)all[len] & 0xc0) == 0x80) /* not within a character */
            len--;
    }
    if (all)
        memcpy(text, all, len);
    text[len] = '\0';
    free(all);
}

wchar_t *utf8_new_wide(const char *text)
{
    int size = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = size > 0 ? calloc((size_t)size, sizeof *wide) : NULL;

    if (wide)
        MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, size);
    return wide;
}
