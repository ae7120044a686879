#define _GNU_SOURCE /* memmem */
#include "usb_program.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "elf.h"

#define LIBUSB10 "libusb-1.0.so.0"

enum { INTERPRETERS_MAX = 4, FILES_MAX = 256, FOLDERS_MAX = 64, FUNCTIONS_MAX = 256 };

/* --- files ------------------------------------------------------------------------------------ */

struct file {
    uint8_t *data;
    size_t len;
};

static int map_file(const char *path, struct file *f)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int r = 0;

    *f = (struct file){NULL, 0};
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        r = -ENOEXEC;
    if (r == 0) {
        void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            r = -errno;
        else
            *f = (struct file){data, (size_t)st.st_size};
    }
    close(fd);
    return r;
}

static void unmap_file(struct file *f)
{
    if (f->data)
        munmap(f->data, f->len);
}

static bool contains(const struct file *f, const char *text)
{
    return memmem(f->data, f->len, text, strlen(text)) != NULL;
}

/* --- the program ------------------------------------------------------------------------------ */

static int can_run(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return errno == EACCES ? -EACCES : -ENOENT;
    return S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? 0 : -EACCES;
}

int usb_program_find(const char *name, char path[static PATH_MAX])
{
    const char *folders = getenv("PATH");
    int found = -ENOENT;

    if (strchr(name, '/')) {
        snprintf(path, PATH_MAX, "%s", name);
        return can_run(path);
    }
    for (const char *p = folders ? folders : "/bin:/usr/bin"; *name; p++) {
        size_t len = strcspn(p, ":");

        snprintf(path, PATH_MAX, "%.*s/%s", len > 0 ? (int)len : 1, len > 0 ? p : ".", name);
        int r = can_run(path);
        if (r == 0)
            return 0;
        if (r == -EACCES)
            found = r;
        p += len;
        if (!*p)
            break;
    }
    return found;
}

/* The interpreter of a script, "/usr/bin/env NAME" being NAME's. Returns false if it has none. */
static bool find_interpreter(const struct file *f, char path[static PATH_MAX])
{
    char line[PATH_MAX], *save = NULL;
    size_t len = f->len - 2 < sizeof line - 1 ? f->len - 2 : sizeof line - 1;

    memcpy(line, f->data + 2, len);
    line[len] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    char *word = strtok_r(line, " \t", &save);
    if (!word)
        return false;
    const char *base = strrchr(word, '/');
    if (base && strcmp(base, "/env") == 0) {
        do
            word = strtok_r(NULL, " \t", &save);
        while (word && (*word == '-' || strchr(word, '=')));
        if (!word)
            return false;
    }
    return usb_program_find(word, path) == 0;
}

/* --- libraries -------------------------------------------------------------------------------- */

/* Functions of libusb-1.0, and which file names them. */
struct functions {
    struct {
        char name[USB_PROGRAM_NAME_MAX], by[USB_PROGRAM_NAME_MAX];
    } list[FUNCTIONS_MAX];
    size_t count;
};

