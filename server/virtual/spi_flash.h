/*
 * A serial flash memory of 4 MiB like the N25Q032A of the iCEstick, on an SPI bus. Its content
 * lives in a file, or in memory only. Source: Micron's data sheet, JESD216; the commands of
 * iceprog(1).
 */
#ifndef SERVER_VIRTUAL_SPI_FLASH_H
#define SERVER_VIRTUAL_SPI_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPI_FLASH_SIZE = 4 << 20, SPI_FLASH_ERROR_MAX = 512 };

struct spi_flash;

/* Makes one with the content of `path`, which is made, erased, if it is not there; NULL: in memory.
 * `real_times`: writing and erasing take as long as the chip's; otherwise one poll of the status
 * for a page, 50 for an erase. Returns NULL with the reason in `error`. */
struct spi_flash *spi_flash_new(const char *path, bool real_times,
                                char error[static SPI_FLASH_ERROR_MAX]);

/* Accepts NULL. */
void spi_flash_free(struct spi_flash *f);

/* The chip select line: a command goes from its falling edge (`on`) to its rising one. */
void spi_flash_select(struct spi_flash *f, bool on);

/* Shifts one bit in, and one out. Not selected it does nothing, and its output is high. */
bool spi_flash_clock(struct spi_flash *f, bool bit);

/* Its content. */
const uint8_t *spi_flash_content(const struct spi_flash *f);

#endif
