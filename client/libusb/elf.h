/*
 * The requests of a program or library to the dynamic loader, read from its file. Source: System V
 * ABI, chapters 4 and 5; both classes, both byte orders. Pure: bytes in, a struct out.
 */
#ifndef CLIENT_LIBUSB_ELF_H
#define CLIENT_LIBUSB_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ELF_NEEDED_MAX = 128 /* more are left out */ };

/* Texts point into the file's bytes and end with a 0 there; NULL: there is none. */
struct elf {
    uint8_t class, order; /* 1: 32 bits, 2: 64; 1: little-endian, 2: big-endian */
    uint16_t machine;
    const char *interpreter; /* the dynamic loader; NULL in a program: it is static */
    const char *soname, *rpath, *runpath;
    const char *needed[ELF_NEEDED_MAX];
    size_t needed_count;
    /* for elf_next_symbol */
    const uint8_t *symbols;
    size_t symbol_count, symbol_size;
    const char *texts;
    size_t texts_size;
};

/* A name that it offers to others, or that they are to have. */
struct elf_symbol {
    const char *name;
    bool is_defined; /* it is here */
    bool is_weak;    /* it works without */
};

/* Reads a file. Returns 0, -ENOEXEC (it is no ELF file) or -EINVAL (it is damaged). */
int elf_read(const uint8_t *data, size_t len, struct elf *e);

/* The next of its dynamic symbols that has a name; `at` begins as 0. Returns false at their end.
 * Only a hash table tells their number. So the symbols of a damaged file may be anything; their
 * names end within the file. */
bool elf_next_symbol(const struct elf *e, size_t *at, struct elf_symbol *s);

#endif
