#include "reset_recipe.h"

#include <string.h>

#include "proto/line.h"

enum {
    DTR = LINE_DTR,
    RTS = LINE_RTS,
    BOTH = LINE_DTR | LINE_RTS,
};

/* "On" is asserted: the pin of a 3.3 V adapter is low then. */
static const struct reset_recipe recipes[] = {
    /* Espressif's two transistors: RTS on with DTR off holds EN low, DTR on with RTS off GPIO0;
     * both alike do nothing. As esptool's ClassicReset, but each step moves both lines at once, as
     * the transistors want it. */
    {"esp",
     false,
     {
         {BOTH, RTS, 100, 0}, /* in reset */
         {BOTH, DTR, 50, 0},  /* out of it, GPIO0 low: the bootloader */
         {BOTH, 0, 0, 0},
     }},
    /* A chip's own USB-Serial/JTAG looks at the lines itself. As esptool's USBJTAGSerialReset,
     * which goes through both on, never through both off. */
    {"esp-usb-jtag",
     true,
     {
         {BOTH, 0, 100, 0},
         {BOTH, DTR, 100, 0}, /* the bootloader, at the next reset */
         {RTS, RTS, 0, 0},
         {DTR, 0, 100, 0}, /* in reset */
         {BOTH, 0, 0, 0},
     }},
    /* A capacitor between DTR (on some boards RTS) and RESET makes a pulse of the line going on.
     * As avrdude -c arduino: off long enough to unload it, then on. */
    {"arduino",
     false,
     {
         {BOTH, 0, 250, 0},
         {BOTH, BOTH, 0, 0},
     }},
    /* DTR is NRST (on: reset), RTS is BOOT0 inverted (off: high, the system bootloader): the wiring
     * of stm32loader and FlyMcu. NRST is released with BOOT0 high, which the chip samples just
     * then. BOOT0 goes low afterwards, so that the next reset runs the program again. */
    {"stm32",
     false,
     {
         {BOTH, DTR, 100, 0}, /* in reset, BOOT0 high */
         {DTR, 0, 100, 0},    /* out of it: the bootloader */
         {RTS, RTS, 0, 0},
     }},
    /* Boards with USB of their own (Leonardo, SAMD, RP2040): DTR going off at 1200 is the sign.
     * They wait for up to 250 ms whether DTR comes back, then leave the bus. */
    {"touch1200",
     true,
     {
         {DTR, DTR, 50, 1200},
         {DTR, 0, 500, 1200},
         {DTR, DTR, 0, 0},
     }},
};

const struct reset_recipe *reset_recipe_find(const char *name)
{
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
        if (strcmp(recipes[i].name, name) == 0)
            return &recipes[i];
    return NULL;
}
