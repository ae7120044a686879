/*
 * UTF-8, which all of com2net speaks, to and from the UTF-16 of Windows's calls.
 */
#ifndef WIN32_UTF8_H
#define WIN32_UTF8_H

#include <stddef.h>
#include <wchar.h>

/* Writes `wide` into `text` of `size` bytes, as much as fits. Invalid UTF-16 becomes U+FFFD. */
void utf8_from_wide(const wchar_t *wide, char *text, size_t size);

/* The same into memory that is the caller's to free; NULL without memory. */
char *utf8_new_from_wide(const wchar_t *wide);

/* `text` as UTF-16, the caller's to free; NULL without memory. */
wchar_t *utf8_new_wide(const char *text);

#endif
