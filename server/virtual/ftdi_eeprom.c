#include "ftdi_eeprom.h"

#include <string.h>

#include "gadget.h"

enum {
    INTERNAL_WORDS = 64,
    EXTERNAL_WORDS = 128, /* a 93C56 */
    EXTERNAL_KIND = 0x56,
    FT232R = 6, /* of bcdDevice */
    STRINGS_INTERNAL = 0x18,
    STRINGS_EXTERNAL = 0x9a,
    CHIP_ID = 0x43, /* of an FT232R: two words, after its EEPROM */
    USE_SERIAL = 0x08,
    IS_VCP = 0x08, /* of an FT2232H's channel: a serial port for the computer */
};

static bool is_internal(const struct ftdi_eeprom *e)
{
    return e->count == INTERNAL_WORDS;
}

/* One of the three strings, and where it is. Returns where the next one begins. */
static size_t put_string(uint8_t *bytes, size_t at, unsigned which, const char *text)
{
    size_t len = text ? strlen(text) : 0, start = at;

    if (!text)
        return at;
    bytes[at++] = (uint8_t)(2 * len + 2);
    bytes[at++] = USB_DESC_STRING;
    for (size_t i = 0; i < len; i++) {
        bytes[at++] = (uint8_t)text[i];
        bytes[at++] = 0;
    }
    bytes[0x0e + 2 * which] = (uint8_t)(start | 0x80);
    bytes[0x0f + 2 * which] = (uint8_t)(2 * len + 2);
    return at;
}

static void put_checksum(struct ftdi_eeprom *e)
{
    uint16_t sum = 0xaaaa;

    for (size_t i = 0; i < e->count - 1; i++) {
        sum ^= e->words[i];
        sum = (uint16_t)(sum << 1 | sum >> 15);
    }
    e->words[e->count - 1] = sum;
}

void ftdi_eeprom_init(struct ftdi_eeprom *e, const struct gadget_descriptors *d)
{
    static const uint8_t internal[] = {0, 0x40}; /* bytes of a packet */
    static const uint8_t leds[] = {0x23, 0x10, 0x05};
    static const uint8_t external[] = {IS_VCP, IS_VCP};
    const uint8_t *device = d->device;
    uint8_t bytes[2 * FTDI_EEPROM_WORDS_MAX] = {0};

    e->count = device[13] == FT232R ? INTERNAL_WORDS : EXTERNAL_WORDS;
    memcpy(bytes, is_internal(e) ? internal : external, 2);
    memcpy(bytes + 0x02, device + 8, 6); /* ids and bcdDevice */
    memcpy(bytes + 0x08, d->configuration + 7, 2);
    bytes[0x0a] = device[16] ? USE_SERIAL : 0;
    if (is_internal(e)) {
        memcpy(bytes + 0x0c, device + 2, 2); /* bcdUSB */
        memcpy(bytes + 0x14, leds, sizeof leds);
    } else {
        bytes[0x18] = EXTERNAL_KIND;
    }
    size_t at = is_internal(e) ? STRINGS_INTERNAL : STRINGS_EXTERNAL;
    for (unsigned i = 0; i < 3; i++)
        at = put_string(bytes, at, i, device[14 + i] ? d->strings[device[14 + i]] : NULL);
    for (size_t i = 0; i < e->count; i++)
        e->words[i] = (uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    put_checksum(e);
}

uint16_t ftdi_eeprom_read(const struct ftdi_eeprom *e, unsigned address)
{
    static const uint16_t id[] = {0x2c0d, 0x0e51};

    if (!is_internal(e) || address < e->count)
        return e->words[address % e->count];
    return address - CHIP_ID < sizeof id / sizeof *id ? id[address - CHIP_ID] : 0xffff;
}

void ftdi_eeprom_write(struct ftdi_eeprom *e, unsigned address, uint16_t value)
{
    if (!is_internal(e) || address < e->count)
        e->words[address % e->count] = value;
}

void ftdi_eeprom_erase(struct ftdi_eeprom *e)
{
    if (!is_internal(e))
        memset(e->words, 0xff, sizeof e->words);
}
