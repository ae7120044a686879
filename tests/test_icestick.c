/* The built-in devices' parts: a flash memory behind an MPSSE, with commands cut at every byte. */
#include "mpsse.h"
#include "spi_flash.h"

#include <unistd.h>

#include "test.h"

enum { SELECT = 0x10 };

static struct spi_flash *flash;
static struct mpsse mpsse;
static uint8_t answers[4096];
static size_t answer_len;
static unsigned flushes;
static size_t piece;

static void set_pins(void *ctx, int byte, uint8_t values, uint8_t direction)
{
    (void)ctx;
    if (byte == 0)
        spi_flash_select(flash, (direction & SELECT) && !(values & SELECT));
}

static uint8_t get_pins(void *ctx, int byte)
{
    (void)ctx;
    return byte ? 0xa5 : 0x5a;
}

static bool clock_bit(void *ctx, bool bit)
{
    (void)ctx;
    return spi_flash_clock(flash, bit);
}

static void answer(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    CHECK(answer_len + len <= sizeof answers);
    memcpy(answers + answer_len, data, len);
    answer_len += len;
}

static void flush(void *ctx)
{
    (void)ctx;
    flushes++;
}

static void begin(const char *path)
{
    static const struct mpsse_pins pins = {set_pins, get_pins, clock_bit};
    char error[SPI_FLASH_ERROR_MAX];

    flash = spi_flash_new(path, false, error);
    CHECK(flash);
    mpsse = (struct mpsse){.pins = &pins, .answer = answer, .flush = flush};
    answer_len = 0;
    flushes = 0;
}

static void take(const void *data, size_t len)
{
    const uint8_t *bytes = data;

    while (len > 0) {
        size_t part = piece && piece < len ? piece : len;

        mpsse_take(&mpsse, bytes, part);
        bytes += part;
        len -= part;
    }
}

/* One command of the flash memory: what is sent, and so many bytes that are read behind it. */
static const uint8_t *command(const void *data, size_t len, size_t want)
{
    const uint8_t select[] = {0x80, 0, SELECT | 0x03}, deselect[] = {0x80, 0, 0x03};
    const uint8_t out[] = {0x11, (uint8_t)(len - 1), (uint8_t)((len - 1) >> 8)};
    const uint8_t in[] = {0x20, (uint8_t)(want - 1), (uint8_t)((want - 1) >> 8)};

    answer_len = 0;
    take(select, sizeof select);
    take(out, sizeof out);
    take(data, len);
    if (want > 0)
        take(in, sizeof in);
    take(deselect, sizeof deselect);
    CHECK(answer_len == want);
    return answers;
}

static uint8_t status(void)
{
    return command("\5", 1, 1)[0];
}

static void check_flash(void)
{
    uint8_t page[4 + 256] = {2, 0x01, 0x02, 0x00};

    begin(NULL);
    CHECK(memcmp(command("\x9f", 1, 20), "\x20\xba\x16\x10\0\0", 6) == 0);
    CHECK(status() == 0);
    for (int i = 0; i < 256; i++)
        page[4 + i] = (uint8_t)i;
    command(page, sizeof page, 0); /* not enabled */
    CHECK(command("\3\1\2\0", 4, 1)[0] == 0xff);
    command("\6", 1, 0);
    CHECK(status() == 2);
    command(page, sizeof page, 0);
    CHECK(command("\3\1\2\0", 4, 1)[0] == 0xff); /* busy: no answer */
    CHECK(status() == 1 && status() == 0);
    CHECK(memcmp(command("\3\1\2\0", 4, 256), page + 4, 256) == 0);
    CHECK(command("\x0b\1\2\5\0", 5, 1)[0] == 5); /* fast, with a byte in between */
    command("\6", 1, 0);
    command("\2\1\2\xff\0\0", 6, 0); /* the last byte of the page, then its first */
    while (status() & 1)
        ;
    CHECK(command("\3\1\2\xff", 4, 1)[0] == 0 && command("\3\1\2\0", 4, 1)[0] == 0);
    CHECK(command("\3\1\3\0", 4, 1)[0] == 0xff);
    command("\6", 1, 0);
    command("\x20\1\2\0", 4, 0);
    int polls = 0;
    while (status() & 1)
        polls++;
    CHECK(polls == 50 && command("\3\1\2\0", 4, 1)[0] == 0xff);
    command("\xb9", 1, 0); /* asleep */
    CHECK(command("\x9f", 1, 1)[0] == 0xff);
    command("\xab", 1, 0);
    CHECK(command("\x9f", 1, 1)[0] == 0x20);
    spi_flash_free(flash);
}

