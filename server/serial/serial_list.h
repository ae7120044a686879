/*
 * The serial ports of this machine, and how to choose one.
 */
#ifndef SERVER_SERIAL_SERIAL_LIST_H
#define SERVER_SERIAL_SERIAL_LIST_H

#include <stddef.h>

#include "serial.h"
#include "serial_ports.h"

/* Lists the ports through libserialport. The array is the caller's to free. Returns 0 or -errno. */
int serial_list(struct serial_info **list, size_t *count);

/* Describes one port, by its path or that of a link to it. Unlike a list this opens no other one.
 * Returns 0, or -ENODEV for a port of which libserialport knows nothing. */
int serial_describe(const char *path, struct serial_info *info);

/*
 * Resolves a user's text: a path, a name in /dev, serial=SERIALNUMBER or VID:PID (hexadecimal).
 * `interface` picks one of several ports of a device, -1 for the only one. Returns 0 with the path,
 * or -errno with what is wrong (and the candidates, if several match) in `error`.
 */
int serial_find(const char *selector, int interface, char path[static SERIAL_PATH_MAX],
                char error[static SERIAL_ERROR_MAX]);

/* The choice of serial_find among ports that were listed. */
int serial_choose(const struct serial_info *list, size_t count, const char *selector, int interface,
                  char path[static SERIAL_PATH_MAX], char error[static SERIAL_ERROR_MAX]);

#endif
