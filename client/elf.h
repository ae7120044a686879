/*
 * What a program or library asks the dynamic loader for, read out of its file (System V ABI,
 * chapters 4 and 5; both classes, both byte orders). Pure: bytes in, a struct out.
 */
#ifndef CLIENT_ELF_H
#define CLIENT_ELF_H

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
};

/* Reads a file. Returns 0, -ENOEXEC (it is no ELF file) or -EINVAL (it is damaged). */
int elf_read(const uint8_t *data, size_t len, struct elf *e);

#endif
