/*
 * The end of an owner whose device stays open: its bytes go out under its settings, before the line
 * is the next owner's. The bytes of the next one wait for that, bounded in time.
 *
 * Everything runs on the loop thread.
 */
#ifndef SERVER_SERIAL_SETTLING_H
#define SERVER_SERIAL_SETTLING_H

#include <stdbool.h>
#include <stdint.h>

#include "progress.h"
#include "timer.h"

struct event_base;
struct output;

struct settling_callbacks {
    /* Now the driver may take bytes of the output. */
    void (*send)(void *ctx);
    /* The bytes of an owner are out, or given up: the line is to be put back. Unless it is `last`,
     * another owner has gone meanwhile, whose bytes go out next. */
    void (*over)(void *ctx, bool last);
};

struct settling {
    struct output *output; /* divided while it settles */
    const char *name;      /* of the port, for the log */
    const struct settling_callbacks *callbacks;
    void *ctx;
    const char *next; /* who waits for it, or NULL */
    bool told;        /* the log has been told that it takes long */
    uint64_t since_ms;
    struct progress progress;
    struct timer timer;
};

/* Makes one that is not settling. Output, name and callbacks outlive it. */
void settling_init(struct settling *s, struct event_base *base, struct output *output,
                   const char *name, const struct settling_callbacks *callbacks, void *ctx);

bool settling_is_on(const struct settling *s);

/* An owner has gone from a device that is open. Where no bytes are left it is over at once. */
void settling_begin(struct settling *s);

/* Ends it now: the rest is dropped. Does nothing when not settling. */
void settling_finish(struct settling *s);

/* Looks how far it is, because bytes have been dropped. Does nothing when not settling. */
void settling_look(struct settling *s);

/* Names who waits for it, for the log. The name stays the caller's until NULL is set. */
void settling_set_next(struct settling *s, const char *next);

/* Ends it without a word, with all that is queued dropped: the device is closed. */
void settling_stop(struct settling *s);

#endif
