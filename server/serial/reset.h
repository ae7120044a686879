/*
 * Runs a reset recipe on a device, where no network stretches it, when a client asks. Never at
 * open.
 */
#ifndef SERVER_SERIAL_RESET_H
#define SERVER_SERIAL_RESET_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct device;
struct reset;
struct reset_recipe;

/* Makes what runs the recipe on the device, which it must not outlive. Returns NULL without memory.
 */
struct reset *reset_new(struct event_base *base, struct device *device,
                        const struct reset_recipe *recipe);

/* Ends what is running, as reset_stop. Accepts NULL. */
void reset_free(struct reset *r);

/* Begins; `ended` is called from the loop when it is over, and not any more after reset_stop.
 * `done` is false if the port refused a step or the device went away. Returns 0, -EBUSY while one
 * is running, -ENODEV while the device is away, -ENOTSUP when `r` is NULL, or what the first step
 * failed with. */
int reset_start(struct reset *r, void (*ended)(void *ctx, bool done), void *ctx);

/* Ends it now: the lines become what the last step makes them, the speed what it was. Nothing
 * happens if none is running. Accepts NULL. */
void reset_stop(struct reset *r);

/* The device is not busy any more. Accepts NULL. */
void reset_device_free(struct reset *r);

/* The device has gone. Ends it in the same way, for its return; `ended` is called. Accepts NULL. */
void reset_device_gone(struct reset *r);

#endif
