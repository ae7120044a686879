/* Texts in JSON (RFC 8259, 7). */
#ifndef COMMON_JSON_TEXT_H
#define COMMON_JSON_TEXT_H

#include <stdio.h>

/* Writes a text as a JSON string, with its quotation marks. Bytes that are no UTF-8 become '?', as
 * do control characters but tab and newline. */
void json_text_print(FILE *file, const char *text);

#endif
