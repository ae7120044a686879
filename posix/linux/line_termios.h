/*
 * Line settings to and from Linux's struct termios2, for the ports that com2net opens and for the
 * PTYs of net2pty. Of the C library's <termios.h> nothing is used: it has no arbitrary speeds.
 */
#ifndef POSIX_LINUX_LINE_TERMIOS_H
#define POSIX_LINUX_LINE_TERMIOS_H

#include <asm/termbits.h>

#include "proto/line.h"

/* Makes `t` raw: bytes pass unchanged, a read returns what is there, no line starts a signal. */
void line_termios_raw(struct termios2 *t);

/* Puts speed, format and flow control into `t`. Returns 0, or -EINVAL for settings that termios
 * does not have; then `t` is unchanged. These are 1.5 stop bits but with 5 data bits, flow control
 * by DCD, DTR or DSR, and hardware flow control of one direction. */
int line_termios_put(const struct line_settings *line, struct termios2 *t);

/* Reads them out. Speed 0 (B0: hang up) gives baud 0. Two stop bits with five data bits are one
 * and a half on a UART; they are reported as two. */
void line_termios_get(const struct termios2 *t, struct line_settings *line);

#endif
