/*
 * `com2net list`: the serial ports and USB devices of this machine, with what to type for each, or
 * the com2net that publishes it already.
 */
#ifndef SERVER_LIST_H
#define SERVER_LIST_H

/* Prints it. Returns 0, or -errno, which has been printed, when serial ports cannot be listed. */
int list_print(void);

#endif
