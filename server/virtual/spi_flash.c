#include "spi_flash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error_text.h"
#include "log.h"

enum {
    PAGE = 256,
    ADDRESS_BYTES = 3,
    STATUS_BUSY = 0x01,
    STATUS_WRITABLE = 0x02,
    STATUS_PROTECT = 0x1c, /* what is protected: none, an upper 64th, 32nd, ..., all */
    STATUS_PROTECT_SHIFT = 2,
    STATUS_BOTTOM = 0x20, /* lower in place of upper */
    STATUS_LOCK = 0x80,   /* means something with a pin only, which boards leave high */
    FLAG_PROTECTED = 0x02,
    FLAG_PROGRAM_FAILED = 0x10,
    FLAG_ERASE_FAILED = 0x20,
    FLAG_READY = 0x80,
    POLLS_PAGE = 1,
    POLLS_STATUS = 1,
    POLLS_ERASE = 50,
};

/* Commands. */
enum {
    WRITE_STATUS = 0x01,
    PROGRAM = 0x02,
    READ = 0x03,
    WRITE_DISABLE = 0x04,
    READ_STATUS = 0x05,
    WRITE_ENABLE = 0x06,
    READ_FAST = 0x0b,
    ERASE_4K = 0x20,
    CLEAR_FLAGS = 0x50,
    ERASE_32K = 0x52,
    ERASE_ALL_60 = 0x60,
    READ_FLAGS = 0x70,
    READ_ID = 0x9f,
    WAKE = 0xab,
    SLEEP = 0xb9,
    ERASE_ALL = 0xc7,
    ERASE_64K = 0xd8,
};

static const uint8_t id[20] = {0x20, 0xba, 0x16, 0x10};

struct spi_flash {
    uint8_t *content;
    FILE *file; /* or NULL */
    bool real_times;
    bool selected;
    bool asleep;
    bool writable;
    uint8_t protection; /* the status register's other bits; forgotten at the server's end */
    uint8_t flags;
    unsigned polls_left;    /* of the status, until it is ready */
    uint64_t busy_until_us; /* the same, with real_times */
    /* the command since the last selection */
    unsigned bits; /* of `in` */
    uint8_t in, out;
    size_t count; /* whole bytes */
    uint8_t command;
    uint8_t second; /* byte */
    uint32_t address;
    uint8_t page[PAGE];
    bool page_set[PAGE];
};

/* --- what it holds ------------------------------------------------------------------------------
 */

static bool write_file(struct spi_flash *f, size_t at, size_t len)
{
    return fseek(f->file, (long)at, SEEK_SET) == 0 &&
           fwrite(f->content + at, 1, len, f->file) == len && fflush(f->file) == 0;
}

static void save(struct spi_flash *f, size_t at, size_t len)
{
    if (f->file && !write_file(f, at, len))
        log_warn("the flash memory's file cannot be written: %s", error_text(errno));
}

static void be_busy(struct spi_flash *f, unsigned polls, uint64_t real_us)
{
    f->writable = false;
    if (f->real_times)
        f->busy_until_us = clock_now_us() + real_us;
    else
        f->polls_left = polls;
}

static bool is_busy(const struct spi_flash *f)
{
    return f->polls_left > 0 || (f->real_times && clock_now_us() < f->busy_until_us);
}

/* A command for protected memory is not carried out: it stays enabled, and leaves flags. */
static bool is_protected(struct spi_flash *f, size_t start, size_t size, uint8_t failed)
{
    const unsigned part = (unsigned)(f->protection & STATUS_PROTECT) >> STATUS_PROTECT_SHIFT;
    const size_t len = part > 0 ? (size_t)SPI_FLASH_SIZE >> (7 - part) : 0;
    bool hit = f->protection & STATUS_BOTTOM ? start < len : start + size > SPI_FLASH_SIZE - len;

    if (hit)
        f->flags |= failed | FLAG_PROTECTED;
    return hit;
}

static void program(struct spi_flash *f)
{
    size_t start = f->address / PAGE * PAGE;

    if (is_protected(f, start, PAGE, FLAG_PROGRAM_FAILED))
        return;
    for (size_t i = 0; i < PAGE; i++)
        if (f->page_set[i])
            f->content[start + i] &= f->page[i]; /* bits can be cleared only */
    save(f, start, PAGE);
    be_busy(f, POLLS_PAGE, 500);
}

static void erase(struct spi_flash *f, size_t size, uint64_t real_us)
{
    size_t start = f->address / size * size;

    if (is_protected(f, start, size, FLAG_ERASE_FAILED))
        return;
    memset(f->content + start, 0xff, size);
    save(f, start, size);
    be_busy(f, POLLS_ERASE, real_us);
}

/* --- commands -----------------------------------------------------------------------------------
 */

/* At the rising edge: commands that change the memory are done now. */
static void finish_command(struct spi_flash *f)
{
    const bool addressed = f->count >= 1 + ADDRESS_BYTES;

    if (f->count == 0 || f->bits != 0 || (f->asleep && f->command != WAKE) || is_busy(f))
        return;
    switch (f->command) {
    case WAKE:
        f->asleep = false;
        break;
    case SLEEP:
        f->asleep = true;
        break;
    case WRITE_ENABLE:
        f->writable = true;
        break;
    case WRITE_DISABLE:
        f->writable = false;
        break;
    case WRITE_STATUS:
        if (!f->writable || f->count < 2)
            break;
        f->protection = f->second & (STATUS_PROTECT | STATUS_BOTTOM | STATUS_LOCK);
        be_busy(f, POLLS_STATUS, 1300);
        break;
    case CLEAR_FLAGS:
        f->flags = 0;
        break;
    case PROGRAM:
        if (f->writable && f->count > 1 + ADDRESS_BYTES)
            program(f);
        break;
    case ERASE_4K:
        if (f->writable && addressed)
            erase(f, 4096, 250000);
        break;
    case ERASE_32K:
        if (f->writable && addressed)
            erase(f, 32768, 400000);
        break;
    case ERASE_64K:
        if (f->writable && addressed)
            erase(f, 65536, 700000);
        break;
    case ERASE_ALL:
    case ERASE_ALL_60:
        f->address = 0;
        if (f->writable)
            erase(f, SPI_FLASH_SIZE, 30000000);
        break;
    default:
        break;
    }
}

