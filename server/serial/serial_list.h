/*
 * The serial ports of this machine, and how to choose one.
 */
#ifndef SERVER_SERIAL_SERIAL_LIST_H
#define SERVER_SERIAL_SERIAL_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "serial.h"
#include "serial_ports.h"

/* Lists the ports, sorted as people count: COM3 is before COM10. From any thread; it may take
 * seconds. The array is the caller's to free. Returns 0 or -errno. */
int serial_list(struct serial_info **list, size_t *count);

enum { SERIAL_SELECTOR_MAX = SERIAL_PATH_MAX + 32 };

/* What to type for port number `i` of a list: the path that stays the same, else the serial number
 * if no other port has it, else its present path. */
void serial_selector(const struct serial_info *list, size_t count, size_t i,
                     char text[static SERIAL_SELECTOR_MAX]);

/* Whether a user's text is that of a path or a name, for which nothing has to be listed. */
bool serial_is_path(const char *selector);

/*
 * Resolves a user's text: a path, a name in /dev, serial=SERIALNUMBER or VID:PID (hexadecimal).
 * `interface` picks one of several ports of a device, -1 for the only one. Returns 0 with the path,
 * or -errno with what is wrong (and the candidates, if several match) in `error`. It may take
 * seconds to list the ports: the loop's callbacks use search.h.
 */
int serial_find(const char *selector, int interface, char path[static SERIAL_PATH_MAX],
                char error[static SERIAL_ERROR_MAX]);

/* The choice of serial_find among ports that were listed. */
int serial_choose(const struct serial_info *list, size_t count, const char *selector, int interface,
                  char path[static SERIAL_PATH_MAX], char error[static SERIAL_ERROR_MAX]);

#endif
