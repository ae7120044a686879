#include "usb_loader.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf.h"
#include "usb_file.h"

#define LIBUSB10 "libusb-1.0.so.0"

enum { FILES_MAX = 256, FOLDERS_MAX = 64, FUNCTIONS_MAX = 256, INCLUDES_MAX = 4 };

/* Functions of libusb-1.0, and which file names them. */
struct functions {
    struct {
        char name[USB_LOADER_NAME_MAX], by[USB_LOADER_NAME_MAX];
    } list[FUNCTIONS_MAX];
    size_t count;
};

/* A search for libraries: the folders of the loader, and the files under way. */
struct search {
    const struct usb_loader *loader;
    bool has_dlopen;                  /* one of the files calls it */
    struct functions *called, *there; /* by and in all of the files; NULL: they do not matter */
    char *folders[FOLDERS_MAX];
    size_t folder_count;
    struct {
        char name[USB_LOADER_NAME_MAX];
        char by[USB_LOADER_NAME_MAX]; /* the library that the program itself needs, through which it
                                         came */
        char folders[PATH_MAX];       /* where its needer says to look first */
    } * files;
    size_t file_count;
};

static void add_folder(struct search *s, const char *folder, size_t len)
{
    if (s->folder_count < FOLDERS_MAX && len > 0) {
        char *copy = strndup(folder, len);
        if (copy)
            s->folders[s->folder_count++] = copy;
    }
}

/* /etc/ld.so.conf, and what it includes. */
static void read_conf(struct search *s, const char *path, int depth)
{
    char line[PATH_MAX];
    FILE *f = fopen(path, "re");

    while (f && fgets(line, sizeof line, f)) {
        char *text = line + strspn(line, " \t");
        glob_t found;

        text[strcspn(text, "#\n")] = '\0';
        if (strncmp(text, "include", 7) == 0 && depth < INCLUDES_MAX) {
            if (glob(text + 7 + strspn(text + 7, " \t"), 0, NULL, &found) != 0)
                continue;
            for (size_t i = 0; i < found.gl_pathc; i++)
                read_conf(s, found.gl_pathv[i], depth + 1);
            globfree(&found);
        } else {
            add_folder(s, text, strcspn(text, " \t"));
        }
    }
    if (f)
        fclose(f);
}

/* Adds folders of a list as LD_LIBRARY_PATH has it. */
static void add_list(struct search *s, const char *list)
{
    while (list && *list) {
        size_t len = strcspn(list, ":\n");
        add_folder(s, list, len);
        list += len + (list[len] != '\0');
    }
}

/* As glibc's loader has them. Of several architectures, with Debian's: files of others are passed
 * over. */
static void add_usual(struct search *s)
{
    static const char *const usual[] = {
        "/lib/*-linux-gnu*", "/usr/lib/*-linux-gnu*", "/lib64", "/usr/lib64", "/lib", "/usr/lib"};
    glob_t found;

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (glob(usual[i], 0, NULL, &found) != 0)
            continue;
        for (size_t k = 0; k < found.gl_pathc; k++)
            add_folder(s, found.gl_pathv[k], strlen(found.gl_pathv[k]));
        globfree(&found);
    }
}

/* As musl's loader has them, which is named PREFIX/lib/ld-musl-ARCH.so.1. */
static void add_usual_of_musl(struct search *s)
{
    char path[PATH_MAX], list[PATH_MAX];
    const char *loader = s->loader->path, *slash = strrchr(loader, '/');
    const char *base = slash ? slash + 1 : loader;
    int prefix = 0;

    for (int i = 0; slash && loader + i < slash; i++)
        if (loader[i] == '/')
            prefix = i;
    snprintf(path, sizeof path, "%.*s/etc/%.*s.path", prefix, loader, (int)strcspn(base, "."),
             base);
    FILE *f = fopen(path, "re");
    size_t len = f ? fread(list, 1, sizeof list - 1, f) : 0;
    list[len] = '\0';
    add_list(s, f ? list : "/lib:/usr/local/lib:/usr/lib");
    if (f)
        fclose(f);
}

