/*
 * Reset recipes: sequences of DTR and RTS that reset a board, run here, where no network stretches
 * them, when a client asks. Never at open.
 */
#ifndef SERVER_SERIAL_RESET_H
#define SERVER_SERIAL_RESET_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct port;
struct reset;

enum { RESET_STEPS_MAX = 5 };

/* One change, and how long it lasts. */
struct reset_step {
    uint8_t mask;  /* outputs that are set; 0 ends the recipe */
    uint8_t lines; /* to what */
    uint16_t wait_ms;
    uint32_t baud; /* speed meanwhile; 0: as before the reset */
};

struct reset_recipe {
    const char *name;
    bool leaves; /* the device may go away before the last step, and come back as its bootloader */
    struct reset_step steps[RESET_STEPS_MAX + 1]; /* the last one is how a running board has it */
};

/* The recipe of this name, or NULL. */
const struct reset_recipe *reset_find(const char *name);

/* Makes what runs the recipe on the port, which it must not outlive. Returns NULL without memory.
 */
struct reset *reset_new(struct event_base *base, struct port *port,
                        const struct reset_recipe *recipe);

/* Ends what is running, as reset_stop. Accepts NULL. */
void reset_free(struct reset *r);

/* Begins; `ended` is called from the loop when it is over, and not any more after reset_stop.
 * `done` is false if the port refused a step or the device went away. Returns 0, -EBUSY while one
 * is running, or what the first step failed with. */
int reset_start(struct reset *r, void (*ended)(void *ctx, bool done), void *ctx);

/* Ends it now: the lines become what the last step makes them, the speed what it was. Nothing
 * happens if none is running. Accepts NULL. */
void reset_stop(struct reset *r);

/* The device has gone. Ends it likewise, for its return; `ended` is called. Accepts NULL. */
void reset_device_gone(struct reset *r);

#endif
