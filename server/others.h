/*
 * The other com2nets of this machine, and the devices that they publish, as they tell (teller.h).
 * What they tell is another program's word: it is made fit for a terminal here.
 */
#ifndef SERVER_OTHERS_H
#define SERVER_OTHERS_H

#include <stdbool.h>
#include <stddef.h>

#include "published.h"
#include "teller.h"

struct others_device {
    const struct teller_answer *who;
    struct published published;
};

struct others {
    struct teller_answer answers[TELLER_OTHERS_MAX]; /* by pid */
    char *reports[TELLER_OTHERS_MAX];                /* the part of their texts for people */
    unsigned count;
    struct others_device *devices;
    size_t device_count;
};

enum { OTHERS_NAME_MAX = 160 };

/* Asks them, and blocks for TELLER_ASK_LIMIT_MS at most. */
void others_ask(struct others *o);

/* Frees what it has; not itself. */
void others_free(struct others *o);

/* The next one that publishes a device, after `before`, or NULL: there is none. `before` is NULL
 * for the first. */
const struct others_device *others_next(const struct others *o, const char *key,
                                        const struct others_device *before);

/* "com2net (pid 123)", and "of user lab" where it is another one. The system gives no number to a
 * process of another container, or of the machine around this one. */
void others_name(const struct teller_answer *who, char name[static OTHERS_NAME_MAX]);

/* Prints all that they tell. Returns whether there are any. */
bool others_print(void);

#endif
