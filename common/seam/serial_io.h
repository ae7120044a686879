/*
 * The operating system's serial ports: opening one, and what libserialport does not know of a
 * listed one. Implemented in posix/serial_io.c and win32/serial_io.c.
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

/* Whether a port could be opened, as far as can be told without moving its lines: 0, or -errno
 * with what is wrong and what to do in `text`. */
int serial_io_check(const char *path, char text[static SERIAL_ERROR_MAX]);

enum { SERIAL_IO_PATH_MAX = 512 };

/* What stands before a port's bare name in its path: "/dev/", or nothing where COM3 is enough. */
const char *serial_io_prefix(void);

/* Whether two names or paths, as typed, are those of one port, as far as the words tell. */
bool serial_io_is_same(const char *a, const char *b);

/* The path by which the system knows a port, where `path` may be a link to it. */
void serial_io_resolve(const char *path, char real[static SERIAL_IO_PATH_MAX]);

/* Names the ports that this system knows, by path, for where libserialport gives no list; not all
 * of them need be there. Returns 0 or -errno. */
int serial_io_each(void (*take)(void *ctx, const char *path), void *ctx);

enum { SERIAL_INFO_TEXT_MAX = 128 };

/* A port of this machine. */
struct serial_info {
    char path[SERIAL_IO_PATH_MAX];
    char stable[SERIAL_IO_PATH_MAX]; /* "" if there is none */
    char description[SERIAL_INFO_TEXT_MAX];
    char serial[SERIAL_INFO_TEXT_MAX]; /* "" if unknown */
    int vid, pid;                      /* -1 if it is not a USB device's */
    int interface;                     /* of the USB device, -1 likewise */
};

/* Completes what libserialport knows of a listed port: the path that stays the same when it is
 * plugged in again, its USB interface number; what the system knows better. */
void serial_io_describe(struct serial_info *info);

#endif
