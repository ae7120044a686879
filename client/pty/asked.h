/*
 * The requests that a server has not answered yet. So an answer is compared with the request of
 * that message, and not with later wishes. Servers answer in order; some leave out answers. Pure.
 */
#ifndef CLIENT_PTY_ASKED_H
#define CLIENT_PTY_ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/rfc2217.h"

enum asked_about {
    ASKED_BAUD,
    ASKED_SIZE,
    ASKED_PARITY,
    ASKED_STOP,
    ASKED_FLOW_OUT,
    ASKED_FLOW_IN,
    ASKED_DTR,
    ASKED_RTS,
    ASKED_PURGE,
    ASKED_RESET,
    ASKED_ABOUT,
};

enum { ASKED_MAX = 64 };

#define ASKED_QUESTION UINT32_MAX /* in place of a value: only how it is */

/* Empty when it is all zeros. Of the oldest, when too much is asked, only the number is kept. */
struct asked {
    struct asked_list {
        struct asked_entry {
            uint32_t value;
            uint32_t number; /* of the message, among all */
        } entries[ASKED_MAX];
        unsigned first, count; /* of a ring */
        unsigned older;        /* than those */
    } lists[ASKED_ABOUT];
    uint32_t last; /* number of the last message */
};

/* A message is sent to the server: notes what it asks. */
void asked_note(struct asked *a, const struct rfc2217_message *m);

enum asked_verdict {
    ASKED_NOT,      /* nothing was asked */
    ASKED_HOW,      /* it was a question */
    ASKED_DONE,     /* what was to be set is in force */
    ASKED_NOT_DONE, /* something else is; `*wish` was wished */
};

/* An answer has come: whose it is. `all`: the server leaves none out. Otherwise an answer that fits
 * a later wish is that one's. */
enum asked_verdict asked_answered(struct asked *a, enum asked_about about, uint32_t value,
                                  bool strict, uint32_t *wish);

/* Whether a value is what was wished: a real speed may differ a little from the one that is meant.
 */
bool asked_fits(enum asked_about about, uint32_t wish, uint32_t value);

/* Whether a wish about this is out, whatever questions are. */
bool asked_has_wish(const struct asked *a, enum asked_about about);

#endif
