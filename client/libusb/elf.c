#include "elf.h"

#include <errno.h>
#include <string.h>

enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3 };
enum {
    DT_NEEDED = 1,
    DT_HASH = 4,
    DT_STRTAB = 5,
    DT_SYMTAB = 6,
    DT_RELA = 7,
    DT_STRSZ = 10,
    DT_SONAME = 14,
    DT_RPATH = 15,
    DT_REL = 17,
    DT_JMPREL = 23,
    DT_RUNPATH = 29,
    DT_GNU_HASH = 0x6ffffef5,
    DT_VERSYM = 0x6ffffff0,
    DT_VERDEF = 0x6ffffffc,
    DT_VERNEED = 0x6ffffffe,
};

/* The file, and where in it the program headers are. */
struct file {
    const uint8_t *data;
    size_t len;
    bool wide, big;
    uint64_t headers;
    size_t header_size, header_count;
};

struct segment {
    uint64_t type, offset, address, size;
};

static bool is_within(const struct file *f, uint64_t offset, uint64_t size)
{
    return offset <= f->len && size <= f->len - offset;
}

/* A number of `size` bytes, which the caller knows to be within. */
static uint64_t number(const struct file *f, uint64_t offset, unsigned size)
{
    const uint8_t *p = f->data + offset;
    uint64_t n = 0;

    for (unsigned i = 0; i < size; i++)
        n = n << 8 | p[f->big ? i : size - 1 - i];
    return n;
}

static bool get_segment(const struct file *f, size_t i, struct segment *s)
{
    uint64_t at = f->headers + i * f->header_size;

    if (!is_within(f, at, f->wide ? 56 : 32))
        return false;
    s->type = number(f, at, 4);
    s->offset = f->wide ? number(f, at + 8, 8) : number(f, at + 4, 4);
    s->address = f->wide ? number(f, at + 16, 8) : number(f, at + 8, 4);
    s->size = f->wide ? number(f, at + 32, 8) : number(f, at + 16, 4);
    return true;
}

/* A text in the file that has its end within `size` bytes, or NULL. */
static const char *text_at(const struct file *f, uint64_t offset, uint64_t size)
{
    if (!is_within(f, offset, size) || size == 0 || !memchr(f->data + offset, '\0', (size_t)size))
        return NULL;
    return (const char *)f->data + offset;
}

static bool find_offset(const struct file *f, uint64_t address, uint64_t *offset)
{
    struct segment s;

    for (size_t i = 0; i < f->header_count && get_segment(f, i, &s); i++) {
        if (s.type != PT_LOAD || address < s.address || address - s.address >= s.size)
            continue;
        *offset = s.offset + (address - s.address);
        return true;
    }
    return false;
}

/* Entry `i` of the dynamic section. Returns false at its end. */
static bool get_entry(const struct file *f, const struct segment *dynamic, uint64_t i,
                      uint64_t *tag, uint64_t *value)
{
    unsigned size = f->wide ? 8 : 4;
    uint64_t at = dynamic->offset + 2 * size * i;

    if (2 * size * (i + 1) > dynamic->size)
        return false;
    *tag = number(f, at, size);
    *value = number(f, at + size, size);
    return *tag != 0;
}

static void take_text(struct elf *e, uint64_t tag, const char *text)
{
    if (tag == DT_SONAME)
        e->soname = text;
    else if (tag == DT_RPATH)
        e->rpath = text;
    else if (tag == DT_RUNPATH)
        e->runpath = text;
    else if (tag == DT_NEEDED && e->needed_count < ELF_NEEDED_MAX)
        e->needed[e->needed_count++] = text;
}

/* Whether an entry is the address of a table. */
static bool is_table(uint64_t tag)
{
    static const uint64_t tables[] = {DT_HASH,     DT_STRTAB, DT_RELA,   DT_REL,    DT_JMPREL,
                                      DT_GNU_HASH, DT_VERSYM, DT_VERDEF, DT_VERNEED};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (tag == tables[i])
            return true;
    return false;
}