void spi_flash_select(struct spi_flash *f, bool on)
{
    if (f->selected && !on)
        finish_command(f);
    if (!f->selected && on) {
        f->bits = 0;
        f->count = 0;
        f->address = 0;
        f->out = 0xff;
        memset(f->page_set, 0, sizeof f->page_set);
    }
    f->selected = on;
}

static uint8_t status(struct spi_flash *f)
{
    uint8_t now = (uint8_t)(f->protection | (is_busy(f) ? STATUS_BUSY : 0) |
                            (f->writable ? STATUS_WRITABLE : 0));

    if (f->polls_left > 0)
        f->polls_left--;
    return now;
}

/* The next output, after `count` bytes have come in. */
static uint8_t next_out(struct spi_flash *f)
{
    const size_t head = 1 + ADDRESS_BYTES + (f->command == READ_FAST ? 1 : 0);

    if (f->asleep)
        return 0xff;
    if (f->command == READ_STATUS)
        return status(f);
    if (f->command == READ_FLAGS)
        return (uint8_t)(f->flags | (status(f) & STATUS_BUSY ? 0 : FLAG_READY));
    if (is_busy(f))
        return 0xff;
    if (f->command == READ_ID)
        return f->count - 1 < sizeof id ? id[f->count - 1] : 0;
    if ((f->command == READ || f->command == READ_FAST) && f->count >= head)
        return f->content[(f->address + (f->count - head)) % SPI_FLASH_SIZE];
    return 0xff;
}

static void take_byte(struct spi_flash *f, uint8_t byte)
{
    if (f->count == 1)
        f->second = byte;
    if (f->count == 0)
        f->command = byte;
    else if (f->count <= ADDRESS_BYTES)
        f->address = (f->address << 8 | byte) % SPI_FLASH_SIZE;
    else if (f->command == PROGRAM) { /* goes round in its page */
        size_t at = (f->address + (f->count - 1 - ADDRESS_BYTES)) % PAGE;

        f->page[at] = byte;
        f->page_set[at] = true;
    }
    f->count++;
}

bool spi_flash_clock(struct spi_flash *f, bool bit)
{
    if (!f->selected)
        return true;
    if (f->bits == 0 && f->count > 0)
        f->out = next_out(f);
    bool out = f->out & 0x80 >> f->bits;
    f->in = (uint8_t)(f->in << 1 | bit);
    f->bits++;
    if (f->bits == 8) {
        f->bits = 0;
        take_byte(f, f->in);
    }
    return out;
}

const uint8_t *spi_flash_content(const struct spi_flash *f)
{
    return f->content;
}

/* --- beginning and end ------------------------------------------------------------------------ */

static int load(struct spi_flash *f, const char *path, char error[static SPI_FLASH_ERROR_MAX])
{
    f->file = fopen(path, "r+b");
    if (!f->file && errno == ENOENT)
        f->file = fopen(path, "w+b");
    if (!f->file) {
        snprintf(error, SPI_FLASH_ERROR_MAX, "%.300s, the flash memory's file: %s", path,
                 error_text(errno));
        return -EIO;
    }
    size_t len = fread(f->content, 1, SPI_FLASH_SIZE, f->file);
    bool longer = len == SPI_FLASH_SIZE && getc(f->file) != EOF;
    if (ferror(f->file)) {
        snprintf(error, SPI_FLASH_ERROR_MAX, "%.300s, the flash memory's file, cannot be read",
                 path);
        return -EIO;
    }
    if (longer || (len > 0 && len < SPI_FLASH_SIZE)) { /* it would be written over */
        snprintf(error, SPI_FLASH_ERROR_MAX,
                 "%.300s is no flash memory's file, which has %d bytes; name one that is not there "
                 "yet",
                 path, SPI_FLASH_SIZE);
        return -EINVAL;
    }
    if (len > 0 || write_file(f, 0, SPI_FLASH_SIZE))
        return 0;
    snprintf(error, SPI_FLASH_ERROR_MAX,
             "%.300s, the flash memory's file, cannot be written, to its %d bytes: %s", path,
             SPI_FLASH_SIZE, error_text(errno));
    f->file = freopen(path, "wb", f->file); /* empty: a part would be refused as another file */
    return -EIO;
}

struct spi_flash *spi_flash_new(const char *path, bool real_times,
                                char error[static SPI_FLASH_ERROR_MAX])
{
    struct spi_flash *f = calloc(1, sizeof *f);

    snprintf(error, SPI_FLASH_ERROR_MAX, "out of memory");
    if (!f)
        return NULL;
    f->real_times = real_times;
    f->out = 0xff;
    f->content = malloc(SPI_FLASH_SIZE);
    if (f->content)
        memset(f->content, 0xff, SPI_FLASH_SIZE);
    if (!f->content || (path && load(f, path, error) < 0)) {
        spi_flash_free(f);
        return NULL;
    }
    return f;
}

void spi_flash_free(struct spi_flash *f)
{
    if (!f)
        return;
    if (f->file)
        fclose(f->file);
    free(f->content);
    free(f);
}