static void the_flash_does_what_it_is_told(void)
{
    for (piece = 0; piece < 5; piece++)
        check_flash();
    piece = 0;
}

static void enable_and(const void *data, size_t len)
{
    command("\6", 1, 0);
    command(data, len, 0);
    for (int i = 0; i < 100 && status() & 1; i++)
        ;
}

static uint8_t flags(void)
{
    return command("\x70", 1, 1)[0];
}

static void what_is_protected_stays(void)
{
    begin(NULL);
    command("\1\xff", 2, 0); /* not enabled */
    CHECK(status() == 0 && flags() == 0x80);
    command("\6", 1, 0);
    command("\1\xff", 2, 0);
    CHECK(flags() == 0 && flags() == 0x80); /* it takes its time */
    CHECK(status() == 0xbc);
    enable_and("\1\x04", 2); /* the upper 64th, one sector */
    enable_and("\2\x3e\xff\0a", 5);
    CHECK(command("\3\x3e\xff\0", 4, 1)[0] == 'a');
    enable_and("\2\x3f\0\0a", 5);
    CHECK(command("\3\x3f\0\0", 4, 1)[0] == 0xff);
    CHECK(flags() == 0x92 && status() == 0x06);
    command("\x50", 1, 0);
    CHECK(flags() == 0x80);
    enable_and("\xd8\x3f\0\0", 4);
    CHECK(flags() == 0xa2);
    command("\x50", 1, 0);
    enable_and("\xc7", 1); /* nor is all of it erased */
    CHECK(flags() == 0xa2 && command("\3\x3e\xff\0", 4, 1)[0] == 'a');
    enable_and("\1\x38", 2); /* the lower half */
    enable_and("\2\x1f\xff\0b", 5);
    CHECK(command("\3\x1f\xff\0", 4, 1)[0] == 0xff);
    enable_and("\2\x20\0\0b", 5);
    CHECK(command("\3\x20\0\0", 4, 1)[0] == 'b');
    enable_and("\1\x1c", 2); /* all */
    enable_and("\2\x20\1\0b", 5);
    CHECK(command("\3\x20\1\0", 4, 1)[0] == 0xff);
    enable_and("\1\0", 2);
    enable_and("\xc7", 1);
    CHECK(command("\3\x20\0\0", 4, 1)[0] == 0xff);
    spi_flash_free(flash);
}

static void the_engine_shifts(void)
{
    begin(NULL);
    take("\x84", 1);             /* loopback */
    take("\x31\1\0\x12\x34", 5); /* bytes, most significant bit first */
    take("\x39\0\0\x56", 4);     /* least */
    take("\x33\2\xa0", 3);       /* three bits, 101 */
    take("\x3b\2\5", 3);         /* from the other end */
    CHECK(answer_len == 5 && memcmp(answers, "\x12\x34\x56\5\xa0", 5) == 0);
    answer_len = 0;
    take("\x85\x81\x83\x87", 4);
    CHECK(answer_len == 2 && memcmp(answers, "\x5a\xa5", 2) == 0 && flushes == 1);
    answer_len = 0;
    take("\xaa", 1);
    CHECK(answer_len == 2 && memcmp(answers, "\xfa\xaa", 2) == 0 && flushes == 2);
    take("\x11\5", 2); /* half a command */
    mpsse_reset(&mpsse);
    answer_len = 0;
    take("\x81", 1);
    CHECK(answer_len == 1);
    spi_flash_free(flash);
}

static void what_it_holds_lives_on(void)
{
    char path[] = "/tmp/test_icestick.XXXXXX", error[SPI_FLASH_ERROR_MAX];
    int fd = mkstemp(path);

    CHECK(fd >= 0);
    close(fd);
    begin(path);
    command("\6", 1, 0);
    command("\2\0\0\0abc", 7, 0);
    spi_flash_free(flash);
    begin(path);
    CHECK(memcmp(command("\3\0\0\0", 4, 4), "abc\xff", 4) == 0);
    spi_flash_free(flash);
    for (int longer = 1; longer >= -1; longer -= 2) { /* a file of something else is left alone */
        CHECK(truncate(path, SPI_FLASH_SIZE + longer) == 0);
        CHECK(!spi_flash_new(path, false, error) && strstr(error, "is no flash memory's file"));
    }
    unlink(path);
    CHECK(!spi_flash_new("/nowhere/flash", false, error) && strstr(error, "/nowhere/flash"));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(the_flash_does_what_it_is_told),
        TEST(what_is_protected_stays),
        TEST(the_engine_shifts),
        TEST(what_it_holds_lives_on),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
