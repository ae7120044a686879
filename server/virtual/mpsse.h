/*
 * The engine of FTDI's chips that shifts bits for the host (MPSSE), as a stream of commands.
 * Source: FTDI's application note AN_108.
 */
#ifndef SERVER_VIRTUAL_MPSSE_H
#define SERVER_VIRTUAL_MPSSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The parts at its pins. */
struct mpsse_pins {
    /* The low (0) or high (1) byte of pins is driven: values where `direction` has a 1. */
    void (*set)(void *ctx, int byte, uint8_t values, uint8_t direction);
    uint8_t (*get)(void *ctx, int byte);
    /* One clock: a bit out, one in. */
    bool (*clock)(void *ctx, bool bit);
};

struct mpsse {
    const struct mpsse_pins *pins;
    void *ctx;
    /* Bytes for the host. */
    void (*answer)(void *ctx, const uint8_t *data, size_t len);
    /* The host wants the queued bytes at once. */
    void (*flush)(void *ctx);
    bool loopback;
    uint8_t head[3]; /* the command that is being read */
    unsigned have;
    size_t left; /* bytes to shift of it */
};

/* Begins again: a half-read command is forgotten. */
void mpsse_reset(struct mpsse *m);

/* Takes commands, cut anywhere; they are carried out as they come. */
void mpsse_take(struct mpsse *m, const uint8_t *data, size_t len);

#endif
