/*
 * The calls of an open device's driver that may block: settings, lines, breaks, purges, questions
 * and the close. A thread makes them, one after the other. The loop waits for each a few
 * milliseconds, by when nearly every driver has answered: then a call is a function like any other.
 * It continues without one that takes longer, and does not wait for the next one. Then the device
 * is busy: it is held (serial.h), and what is called meanwhile waits in a bounded queue.
 *
 * All functions run on the loop thread.
 */
#ifndef SERVER_SERIAL_CALLS_H
#define SERVER_SERIAL_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/line.h"
#include "timer.h"

struct event_base;
struct serial;
struct worker;

enum call_kind {
    CALL_CONFIGURE,
    CALL_SET_OUTPUTS,
    CALL_SET_BREAK,
    CALL_PURGE,
    CALL_LINES,
    CALL_UNTRANSMITTED,
    CALL_CLOSE,
};

struct call {
    enum call_kind kind;
    struct line_settings want, got; /* as in serial_configure */
    unsigned mask, values;          /* as in serial_set_outputs */
    bool on;                        /* as in serial_set_break */
    bool rx, tx;                    /* as in serial_purge */
    unsigned lines;                 /* as of serial_lines */
    size_t left;                    /* as of serial_untransmitted */
    bool tells;                     /* the log is told of settings that the driver does not do */
    int error;                      /* 0 or -errno, once it is made */
};

struct calls_callbacks {
    /* A call has been made that was not made in time. The device is still busy. */
    void (*made)(void *ctx, const struct call *call);
    /* So have all: the device is free, or closed. */
    void (*over)(void *ctx);
};

enum {
    CALLS_MAX = 16,
    CALLS_PATIENCE_MS = 5, /* of the loop; a USB adapter answers in one or two */
};

struct calls {
    struct event_base *base;
    const char *name; /* of the port, for the log */
    const struct calls_callbacks *callbacks;
    void *ctx;
    struct worker *worker; /* once there was something for it */
    struct serial *serial; /* of an open device, or one that is being closed */
    bool is_busy;
    bool is_slow;         /* the loop does not wait: the call before was not made in time */
    uint64_t begun_ms;    /* of the call that is under way */
    bool closes;          /* after the call that is under way */
    enum call_kind kind;  /* of that one */
    struct call *awaited; /* where its result goes, while the loop waits for it */
    int error;            /* the first one since it became busy */
    struct call queue[CALLS_MAX];
    unsigned count;
    struct timer tell; /* that it takes long */
};

/* Makes one without a device. The name outlives it. */
void calls_init(struct calls *c, struct event_base *base, const char *name,
                const struct calls_callbacks *callbacks, void *ctx);

/* Waits a little for what is under way, and then gives that up; com2net ends. However many do so,
 * it is some seconds for all of them. */
void calls_free(struct calls *c);

/* A device was opened. Not while one is busy. */
void calls_begin(struct calls *c, struct serial *serial);

/* Makes a call. Returns true with its result, or false when that follows. Too many calls end with
 * -EBUSY. */
bool calls_make(struct calls *c, struct call *call);

/* Closes the device. Calls that wait are forgotten: the close puts back what they would change. */
void calls_close(struct calls *c);

#endif
