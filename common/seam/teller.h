/*
 * The com2nets of one machine, and what each of them tells: it has a text for every program that
 * connects. Nothing is asked, so nothing has to be parsed. Implemented in posix/linux/teller.c and
 * win32/teller.c.
 */
#ifndef COMMON_SEAM_TELLER_H
#define COMMON_SEAM_TELLER_H

struct event_base;
struct teller;

enum {
    TELLER_TEXT_MAX = 64 * 1024, /* bytes of a text; more of it is left out */
    TELLER_USER_MAX = 64,
    TELLER_OTHERS_MAX = 64,     /* so many are asked */
    TELLER_ASK_LIMIT_MS = 1000, /* for all of them together */
    TELLER_ERROR_MAX = 256,
    TELLER_END_MAX = 64,
};

/* Has this process tell, from the loop. `tell` gives the text as it is at that moment, allocated,
 * or NULL without memory. Every user of the machine gets it. Who connects and does not read it
 * holds neither a descriptor nor the loop. Returns NULL with the reason in `error`. */
struct teller *teller_new(struct event_base *base, char *(*tell)(void *ctx), void *ctx,
                          char error[static TELLER_ERROR_MAX]);

/* Accepts NULL. */
void teller_free(struct teller *t);

/* What one of them has told. */
struct teller_answer {
    unsigned long pid;          /* as the system says; 0: it does not */
    char user[TELLER_USER_MAX]; /* "" for our own, else its name, or "?" */
    char *text;                 /* NULL: it does not answer. Any program may have made it */
};

/* Asks all but this process, blocking, within TELLER_ASK_LIMIT_MS. Returns how many are in
 * `answers`, whose texts are the caller's to free. */
unsigned teller_ask(struct teller_answer answers[static TELLER_OTHERS_MAX]);

/* The command by which a user ends one of them, in backquotes. `pid` is not 0. */
void teller_how_to_end(unsigned long pid, char text[static TELLER_END_MAX]);

#endif
