/*
 * libnet2usb-dlopen.so: loaded into a program by LD_PRELOAD beside net2usb's libraries. It gives
 * these to a program that asks for a libusb of its own by dlopen, at a path or under another name.
 *
 * Without it there would be two libusbs. The program's would call itself through names that are
 * ours by then, and give its own structures to our functions. For example, libusb 1.0.27's
 * libusb_init calls libusb_init_context. A library that is needed by its name (DT_NEEDED) is no
 * matter. The loader takes the one that it has under that name already, wherever a run path leads.
 *
 * A guest as net2pty's preload library is: no state but an address, no descriptor that stays,
 * nothing printed. It uses what all C libraries have.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf.h"

typedef void *dlopen_function(const char *name, int flags);

/* The same function under its real name: that of C libraries has other attributes in each. */
void *guest_dlopen(const char *name, int flags) __asm__("dlopen")
    __attribute__((visibility("default")));

/* Before 2.34 glibc has dlsym and dlopen in a library of its own, which a program may have loaded
 * or not. Loads by the C library itself call us all the same. It does so by the second one then. */
#pragma weak dlsym
#pragma weak __libc_dlopen_mode
void *__libc_dlopen_mode(const char *name, int flags); /* NOLINT(bugprone-reserved-identifier) */
enum { OF_DLOPEN = (int)0x80000000 };                  /* glibc's __RTLD_DLOPEN */

/* Whether it is "libusb-MAJOR.MINOR.so", with any version after it, and with the mark that
 * auditwheel(1) puts into names: libusb-1-0d2dbc8b.0.so.0.3.0. */
static bool is_libusb(const char *name, char major, char minor)
{
    static const char digits[] = "0123456789abcdef", begin[] = "libusb-", end[] = ".so";

    if (strncmp(name, begin, sizeof begin - 1) != 0 || name[sizeof begin - 1] != major)
        return false;
    name += sizeof begin;
    if (*name == '-')
        for (name++; *name && strchr(digits, *name); name++)
            ;
    if (name[0] != '.' || name[1] != minor || strncmp(name + 2, end, sizeof end - 1) != 0)
        return false;
    name += 2 + sizeof end - 1;
    return *name == '\0' || *name == '.';
}

/* Which of ours replaces a library of this name, or NULL. */
static const char *find_ours(const char *name)
{
    if (is_libusb(name, '1', '0'))
        return "libusb-1.0.so.0";
    if (is_libusb(name, '0', '1'))
        return "libusb-0.1.so.4";
    return NULL;
}

/* Whether it offers libusb-1.0's functions and nothing else, whatever it is called. */
static bool is_all_libusb(const struct elf *e)
{
    static const char *const others[] = {"_init", "_fini", "_edata", "_end", "__bss_start"};
    struct elf_symbol s;
    bool has = false;

    for (size_t at = 0; elf_next_symbol(e, &at, &s);) {
        bool is_other = !s.is_defined;
        for (size_t i = 0; i < sizeof others / sizeof *others && !is_other; i++)
            is_other = strcmp(s.name, others[i]) == 0;
        if (is_other)
            continue;
        if (strncmp(s.name, "libusb_", 7) != 0)
            return false;
        has = has || strcmp(s.name, "libusb_init") == 0;
    }
    return has;
}

/* The same for a file. Its name may be made up, as JNA's are, or it may have none within it. */
static const char *find_ours_for_file(const char *path)
{
    const char *ours = NULL;
    struct elf e;

    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    off_t size = lseek(fd, 0, SEEK_END); /* fstat is no function in older C libraries */
    void *data = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (data == MAP_FAILED)
        return NULL;
    if (elf_read(data, (size_t)size, &e) == 0) {
        ours = e.soname ? find_ours(e.soname) : NULL;
        if (!ours)
            ours = find_ours(strrchr(path, '/') + 1);
        if (!ours && is_all_libusb(&e))
            ours = "libusb-1.0.so.0";
    }
    munmap(data, (size_t)size);
    return ours;
}

static dlopen_function *find_next(int *flags)
{
    static dlopen_function *found;

    dlopen_function *next = __atomic_load_n(&found, __ATOMIC_RELAXED);
    if (!next && dlsym)
        next = (dlopen_function *)(uintptr_t)dlsym(RTLD_NEXT, "dlopen");
    if (next) {
        __atomic_store_n(&found, next, __ATOMIC_RELAXED);
        return next;
    }
    *flags |= OF_DLOPEN;
    return __libc_dlopen_mode;
}

void *guest_dlopen(const char *name, int flags)
{
    dlopen_function *next = find_next(&flags);
    const char *ours = !name               ? NULL
                       : strchr(name, '/') ? find_ours_for_file(name)
                                           : find_ours(name);

    if (!next)
        return NULL;
    void *library = ours ? next(ours, RTLD_LAZY | RTLD_NOLOAD | (flags & OF_DLOPEN)) : NULL;
    if (library)
        return library;
    /* The loader looks where its caller's file says. It takes the file of its return address for
     * the caller. So this has to be a jump, which -O2 makes of it. */
    return next(name, flags);
}