/* Returns false without memory. */
static bool begin_search(struct search *s, const struct usb_loader *l, const char *front)
{
    *s = (struct search){.loader = l};
    s->files = calloc(FILES_MAX, sizeof *s->files);
    if (!s->files)
        return false;
    add_list(s, front);
    add_list(s, getenv("LD_LIBRARY_PATH"));
    if (l->is_musl) {
        add_usual_of_musl(s);
    } else if (l->is_of_system) {
        read_conf(s, "/etc/ld.so.conf", 0);
        add_usual(s);
    } else if (strchr(l->path, '/')) { /* its C library is beside it, at least */
        add_folder(s, l->path, (size_t)(strrchr(l->path, '/') - l->path));
    }
    return true;
}

static void end_search(struct search *s)
{
    for (size_t i = 0; i < s->folder_count; i++)
        free(s->folders[i]);
    free(s->files);
}

static bool is_of_usb(const char *name)
{
    static const char *const names[] = {"libusb-1.0.", "libusb-0.1.", "libusb-1-",
                                        "libusb-0-",   "libftdi",     "libhidapi-",
                                        "libjaylink.", "libusbredir", "libftd2xx"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static void add_file(struct search *s, const char *name, const char *by, const char *folders)
{
    size_t known = 0;

    while (known < s->file_count && strcmp(s->files[known].name, name) != 0)
        known++;
    if (known < s->file_count || known == FILES_MAX || strlen(name) >= sizeof s->files->name)
        return;
    snprintf(s->files[known].name, sizeof s->files->name, "%s", name);
    snprintf(s->files[known].by, sizeof s->files->by, "%s", by);
    snprintf(s->files[known].folders, PATH_MAX, "%s", folders);
    s->file_count++;
}

static bool has_function(const struct functions *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->list[i].name, name) == 0)
            return true;
    return false;
}

static void add_function(struct functions *f, const char *name, const char *by)
{
    if (f->count == FUNCTIONS_MAX || strlen(name) >= sizeof f->list->name || has_function(f, name))
        return;
    strcpy(f->list[f->count].name, name);
    snprintf(f->list[f->count++].by, sizeof f->list->by, "%s", by);
}

static void read_symbols(struct search *s, const struct elf *e, const char *file)
{
    struct elf_symbol symbol;

    if (strncmp(file, "libc.", 5) == 0)
        return; /* it has many, and calls none of these */
    for (size_t at = 0; elf_next_symbol(e, &at, &symbol);) {
        if (!symbol.is_defined && strcmp(symbol.name, "dlopen") == 0)
            s->has_dlopen = true;
        if (!s->called || strncmp(symbol.name, "libusb_", 7) != 0)
            continue;
        if (symbol.is_defined)
            add_function(s->there, symbol.name, file);
        else if (!symbol.is_weak)
            add_function(s->called, symbol.name, file);
    }
}

/* Adds what a file needs, with where that file says to look. */
static void add_needed(struct search *s, const struct elf *e, const char *path, const char *by)
{
    const char *run = e->runpath ? e->runpath : e->rpath;
    const char *slash = strrchr(path, '/');
    char folders[PATH_MAX];
    size_t len = 0;

    for (const char *p = run ? run : ""; *p && len < sizeof folders - 1;) {
        size_t token = strncmp(p, "$ORIGIN", 7) == 0 ? 7 : strncmp(p, "${ORIGIN}", 9) == 0 ? 9 : 0;

        if (token && slash) {
            int n =
                snprintf(folders + len, sizeof folders - len, "%.*s", (int)(slash - path), path);
            len += (size_t)n < sizeof folders - len ? (size_t)n : sizeof folders - len - 1;
            p += token;
        } else {
            folders[len++] = *p++;
        }
    }
    folders[len] = '\0';
    for (size_t i = 0; i < e->needed_count; i++) {
        const char *base = strrchr(e->needed[i], '/');
        char folder[PATH_MAX]; /* it is a path where it was linked to a library without a name */

        snprintf(folder, sizeof folder, "%.*s", base ? (int)(base - e->needed[i]) : 0,
                 e->needed[i]);
        add_file(s, base ? base + 1 : e->needed[i], by, base ? folder : folders);
    }
}

/* Adds what the program needs. Its $ORIGIN is where it is itself, whatever links lead there. */
static void add_program(struct search *s, const struct elf *e, const char *binary)
{
    char path[PATH_MAX];

    add_needed(s, e, realpath(binary, path) ? path : binary, "");
}

