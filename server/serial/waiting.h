/*
 * Clients that wait, in order: for an owner's end, which has closed, and what it has sent is still
 * being done; or for the device to be there. A program that is started again and again should find
 * the port each time.
 */
#ifndef SERVER_SERIAL_WAITING_H
#define SERVER_SERIAL_WAITING_H

#include <stdbool.h>

#include "newcomer.h"
#include "timer.h"

struct event_base;
struct waiting_client;

struct waiting {
    const char *name; /* of the port, for the log */
    struct waiting_client *first;
    unsigned count;
    struct timer timer; /* the first of them waits no longer */
};

/* `next` is called from the loop when the first one's time is over, or waiting_hurry was called. */
void waiting_make(struct waiting *w, struct event_base *base, const char *name,
                  void (*next)(void *ctx), void *ctx);

/* Ends those that wait. */
void waiting_end(struct waiting *w);

/* Takes a newcomer's connection; the first one waits for `limit_ms` at most. Returns false, and
 * leaves it, when too many wait, or without memory. */
bool waiting_add(struct waiting *w, struct newcomer *newcomer, unsigned limit_ms);

/* The first one, which waits no more and is the caller's; its stream is NULL when nobody waits. */
struct newcomer waiting_take(struct waiting *w);

/* The owner has gone, or the device is there: `next` is called at once, if somebody waits. */
void waiting_hurry(struct waiting *w);

/* Somebody is at the device again: the first of those that still wait has its time from now. */
void waiting_go_on(struct waiting *w, unsigned limit_ms);

#endif
