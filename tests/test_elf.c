/*
 * What programs need, read out of their files: of both classes and byte orders, made up here; of
 * this program; and cut or changed at every byte.
 */
#include "elf.h"

#include <errno.h>

#include "test.h"

enum { FILE_MAX = 1024 };

static uint8_t file[FILE_MAX];
static bool big;

static void put(size_t at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        file[at + (big ? size - 1 - i : i)] = (uint8_t)(value >> 8 * i);
}

/* A program header: type, offset, address, size. */
static void put_segment(bool wide, size_t at, uint32_t type, uint64_t offset, uint64_t size)
{
    uint64_t address = 0x10000 + offset;

    put(at, type, 4);
    put(at + (wide ? 8 : 4), offset, wide ? 8 : 4);
    put(at + (wide ? 16 : 8), address, wide ? 8 : 4);
    put(at + (wide ? 32 : 16), size, wide ? 8 : 4);
}

static const char texts[] = "\0libftdi1.so.2\0libc.so.6\0$ORIGIN/../lib\0me.so\0here\0there";

/* A dynamic symbol: its name, whether it is weak, its section. */
static void put_symbol(bool wide, size_t at, uint64_t name, bool weak, uint64_t section)
{
    put(at, name, 4);
    put(at + (wide ? 4 : 12), weak ? 0x20 : 0x10, 1);
    put(at + (wide ? 6 : 14), section, 2);
}

/* Headers, an interpreter, a dynamic section, its symbols and texts. Returns its length. */
static size_t make(bool wide, bool is_big)
{
    size_t headers = wide ? 64 : 52, each = wide ? 56 : 32, word = wide ? 8 : 4;
    size_t interpreter = headers + 3 * each, dynamic = interpreter + 8, at;
    const uint64_t entries[][2] = {{5, 0},   {10, sizeof texts}, {1, 1}, {1, 15},
                                   {29, 25}, {14, 40},           {6, 0}, {0, 0}};
    size_t count = sizeof entries / sizeof *entries, symbols = dynamic + 2 * word * count;
    size_t symbol = wide ? 24 : 16, names = symbols + 3 * symbol;
    size_t len = names + sizeof texts;

    big = is_big;
    memset(file, 0, sizeof file);
    memcpy(file,
           "\x7f"
           "ELF",
           4);
    file[4] = wide ? 2 : 1;
    file[5] = big ? 2 : 1;
    put(18, 62, 2);
    put(wide ? 32 : 28, headers, wide ? 8 : 4);
    put(wide ? 54 : 42, each, 2);
    put(wide ? 56 : 44, 3, 2);
    put_segment(wide, headers, 1, 0, len);
    put_segment(wide, headers + each, 3, interpreter, 8);
    put_segment(wide, headers + 2 * each, 2, dynamic, 2 * word * count);
    memcpy(file + interpreter, "/lib/ld", 8);
    at = dynamic;
    for (size_t i = 0; i < count; i++, at += 2 * word) {
        put(at, entries[i][0], (unsigned)word);
        put(at + word,
            entries[i][0] == 5   ? 0x10000 + names
            : entries[i][0] == 6 ? 0x10000 + symbols
                                 : entries[i][1],
            (unsigned)word);
    }
    put_symbol(wide, symbols + symbol, 46, false, 7);
    put_symbol(wide, symbols + 2 * symbol, 51, true, 0);
    memcpy(file + names, texts, sizeof texts);
    return len;
}

static void every_kind_is_read(void)
{
    for (int kind = 0; kind < 4; kind++) {
        size_t len = make(kind & 1, kind & 2);
        struct elf e;

        CHECK(elf_read(file, len, &e) == 0);
        CHECK(e.class == (kind & 1 ? 2 : 1) && e.order == (kind & 2 ? 2 : 1) && e.machine == 62);
        CHECK_TEXT(e.interpreter, "/lib/ld");
        CHECK(e.needed_count == 2);
        CHECK_TEXT(e.needed[0], "libftdi1.so.2");
        CHECK_TEXT(e.needed[1], "libc.so.6");
        CHECK_TEXT(e.runpath, "$ORIGIN/../lib");
        CHECK_TEXT(e.soname, "me.so");
        CHECK(!e.rpath);

        struct elf_symbol s;
        size_t at = 0;
        CHECK(elf_next_symbol(&e, &at, &s) && s.is_defined && !s.is_weak);
        CHECK_TEXT(s.name, "here");
        CHECK(elf_next_symbol(&e, &at, &s) && !s.is_defined && s.is_weak);
        CHECK_TEXT(s.name, "there");
        CHECK(!elf_next_symbol(&e, &at, &s));
    }
}

/* In memory of just that size, where a step too far is noticed. */
static int read_copy(size_t len)
{
    uint8_t *copy = malloc(len + (len == 0));
    struct elf e;
    size_t sum = 0;

    memcpy(copy, file, len);
    int r = elf_read(copy, len, &e);
    for (size_t i = 0; r == 0 && i < e.needed_count; i++)
        sum += strlen(e.needed[i]);
    if (r == 0 && e.interpreter)
        sum += strlen(e.interpreter);
    struct elf_symbol s;
    for (size_t at = 0; r == 0 && elf_next_symbol(&e, &at, &s);)
        sum += strlen(s.name);
    free(copy);
    return r < 0 ? r : sum > 0;
}

static void cut_at_every_byte(void)
{
    for (int kind = 0; kind < 4; kind++) {
        size_t len = make(kind & 1, kind & 2);

        for (size_t cut = 0; cut < len; cut++)
            CHECK(read_copy(cut) == (cut < 4 ? -ENOEXEC : -EINVAL));
        CHECK(read_copy(len) == 1);
    }
}

static void changed_at_every_byte(void)
{
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};

    for (int kind = 0; kind < 4; kind++) {
        size_t len = make(kind & 1, kind & 2);

        for (size_t i = 0; i < len; i++) {
            uint8_t was = file[i];

            for (size_t k = 0; k < sizeof values; k++) {
                file[i] = values[k];
                read_copy(len);
            }
            file[i] = was;
        }
    }
}

static void others_are_none(void)
{
    struct elf e;

    CHECK(elf_read((const uint8_t *)"#!/bin/sh\n", 10, &e) == -ENOEXEC);
    CHECK(elf_read((const uint8_t *)"", 0, &e) == -ENOEXEC);
}

static void this_program(void)
{
    FILE *f = fopen("/proc/self/exe", "rb");
    uint8_t *data = malloc(64 << 20);
    struct elf e;
    struct elf_symbol s;
    bool libc = false, calls = false;

    CHECK(f && data);
    size_t len = fread(data, 1, 64 << 20, f);
    fclose(f);
    CHECK(elf_read(data, len, &e) == 0);
    for (size_t i = 0; i < e.needed_count; i++)
        libc = libc || strncmp(e.needed[i], "libc.", 5) == 0;
    for (size_t at = 0; elf_next_symbol(&e, &at, &s);)
        calls = calls || (strcmp(s.name, "fclose") == 0 && !s.is_defined && !s.is_weak);
    if (e.interpreter) /* or it is static */
        CHECK(strstr(e.interpreter, "ld") && libc && calls);
    else
        CHECK(e.needed_count == 0);
    free(data);
}

static const struct test tests[] = {TEST(every_kind_is_read), TEST(cut_at_every_byte),
                                    TEST(changed_at_every_byte), TEST(others_are_none),
                                    TEST(this_program)};
TEST_MAIN(tests)
