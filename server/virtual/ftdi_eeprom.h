/*
 * The EEPROM that tells FTDI's chips who they are: within an FT232R, or beside an FT2232H. Made of
 * the descriptors, so that the two agree. Written bytes are kept until the server ends. They change
 * no descriptors, as with a chip that has not been plugged in again. Source: libftdi 1.5, which
 * reads and writes what FTDI's own tools do.
 */
#ifndef SERVER_VIRTUAL_FTDI_EEPROM_H
#define SERVER_VIRTUAL_FTDI_EEPROM_H

#include <stddef.h>
#include <stdint.h>

struct gadget_descriptors;

enum { FTDI_EEPROM_WORDS_MAX = 128 };

struct ftdi_eeprom {
    uint16_t words[FTDI_EEPROM_WORDS_MAX];
    size_t count; /* a power of two; an external one is found again after its end */
};

/* The descriptors, too, tell its kind. */
void ftdi_eeprom_init(struct ftdi_eeprom *e, const struct gadget_descriptors *d);

uint16_t ftdi_eeprom_read(const struct ftdi_eeprom *e, unsigned address);
void ftdi_eeprom_write(struct ftdi_eeprom *e, unsigned address, uint16_t value);
/* An internal one does not do this. */
void ftdi_eeprom_erase(struct ftdi_eeprom *e);

#endif
