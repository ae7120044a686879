/*
 * Reset recipes: sequences of DTR and RTS that reset a board, as data.
 */
#ifndef SERVER_SERIAL_RESET_RECIPE_H
#define SERVER_SERIAL_RESET_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

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
const struct reset_recipe *reset_recipe_find(const char *name);

#endif
