/*
 * The built-in USB device `usb:demo-icestick`: Lattice's iCEstick, an FT2232H with a serial flash
 * memory and an iCE40 FPGA at channel A. iceprog(1) and openFPGALoader(1) can program it. Channel B
 * is not connected.
 */
#ifndef SERVER_VIRTUAL_ICESTICK_H
#define SERVER_VIRTUAL_ICESTICK_H

#include <stdbool.h>

#include "usb_kind.h"

struct icestick_options {
    const char *file; /* of the flash memory, or NULL; see spi_flash_new */
    bool real_times;  /* the same; without it answers do not wait for the latency timer either */
};

extern const struct usb_kind icestick_kind;

#endif
