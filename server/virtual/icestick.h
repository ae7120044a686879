/*
 * The built-in USB device `usb:demo-icestick`: Lattice's iCEstick, an FT2232H with a serial flash
 * memory and an iCE40 FPGA behind channel A, enough for iceprog(1) and openFPGALoader(1) to program
 * it. Channel B has nothing behind it.
 */
#ifndef SERVER_VIRTUAL_ICESTICK_H
#define SERVER_VIRTUAL_ICESTICK_H

#include <stdbool.h>

#include "usb_kind.h"

struct icestick_options {
    const char *file; /* of the flash memory, or NULL; see spi_flash_new */
    bool real_times;  /* likewise; without it answers do not wait for the latency timer either */
};

extern const struct usb_kind icestick_kind;

#endif
