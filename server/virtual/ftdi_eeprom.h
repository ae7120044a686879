/*
 * The EEPROM that tells FTDI's chips who they are: within an FT232R, or beside an FT2232H. Made of
 * the descriptors, so that the two agree; what is written is kept until the server ends, and
 * changes no descriptors, as with a chip that has not been plugged in anew. Source: libftdi 1.5,
 * which reads and writes what FTDI's own tools do.
 */
#ifndef SERVER_VIRTUAL_FTDI_EEPROM_H
#define SERVER_VIRTUAL_FTDI_EEPROM_H

#include <stddef.h>
#include <stdint.h>

struct gadget_descriptors;

enum { FTDI_EEPROM_WORDS_MAX = 128 };

struct ftdi_eeprom {
    uint16_t words[FTDI_EEPROM_WORDS_MAX];
    size_t count; /* a power of two; an external one is found again behind its end */
};

/* Which kind it is the descriptors tell, too. */
void ftdi_eeprom_init(struct ftdi_eeprom *e, const struct gadget_descriptors *d);

uint16_t ftdi_eeprom_read(const struct ftdi_eeprom *e, unsigned address);
void ftdi_eeprom_write(struct ftdi_eeprom *e, unsigned address, uint16_t value);
/* Which an internal one does not do. */
void ftdi_eeprom_erase(struct ftdi_eeprom *e);

#endif
