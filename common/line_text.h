/*
 * A serial line in words, for people.
 */
#ifndef COMMON_LINE_TEXT_H
#define COMMON_LINE_TEXT_H

#include "proto/line.h"

#define LINE_TEXT_MAX 64

/* Writes settings as people say them: "115200 8N1 rtscts". Always terminated. */
void line_text(const struct line_settings *line, char text[static LINE_TEXT_MAX]);

/* Writes the names of the modem lines in `lines`: "DTR RTS CTS", or "none". Always terminated. */
void line_modem_text(unsigned lines, char text[static LINE_TEXT_MAX]);

/* Name of a flow control: "none", "xonxoff", "rtscts", ... */
const char *line_flow_name(unsigned flow);

#endif
