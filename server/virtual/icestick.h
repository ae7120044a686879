/*
 * The built-in USB device `usb:demo-icestick`: Lattice's iCEstick, an FT2232H with a serial flash
 * memory and an iCE40 FPGA behind channel A, enough for iceprog(1) and openFPGALoader(1) to program
 * it. Channel B has nothing behind it.
 */
#ifndef SERVER_VIRTUAL_ICESTICK_H
#define SERVER_VIRTUAL_ICESTICK_H

#include <stdbool.h>

#include "spi_flash.h"

struct event_base;
struct usb_device;

/* `file` and `real_times`: see spi_flash_new; without the latter answers do not wait for the chip's
 * latency timer either. Returns NULL with what is wrong in `error`. */
struct usb_device *icestick_new(struct event_base *base, const char *file, bool real_times,
                                const char *name, unsigned number,
                                char error[static SPI_FLASH_ERROR_MAX]);

#endif