/* Finds the symbols: up to the table that comes after theirs, as no entry tells their number. */
static void find_symbols(const struct file *f, const struct segment *dynamic, struct elf *e)
{
    uint64_t tag, value, table = 0, end = UINT64_MAX, at;

    for (uint64_t i = 0; get_entry(f, dynamic, i, &tag, &value); i++)
        if (tag == DT_SYMTAB)
            table = value;
    for (uint64_t i = 0; get_entry(f, dynamic, i, &tag, &value); i++)
        if (is_table(tag) && value > table && value < end)
            end = value;
    if (table == 0 || end == UINT64_MAX || !find_offset(f, table, &at) ||
        !is_within(f, at, end - table))
        return;
    e->symbol_size = f->wide ? 24 : 16;
    e->symbols = f->data + at;
    e->symbol_count = (size_t)((end - table) / e->symbol_size);
}

static int read_dynamic(const struct file *f, const struct segment *dynamic, struct elf *e)
{
    uint64_t tag, value, table = 0, table_size = 0, at;

    if (!is_within(f, dynamic->offset, dynamic->size))
        return -EINVAL;
    for (uint64_t i = 0; get_entry(f, dynamic, i, &tag, &value); i++) {
        if (tag == DT_STRTAB)
            table = value;
        else if (tag == DT_STRSZ)
            table_size = value;
    }
    if (!find_offset(f, table, &at) || !is_within(f, at, table_size))
        return -EINVAL;
    for (uint64_t i = 0; get_entry(f, dynamic, i, &tag, &value); i++) {
        if (tag != DT_NEEDED && tag != DT_SONAME && tag != DT_RPATH && tag != DT_RUNPATH)
            continue;
        const char *text = value < table_size ? text_at(f, at + value, table_size - value) : NULL;
        if (!text)
            return -EINVAL;
        take_text(e, tag, text);
    }
    e->texts = (const char *)f->data + at;
    e->texts_size = (size_t)table_size;
    find_symbols(f, dynamic, e);
    return 0;
}

static int read_header(struct file *f, struct elf *e)
{
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F'};

    if (f->len < sizeof magic || memcmp(f->data, magic, sizeof magic) != 0)
        return -ENOEXEC;
    if (f->len < 6 || f->data[4] < 1 || f->data[4] > 2 || f->data[5] < 1 || f->data[5] > 2)
        return -EINVAL;
    e->class = f->data[4];
    e->order = f->data[5];
    f->wide = e->class == 2;
    f->big = e->order == 2;
    if (f->len < (f->wide ? 64 : 52))
        return -EINVAL;
    e->machine = (uint16_t)number(f, 18, 2);
    f->headers = f->wide ? number(f, 32, 8) : number(f, 28, 4);
    f->header_size = (size_t)number(f, f->wide ? 54 : 42, 2);
    f->header_count = (size_t)number(f, f->wide ? 56 : 44, 2);
    if (f->header_count > 0 && f->header_size < (f->wide ? 56u : 32u))
        return -EINVAL;
    return is_within(f, f->headers, f->header_size * f->header_count) ? 0 : -EINVAL;
}

int elf_read(const uint8_t *data, size_t len, struct elf *e)
{
    struct file f = {.data = data, .len = len};
    struct segment s;

    *e = (struct elf){.needed_count = 0};
    int r = read_header(&f, e);
    for (size_t i = 0; r == 0 && i < f.header_count && get_segment(&f, i, &s); i++) {
        if (s.type == PT_INTERP) {
            e->interpreter = text_at(&f, s.offset, s.size);
            r = e->interpreter ? 0 : -EINVAL;
        } else if (s.type == PT_DYNAMIC) {
            r = read_dynamic(&f, &s, e);
        }
    }
    return r;
}

bool elf_next_symbol(const struct elf *e, size_t *at, struct elf_symbol *s)
{
    const struct file f = {.data = e->symbols, .big = e->order == 2};

    while (*at < e->symbol_count) {
        uint64_t symbol = (uint64_t)*at * e->symbol_size;
        uint64_t name = number(&f, symbol, 4);
        unsigned info = (unsigned)number(&f, symbol + (e->class == 2 ? 4 : 12), 1);

        ++*at;
        if (name == 0 || name >= e->texts_size ||
            !memchr(e->texts + name, '\0', (size_t)(e->texts_size - name)))
            continue;
        *s = (struct elf_symbol){
            .name = e->texts + name,
            .is_defined = number(&f, symbol + (e->class == 2 ? 6 : 14), 2) != 0,
            .is_weak = info >> 4 == 2,
        };
        return true;
    }
    return false;
}
