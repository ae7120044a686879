/*
 * Commands after data that the device does not take. A real port carries a flush, a change of its
 * lines or the end of its flow control out however full it is. Here they come on the connection of
 * the data. So once a device has been full for a moment, reading from its client continues, as far
 * as device_is_full_ahead allows. The bytes wait in the device's queue, in order, and commands are
 * met. The client is held when that is full, too. While a device gets on, its client is read ahead
 * ten times a second.
 *
 * A raw client is not read ahead: it has no commands.
 */
#ifndef SERVER_SERIAL_AHEAD_H
#define SERVER_SERIAL_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "timer.h"

struct client;

struct ahead {
    struct client *client;
    void (*begun)(void *ctx); /* it is read ahead from now on */
    void *ctx;
    bool on;
    uint64_t taken;  /* what the device had taken at the last look */
    bool told_still; /* that this stays as it is was told */
    struct timer look;
};

void ahead_make(struct ahead *a, struct client *client, void (*begun)(void *ctx), void *ctx);
void ahead_stop(struct ahead *a);

/* Begins or ends to read ahead, as the device is full or not. */
void ahead_update(struct ahead *a);

/* The device gets on: for a moment nothing more is read ahead, as it may be empty soon. */
void ahead_pause(struct ahead *a);

/* Whether too much waits for the device to take more of this client; others than the owner send it
 * nothing. */
bool ahead_is_full(const struct ahead *a);

#endif
