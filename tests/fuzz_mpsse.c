/*
 * Fuzzes the engine and the flash memory behind it: any commands, in one piece and in pieces, give
 * the same answers.
 */
#include "mpsse.h"
#include "spi_flash.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWERS_MAX = 1 << 20 };

struct run {
    struct spi_flash *flash;
    uint8_t answers[ANSWERS_MAX];
    size_t len;
};

static void set_pins(void *ctx, int byte, uint8_t values, uint8_t direction)
{
    if (byte == 0)
        spi_flash_select(((struct run *)ctx)->flash, (direction & 0x10) && !(values & 0x10));
}

static uint8_t get_pins(void *ctx, int byte)
{
    (void)ctx;
    return (uint8_t)byte;
}

static bool clock_bit(void *ctx, bool bit)
{
    return spi_flash_clock(((struct run *)ctx)->flash, bit);
}

static void answer(void *ctx, const uint8_t *data, size_t len)
{
    struct run *r = ctx;

    if (len > ANSWERS_MAX - r->len)
        len = ANSWERS_MAX - r->len;
    memcpy(r->answers + r->len, data, len);
    r->len += len;
}

static void flush(void *ctx)
{
    (void)ctx;
}

static void take(struct run *r, const uint8_t *data, size_t len, size_t piece)
{
    static const struct mpsse_pins pins = {set_pins, get_pins, clock_bit};
    struct mpsse m = {.pins = &pins, .ctx = r, .answer = answer, .flush = flush};

    r->len = 0;
    for (; len > 0 && r->len < ANSWERS_MAX / 2;) {
        size_t part = piece < len ? piece : len;

        mpsse_take(&m, data, part);
        data += part;
        len -= part;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct run whole, pieces;
    char error[SPI_FLASH_ERROR_MAX];

    if (len > 256) /* each may ask for 64 KiB */
        len = 256;
    /* both go through all inputs, as a new one for each would take most of the time */
    if (!whole.flash)
        whole.flash = spi_flash_new(NULL, false, error);
    if (!pieces.flash)
        pieces.flash = spi_flash_new(NULL, false, error);
    if (!whole.flash || !pieces.flash)
        abort();
    take(&whole, data, len, 1);
    take(&pieces, data, len, 3);
    if (whole.len < ANSWERS_MAX / 2 &&
        (whole.len != pieces.len || memcmp(whole.answers, pieces.answers, whole.len) != 0))
        abort();
    spi_flash_select(whole.flash, false);
    spi_flash_select(pieces.flash, false);
    return 0;
}
