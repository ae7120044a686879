/*
 * The serial ports that the operating system has: their names, which there are, and what
 * libserialport does not know of a listed one. Implemented in posix/linux/serial_ports.c and
 * win32/serial_ports.c.
 */
#ifndef COMMON_SEAM_SERIAL_PORTS_H
#define COMMON_SEAM_SERIAL_PORTS_H

#include <stdbool.h>

enum { SERIAL_PATH_MAX = 512 };

/* The prefix of a port's bare name in its path: "/dev/", or nothing where COM3 is enough. */
const char *serial_ports_prefix(void);

/* Whether two names or paths, as typed, are those of one port, as far as the words tell. */
bool serial_ports_are_same(const char *a, const char *b);

/* The path by which the system knows a port, where `path` may be a link to it. */
void serial_ports_resolve(const char *path, char real[static SERIAL_PATH_MAX]);

/* Names the ports that this system knows, by path, for where libserialport gives no list; not all
 * of them need be there. Returns 0 or -errno. */
int serial_ports_each(void (*take)(void *ctx, const char *path), void *ctx);

enum { SERIAL_INFO_TEXT_MAX = 128 };

/* A port of this machine. */
struct serial_info {
    char path[SERIAL_PATH_MAX];
    char stable[SERIAL_PATH_MAX]; /* "" if there is none */
    char description[SERIAL_INFO_TEXT_MAX];
    char serial[SERIAL_INFO_TEXT_MAX]; /* "" if unknown */
    int vid, pid;                      /* -1 if it is not a USB device's */
    int interface;                     /* of the USB device, -1 if there is none */
};

/* Completes libserialport's facts about a listed port: the path that stays the same when it is
 * plugged in again, and its USB interface number. The system's better facts are used, too. */
void serial_ports_describe(struct serial_info *info);

#endif
