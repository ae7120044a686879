/*
 * One of the operating system's serial ports: whether it could be opened, and opening it.
 * Implemented in posix/serial_io.c and win32/serial_io.c.
 */
#ifndef COMMON_SEAM_SERIAL_IO_H
#define COMMON_SEAM_SERIAL_IO_H

#include "serial.h"
#include "serial_ports.h"

struct serial_file;

/* An attempt to open a port. The owner fills in path and options. */
struct serial_opening {
    char path[SERIAL_PATH_MAX];
    struct serial_options options;
    struct serial_file *file;      /* what is open, or NULL: then */
    int error;                     /* is a negative errno, */
    char text[SERIAL_ERROR_MAX];   /* and this is what is wrong, and what to do */
    struct line_settings settings; /* as found, which serial_close puts back */
    unsigned lines;                /* all modem lines, as they are after the open */
};

/* Opens the port for this process alone, raw. On most systems that raises DTR and RTS: there is no
 * way around it. It may take many seconds, so it may be done on any thread; and so may
 * serial_io_discard. */
void serial_io_open(struct serial_opening *o);

/* Takes the file into the loop, without reading yet. NULL with error and text if that fails; the
 * file is taken either way. */
struct serial *serial_io_begin(struct serial_opening *o, struct event_base *base,
                               const struct serial_callbacks *callbacks, void *ctx);

/* Closes the file of an attempt that nobody wants, as serial_close does; without a file it does
 * nothing. */
void serial_io_discard(struct serial_opening *o);

/* Whether a port could be opened, as far as can be told without moving its lines. Returns 0, or
 * -errno with the fault and the remedy in `text`. */
int serial_io_check(const char *path, char text[static SERIAL_ERROR_MAX]);

#endif