/* Reads one library of the program's architecture. Returns false if there is none of that path. */
static bool read_library(struct search *s, const char *folder, size_t len, size_t i)
{
    char path[PATH_MAX];
    struct usb_file f;
    struct elf e;

    snprintf(path, sizeof path, "%.*s/%s", (int)len, folder, s->files[i].name);
    if (usb_file_map(path, &f) < 0)
        return false;
    bool fits = elf_read(f.data, f.len, &e) == 0 && e.class == s->loader->class &&
                e.machine == s->loader->machine;
    if (fits) {
        add_needed(s, &e, path, s->files[i].name);
        read_symbols(s, &e, s->files[i].name);
    }
    usb_file_unmap(&f);
    return fits;
}

/* Whether the loader is this library itself; musl's is the whole C library. */
static bool is_loader(const struct search *s, const char *name)
{
    static const char *const of_musl[] = {"c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."};

    if (!s->loader->is_musl)
        return strncmp(name, "ld-", 3) == 0 || strncmp(name, "ld64.", 5) == 0;
    for (size_t i = 0; i < sizeof of_musl / sizeof *of_musl; i++)
        if (strncmp(name, "lib", 3) == 0 && strncmp(name + 3, of_musl[i], strlen(of_musl[i])) == 0)
            return true;
    return false;
}

/* Returns false if the loader would not find the file. */
static bool read_file(struct search *s, size_t i)
{
    char folders[PATH_MAX];

    strcpy(folders, s->files[i].folders); /* the file's own needs go there */
    for (const char *at = folders; *at;) {
        size_t len = strcspn(at, ":");
        if (len > 0 && read_library(s, at, len, i))
            return true;
        at += len + (at[len] == ':');
    }
    for (size_t k = 0; k < s->folder_count; k++)
        if (read_library(s, s->folders[k], strlen(s->folders[k]), i))
            return true;
    return is_loader(s, s->files[i].name);
}

size_t usb_loader_read(const struct usb_loader *l, const char *binary, const struct elf *e,
                       struct usb_library list[static USB_LOADER_LIBRARIES_MAX], bool *may_load)
{
    struct search s;
    size_t count = 0;

    if (!begin_search(&s, l, ""))
        return 0;
    add_program(&s, e, binary);
    read_symbols(&s, e, "");
    for (size_t i = 0; i < s.file_count; i++) {
        if (!read_file(&s, i))
            s.has_dlopen = true; /* for all we know */
        if (!is_of_usb(s.files[i].name) || count == USB_LOADER_LIBRARIES_MAX)
            continue;
        strcpy(list[count].name, s.files[i].name);
        strcpy(list[count].by, s.files[i].by);
        count++;
    }
    *may_load = s.has_dlopen;
    end_search(&s);
    return count;
}

bool usb_loader_lacks(const struct usb_loader *l, const char *binary, const struct elf *e,
                      const char *folder, char function[static USB_LOADER_NAME_MAX],
                      char by[static USB_LOADER_NAME_MAX])
{
    static struct functions called, there;
    bool lacks = false;
    struct search s;

    if (!begin_search(&s, l, ""))
        return false;
    called.count = there.count = 0;
    s.called = &called;
    s.there = &there;
    add_file(&s, LIBUSB10, "", folder); /* before another one of that name */
    add_program(&s, e, binary);
    read_symbols(&s, e, strrchr(binary, '/') ? strrchr(binary, '/') + 1 : binary);
    for (size_t i = 0; i < s.file_count; i++)
        read_file(&s, i);
    for (size_t i = 0; i < called.count && there.count > 0 && !lacks; i++) {
        lacks = !has_function(&there, called.list[i].name);
        strcpy(function, called.list[i].name);
        strcpy(by, called.list[i].by);
    }
    end_search(&s);
    return lacks;
}

bool usb_loader_finds(const struct usb_loader *l, const char *front, const char *name)
{
    struct search s;

    if (!begin_search(&s, l, front))
        return false;
    add_file(&s, name, "", "");
    bool found = true;
    for (size_t i = 0; i < s.file_count && found; i++)
        found = read_file(&s, i);
    end_search(&s);
    return found;
}
