/*
 * A published device in a line of text, as com2nets tell each other of theirs (teller.h):
 *
 *     device<TAB>KEY<TAB>ADDRESS<TAB>NAME
 *
 * KEY is what a device is known by on this machine: the path of a serial port (/dev/ttyUSB0, COM3),
 * or usb:BUSID. It is "-" for one that is built in, and one that is not found.
 */
#ifndef SERVER_PUBLISHED_H
#define SERVER_PUBLISHED_H

#include <stdbool.h>

struct buf;

struct published {
    const char *key; /* "" if it has none */
    const char *address;
    const char *name;
};

/* Adds the line. Control characters become '?'. Returns 0 or what buf_add says. */
int published_add(struct buf *b, const struct published *p);

/* Takes the line of a device off the start of `*text`, which it changes; `p` points into that.
 * Returns false where there is none: then the rest, after an empty line if there is one, is for
 * people. */
bool published_take(char **text, struct published *p);

/* Whether two keys are those of one device. */
bool published_is_same(const char *key, const char *other);

#endif
