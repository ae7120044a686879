#include "elf.h"

#include <errno.h>
#include <string.h>

enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3 };
enum {
    DT_NEEDED = 1,
    DT_STRTAB = 5,
    DT_STRSZ = 10,
    DT_SONAME = 14,
    DT_RPATH = 15,
    DT_RUNPATH = 29,
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
