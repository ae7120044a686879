/*
 * The time at which a change of DTR or RTS that carries the client's time is due. So the gaps
 * between changes are those of the client, whatever the network did to the messages. Numbers only:
 * no clock, no timer.
 */
#ifndef SERVER_SERIAL_PLAYOUT_H
#define SERVER_SERIAL_PLAYOUT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PLAYOUT_DELAY_MS = 30, /* unless the source says otherwise */
    PLAYOUT_DELAY_MAX_MS = 1000,
    PLAYOUT_PAUSE_US = 5000000,    /* after which there is no gap to keep */
    PLAYOUT_HOLD_MAX_US = 2000000, /* no change waits longer */
    PLAYOUT_LATE_US = 2000,        /* later than a timer is: later changes move, too */
};

/* Of one client; zero at birth. Times are of the server's clock, stamps of the client's. */
struct playout {
    bool running;
    uint32_t stamp;  /* of the last change */
    uint64_t due_us; /* when that change was due here */
};

/* When the change with this stamp, which is there at `now_us`, is due: not in the past, and at most
 * PLAYOUT_HOLD_MAX_US away. Called once for each change, in order. With a delay of 0 that is now.
 */
uint64_t playout_due(struct playout *p, uint32_t stamp, uint64_t now_us, uint64_t delay_us);

/* The last change was made at `now_us`: those after it keep their distance to that. */
void playout_done(struct playout *p, uint64_t now_us);

#endif
