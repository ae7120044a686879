/*
 * The file at the path of a serial port: whether it is one, and the fault when it cannot be opened.
 */
#ifndef POSIX_LINUX_TTY_NODE_H
#define POSIX_LINUX_TTY_NODE_H

#include <stdbool.h>

#include "serial.h"

/* Whether a serial port that we may open is there. Returns 0 or -errno. */
int tty_node_look(const char *path);

/* Whether it is a pseudo-terminal, which emulators publish as their serial ports. */
bool tty_node_is_pty(const char *path);

/* Says what is wrong, by a positive errno of an attempt to open it, and what to do. */
void tty_node_say_error(const char *path, int error, char text[static SERIAL_ERROR_MAX]);

#endif
