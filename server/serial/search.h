/*
 * The port that a serial number or VID:PID means, found while the loop continues: a list of the
 * ports may take seconds. Searches that are made at the same time share one list.
 */
#ifndef SERVER_SERIAL_SEARCH_H
#define SERVER_SERIAL_SEARCH_H

#include <stdbool.h>

#include "serial.h"
#include "serial_ports.h"

struct event_base;

/* All run on the loop thread. */
struct search_callbacks {
    /* It is over, see `error`. */
    void (*over)(void *ctx);
    /* A port may have come, whether a search is under way or not. Begins none, and frees none. */
    void (*arrived)(void *ctx);
};

enum search_state {
    SEARCH_NONE,
    SEARCH_BEGUN,  /* it waits for the next list */
    SEARCH_LISTED, /* a list is being made for it */
    SEARCH_OVER,
};

/* A member of its owner. */
struct search {
    const char *selector;
    int interface;
    const struct search_callbacks *callbacks;
    void *ctx;
    enum search_state state;
    bool told;                   /* that it is over */
    int error;                   /* of one that is over: 0 or -errno */
    struct serial_info info;     /* likewise, the port */
    char text[SERIAL_ERROR_MAX]; /* or what is wrong, and what to do */
    struct search *next;         /* search.c's */
};

/* Makes one for a selector, which outlives it, that is no path, and for an interface as in
 * serial_find. It hears of ports that come from now on. */
void search_init(struct search *s, struct event_base *base, const char *selector, int interface,
                 const struct search_callbacks *callbacks, void *ctx);

/* Begins, unless one is under way. */
void search_begin(struct search *s);

bool search_is_under_way(const struct search *s);

/* Ends one that takes too long, as one that has found nothing; `over` is not called. */
void search_give_up(struct search *s);

/* Forgets the result, or the search. */
void search_stop(struct search *s);

/* Forgets it, and hears nothing any more. A search that was never made is fine. */
void search_free(struct search *s);

#endif
