/*
 * The end of the last client of a device: its bytes go out before the device is closed. Everything
 * runs on the loop thread.
 */
#ifndef SERVER_SERIAL_LINGERING_H
#define SERVER_SERIAL_LINGERING_H

#include "progress.h"
#include "timer.h"

struct event_base;
struct output;

struct lingering {
    struct output *output;
    const char *name; /* of the port, for the log */
    void (*over)(void *ctx);
    void *ctx;
    struct progress progress;
    struct timer timer;
};

/* Makes one that has not begun. `over` is called when all bytes are out, or have not got on for too
 * long and are dropped. Output and name outlive it. */
void lingering_init(struct lingering *l, struct event_base *base, struct output *output,
                    const char *name, void (*over)(void *ctx), void *ctx);

/* Begins. `over` may be called at once. The device is open. */
void lingering_begin(struct lingering *l);

/* Ends it: `over` is not called. */
void lingering_stop(struct lingering *l);

#endif
