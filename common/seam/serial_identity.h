/*
 * The device under the name of a serial port, so that it is told from a later device of that name.
 * A name such as ttyUSB0 or /dev/pts/3 is given to the next device that comes. Implemented in
 * posix/linux/serial_identity.c and win32/serial_identity.c.
 */
#ifndef COMMON_SEAM_SERIAL_IDENTITY_H
#define COMMON_SEAM_SERIAL_IDENTITY_H

#include "serial.h"

struct serial_identity;

enum serial_match {
    SERIAL_SAME,   /* it is the same thing, or nobody can tell */
    SERIAL_OTHER,  /* another device has the name: other ids, another serial number; where there is
                      none another place */
    SERIAL_REUSED, /* a pseudo-terminal has ended, and its number may be anybody's (Linux
                      fs/devpts/inode.c, devpts_pty_kill) */
};

/* Notes the device that is under `path` now. NULL without it, or without memory. */
struct serial_identity *serial_identity_new(const char *path);

/* Accepts NULL. */
void serial_identity_free(struct serial_identity *id);

/* Compares with the device that is under `path`, the same one, now. A link is the same as long as
 * its name is, unless it still leads to a pseudo-terminal that has ended. Where it is not the same,
 * `text` says what is wrong and what to do. */
enum serial_match serial_identity_match(const struct serial_identity *id, const char *path,
                                        char text[static SERIAL_ERROR_MAX]);

#endif
