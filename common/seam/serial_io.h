/*
 * One of the operating system's serial ports: whether it could be opened, and opening it.
 * Implemented in posix/serial_io.c and win32/serial_io.c.
 */
#ifndef COMMON_SEAM_SERIAL_IO_H
#define COMMON_SEAM_SERIAL_IO_H

#include "serial.h"

/*
 * Opens the port `path` for this process alone, raw, without reading yet; `current` is its settings
 * as found, which serial_close puts back. On most systems opening raises DTR and RTS: there is no
 * way around it. Returns NULL with the errno in `*error`, negative, and in `text` what is wrong
 * and what to do.
 */
struct serial *serial_io_open(struct event_base *base, const char *path,
                              const struct serial_options *options,
                              const struct serial_callbacks *callbacks, void *ctx,
                              struct line_settings *current, int *error,
                              char text[static SERIAL_ERROR_MAX]);

/* Whether a port could be opened, as far as can be told without moving its lines. Returns 0, or
 * -errno with the fault and the remedy in `text`. */
int serial_io_check(const char *path, char text[static SERIAL_ERROR_MAX]);

#endif
