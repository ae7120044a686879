/*
 * The serial ports that the operating system has: their names, which there are, and the facts about
 * their devices. No port is opened for any of this: opening raises DTR, and that resets many a
 * board. Implemented in posix/linux/serial_ports.c and win32/serial_ports.c.
 */
#ifndef COMMON_SEAM_SERIAL_PORTS_H
#define COMMON_SEAM_SERIAL_PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "serial.h"

enum { SERIAL_PATH_MAX = 512 };

/* The prefix of a port's bare name in its path: "/dev/", or nothing where COM3 is enough. */
const char *serial_ports_prefix(void);

/* Writes a name as typed, in its place, as people know it: COM10, of "COM10:" or "\\?\COM10". */
void serial_ports_tidy(char *name);

/* Whether two names or paths, as typed, are those of one port, as far as the words tell. */
bool serial_ports_are_same(const char *a, const char *b);

/* The path by which the system knows a port, where `path` may be a link to it. */
void serial_ports_resolve(const char *path, char real[static SERIAL_PATH_MAX]);

enum { SERIAL_INFO_TEXT_MAX = 128 };

/* A port of this machine. */
struct serial_info {
    char path[SERIAL_PATH_MAX];
    char stable[SERIAL_PATH_MAX]; /* that stays when it is plugged in again; "" if there is none */
    char description[SERIAL_INFO_TEXT_MAX];
    char serial[SERIAL_INFO_TEXT_MAX]; /* "" if unknown */
    int vid, pid;                      /* -1 if it is not a USB device's */
    int interface;                     /* of the USB device, -1 if there is none */
};

/* Lists the ports, in any order. The array is the caller's to free. From any thread: it may take
 * some seconds where a system has many devices, or is busy with one. Returns 0 or -errno. */
int serial_ports_list(struct serial_info **list, size_t *count);

/* Describes one port, by its path or that of a link to it, without looking at the others. Returns
 * 0, or -ENODEV for a port of which the system knows nothing. */
int serial_ports_describe(const char *path, struct serial_info *info);

/* Whether we may open a port, as far as the system tells without opening it. Returns 0, or -errno
 * with what to do in `why`. */
int serial_ports_may_open(const char *path, char why[static SERIAL_ERROR_MAX]);

#endif