/* A search for libraries: the folders of the loader, and the files under way. */
struct search {
    const struct usb_program *program; /* whose loader it is */
    bool has_dlopen;                   /* one of the files calls it */
    struct functions *called, *there;  /* by and in all of the files; NULL: they do not matter */
    char *folders[FOLDERS_MAX];
    size_t folder_count;
    struct {
        char name[USB_PROGRAM_NAME_MAX];
        char by[USB_PROGRAM_NAME_MAX]; /* what the program itself needs, by way of which it came */
        char folders[PATH_MAX];        /* where its needer says to look first */
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
        if (strncmp(text, "include", 7) == 0 && depth < INTERPRETERS_MAX) {
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
    const char *loader = s->program->loader, *slash = strrchr(loader, '/');
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
static bool begin_search(struct search *s, const struct usb_program *p, const char *front)
{
    *s = (struct search){.program = p};
    s->files = calloc(FILES_MAX, sizeof *s->files);
    if (!s->files)
        return false;
    add_list(s, front);
    add_list(s, getenv("LD_LIBRARY_PATH"));
    if (p->is_musl) {
        add_usual_of_musl(s);
    } else if (p->has_system_loader) {
        read_conf(s, "/etc/ld.so.conf", 0);
        add_usual(s);
    } else if (strchr(p->loader, '/')) { /* its C library is beside it, at least */
        add_folder(s, p->loader, (size_t)(strrchr(p->loader, '/') - p->loader));
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
static void add_program(struct search *s, const struct elf *e)
{
    char path[PATH_MAX];

    add_needed(s, e, realpath(s->program->binary, path) ? path : s->program->binary, "");
}

/* Reads one library of the program's architecture. Returns false if there is none of that path. */
static bool read_library(struct search *s, const char *folder, size_t len, size_t i)
{
    char path[PATH_MAX];
    struct file f;
    struct elf e;

    snprintf(path, sizeof path, "%.*s/%s", (int)len, folder, s->files[i].name);
    if (map_file(path, &f) < 0)
        return false;
    bool fits = elf_read(f.data, f.len, &e) == 0 && e.class == s->program->class &&
                e.machine == s->program->machine;
    if (fits) {
        add_needed(s, &e, path, s->files[i].name);
        read_symbols(s, &e, s->files[i].name);
    }
    unmap_file(&f);
    return fits;
}

/* Whether the loader is this library itself; musl's is the whole C library. */
static bool is_loader(const struct search *s, const char *name)
{
    static const char *const of_musl[] = {"c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."};

    if (!s->program->is_musl)
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

static void read_libraries(struct usb_program *p, const struct elf *e)
{
    struct search s;

    if (!begin_search(&s, p, ""))
        return;
    add_program(&s, e);
    read_symbols(&s, e, "");
    for (size_t i = 0; i < s.file_count; i++) {
        if (!read_file(&s, i))
            s.has_dlopen = true; /* for all we know */
        if (!is_of_usb(s.files[i].name) || p->library_count == USB_PROGRAM_LIBRARIES_MAX)
            continue;
        strcpy(p->libraries[p->library_count].name, s.files[i].name);
        strcpy(p->libraries[p->library_count].by, s.files[i].by);
        p->library_count++;
    }
    p->may_load = s.has_dlopen;
    end_search(&s);
}

bool usb_program_lacks(const struct usb_program *p, const char *folder,
                       char function[static USB_PROGRAM_NAME_MAX],
                       char by[static USB_PROGRAM_NAME_MAX])
{
    static struct functions called, there;
    bool lacks = false;
    struct search s;
    struct file f;
    struct elf e;

    if (p->library_count == 0 || map_file(p->binary, &f) < 0)
        return false;
    if (elf_read(f.data, f.len, &e) == 0 && begin_search(&s, p, "")) {
        called.count = there.count = 0;
        s.called = &called;
        s.there = &there;
        add_file(&s, LIBUSB10, "", folder); /* before another one of that name */
        add_program(&s, &e);
        read_symbols(&s, &e, strrchr(p->binary, '/') ? strrchr(p->binary, '/') + 1 : p->binary);
        for (size_t i = 0; i < s.file_count; i++)
            read_file(&s, i);
        for (size_t i = 0; i < called.count && there.count > 0 && !lacks; i++) {
            lacks = !has_function(&there, called.list[i].name);
            strcpy(function, called.list[i].name);
            strcpy(by, called.list[i].by);
        }
        end_search(&s);
    }
    unmap_file(&f);
    return lacks;
}

bool usb_program_finds(const struct usb_program *p, const char *front, const char *name)
{
    struct search s;

    if (!begin_search(&s, p, front))
        return false;
    add_file(&s, name, "", "");
    bool found = true;
    for (size_t i = 0; i < s.file_count && found; i++)
        found = read_file(&s, i);
    end_search(&s);
    return found;
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool has_musl(const struct elf *e)
{
    return e->interpreter && strstr(e->interpreter, "ld-musl") != NULL;
}

/* Puts into `p` what programs are like for whom our libraries are. Returns false if that cannot be
 * told. */
static bool read_own_kind(struct usb_program *p)
{
    struct file f;
    struct elf us;

    if (map_file("/proc/self/exe", &f) < 0)
        return false;
    bool read = elf_read(f.data, f.len, &us) == 0;
    p->class = us.class;
    p->order = us.order;
    p->machine = us.machine;
    unmap_file(&f);
    return read;
}

void usb_program_be_any(struct usb_program *p)
{
    *p = (struct usb_program){.trouble = USB_PROGRAM_FINE, .has_system_loader = true};
    if (!read_own_kind(p))
        p->trouble = USB_PROGRAM_UNKNOWN;
}

static bool is_foreign(const struct usb_program *p)
{
    struct usb_program us;

    return read_own_kind(&us) &&
           (us.class != p->class || us.order != p->order || us.machine != p->machine);
}

static bool is_of_system(const char *loader)
{
    return strncmp(loader, "/lib", 4) == 0 || strncmp(loader, "/usr/lib", 8) == 0 ||
           !strchr(loader, '/');
}

/* Whether the kernel heeds marks of the file that give more rights. */
static bool is_on_nosuid(const char *path)
{
    struct statvfs v;

    return statvfs(path, &v) == 0 && (v.f_flag & ST_NOSUID);
}

static bool has_no_new_privs(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static bool is_set_id(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0 || is_on_nosuid(path) || has_no_new_privs())
        return false;
    return ((st.st_mode & S_ISUID) && st.st_uid != getuid()) ||
           ((st.st_mode & S_ISGID) && st.st_gid != getgid());
}

/* Capabilities as the kernel keeps them, struct vfs_cap_data of linux/capability.h: a magic number
 * whose lowest bit is "effective", and 32 permitted and 32 inheritable ones, once or twice. They
 * give root nothing, and then the loader is as ever; with no_new_privs they give nobody anything,
 * and it is so unless they are effective (the kernel's cap_bprm_creds_from_file). */
static bool has_capabilities(const char *path)
{
    uint8_t data[64];
    ssize_t len = getxattr(path, "security.capability", data, sizeof data);
    bool has = len >= 12 && (data[0] & 1);

    for (ssize_t i = 4; i + 8 <= len && i <= 12 && !has_no_new_privs(); i += 8)
        has = has || data[i] || data[i + 1] || data[i + 2] || data[i + 3];
    return has && getuid() != 0 && !is_on_nosuid(path);
}

static void judge(struct usb_program *p, const struct file *f, bool libraries)
{
    struct elf e;

    if (elf_read(f->data, f->len, &e) < 0) {
        p->trouble = USB_PROGRAM_UNKNOWN;
        return;
    }
    bool is_a_loader = e.soname && strncmp(e.soname, "ld-", 3) == 0; /* it is given a program */
    if (is_a_loader)
        return;
    p->class = e.class;
    p->order = e.order;
    p->machine = e.machine;
    p->is_musl = has_musl(&e);
    snprintf(p->loader, sizeof p->loader, "%s", e.interpreter ? e.interpreter : "");
    p->has_system_loader = is_of_system(p->loader);
    if (!e.interpreter) {
        p->trouble = USB_PROGRAM_STATIC;
        p->has_libusb = contains(f, "LIBUSB_DEBUG");
    } else if (is_foreign(p)) {
        p->trouble = USB_PROGRAM_FOREIGN;
    } else if (is_set_id(p->binary)) {
        p->trouble = USB_PROGRAM_PRIVILEGED;
    } else if (has_capabilities(p->binary)) {
        p->trouble = USB_PROGRAM_CAPABLE;
    }
    if (!libraries || !e.interpreter)
        return;
    read_libraries(p, &e);
    if (p->library_count == 0) {
        p->uses_usbfs = contains(f, "/dev/bus/usb");
        p->has_libusb = p->uses_usbfs && contains(f, "LIBUSB_DEBUG");
    }
}

void usb_program_read(const char *path, bool libraries, struct usb_program *p)
{
    struct file f;

    *p = (struct usb_program){.trouble = USB_PROGRAM_FINE};
    snprintf(p->path, sizeof p->path, "%s", path);
    snprintf(p->binary, sizeof p->binary, "%s", path);
    for (int i = 0; i < INTERPRETERS_MAX; i++) {
        char next[PATH_MAX];

        if (map_file(p->binary, &f) < 0) {
            p->trouble = USB_PROGRAM_UNKNOWN;
            return;
        }
        bool script = f.len > 2 && f.data[0] == '#' && f.data[1] == '!';
        if (!script) {
            judge(p, &f, libraries);
            unmap_file(&f);
            return;
        }
        bool found = find_interpreter(&f, next);
        unmap_file(&f);
        if (!found)
            break;
        p->is_script = true;
        strcpy(p->binary, next);
    }
    p->trouble = USB_PROGRAM_UNKNOWN;
}

bool usb_program_loads(const struct usb_program *p, const char *name)
{
    for (size_t i = 0; i < p->library_count; i++)
        if (strcmp(p->libraries[i].name, name) == 0)
            return true;
    return false;
}

const char *usb_program_objection(const struct usb_program *p)
{
    switch (p->trouble) {
    case USB_PROGRAM_STATIC:
        return "it is a static program, into which no library can be put; use net2usb attach, or a "
               "build of it that loads libusb";
    case USB_PROGRAM_PRIVILEGED:
        return "it is set-user-ID or set-group-ID, so the loader ignores LD_LIBRARY_PATH and "
               "LD_PRELOAD; let sudo run net2usb, not net2usb sudo, or use net2usb attach";
    case USB_PROGRAM_CAPABLE:
        return "its file has capabilities, so the loader ignores LD_LIBRARY_PATH and LD_PRELOAD; "
               "run a copy of it, which has none, or use net2usb attach";
    case USB_PROGRAM_FOREIGN:
        return "it is for another architecture than net2usb's libraries; use net2usb of the same "
               "kind, or net2usb attach";
    default:
        return NULL;
    }
}

const char *usb_program_doubt(const struct usb_program *p)
{
    if (p->has_libusb)
        return "it seems to have libusb within it, in whose place no library can be put; use "
               "net2usb attach, or a build of it that loads libusb";
    if (p->uses_usbfs)
        return "it seems to use /dev/bus/usb itself, without libusb; use net2usb attach";
    return NULL;
}
