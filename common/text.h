/*
 * Texts from elsewhere, made fit for a terminal or a log: texts of peers and devices may be
 * anything. Control characters are those of C0, DEL, and those of C1, which some terminals obey as
 * well. C1 counts as U+0080 to U+009F, and as single bytes, which are no UTF-8.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies UTF-8, with '?' for bytes that are no UTF-8 and for control characters; a text that does
 * not fit is cut. The copy is never longer, so `to` may be `from`. */
void text_clean(char *to, size_t size, const char *from);

/* The same with \xHH for each byte of them: nothing is hidden. The copy may be longer. */
void text_escape(char *to, size_t size, const char *from);

/* Adds one character to a text of `*len` bytes, or '?' for one that is not fit. Returns false when
 * there is no room. */
bool text_put(char *to, size_t size, size_t *len, uint32_t c);

enum { TEXT_DURATION_MAX = 32 };

/* A time that has passed: "12 s", "5 min", "3 h", "4 days". */
void text_duration(uint64_t seconds, char text[static TEXT_DURATION_MAX]);

#endif
