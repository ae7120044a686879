#include "usb_program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "elf.h"
#include "usb_file.h"

enum { INTERPRETERS_MAX = 4 };

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
static bool find_interpreter(const struct usb_file *f, char path[static PATH_MAX])
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

/* --- all of it -------------------------------------------------------------------------------- */

static bool has_musl(const struct elf *e)
{
    return e->interpreter && strstr(e->interpreter, "ld-musl") != NULL;
}

/* Puts into `l` what programs are like for whom our libraries are. Returns false if that cannot be
 * told. */
static bool read_own_kind(struct usb_loader *l)
{
    struct usb_file f;
    struct elf us;

    if (usb_file_map("/proc/self/exe", &f) < 0)
        return false;
    bool read = elf_read(f.data, f.len, &us) == 0;
    l->class = us.class;
    l->order = us.order;
    l->machine = us.machine;
    usb_file_unmap(&f);
    return read;
}

void usb_program_be_any(struct usb_program *p)
{
    *p = (struct usb_program){.trouble = USB_PROGRAM_FINE, .loader.is_of_system = true};
    if (!read_own_kind(&p->loader))
        p->trouble = USB_PROGRAM_UNKNOWN;
}

static bool is_foreign(const struct usb_loader *l)
{
    struct usb_loader us;

    return read_own_kind(&us) &&
           (us.class != l->class || us.order != l->order || us.machine != l->machine);
}

static bool is_of_system(const char *loader)
{
    return strncmp(loader, "/lib", 4) == 0 || strncmp(loader, "/usr/lib", 8) == 0 ||
           !strchr(loader, '/');
}

/* Whether the kernel obeys marks of the file that give more rights. */
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

/* Capabilities as the kernel keeps them, struct vfs_cap_data of linux/capability.h. It has a magic
 * number whose lowest bit is "effective", and 32 permitted and 32 inheritable ones, once or twice.
 * They give root nothing, and then the loader is as ever. With no_new_privs, or unless they are
 * effective, they give nobody anything (the kernel's cap_bprm_creds_from_file). */
static bool has_capabilities(const char *path)
{
    uint8_t data[64];
    ssize_t len = getxattr(path, "security.capability", data, sizeof data);
    bool has = len >= 12 && (data[0] & 1);

    for (ssize_t i = 4; i + 8 <= len && i <= 12 && !has_no_new_privs(); i += 8)
        has = has || data[i] || data[i + 1] || data[i + 2] || data[i + 3];
    return has && getuid() != 0 && !is_on_nosuid(path);
}

static void judge(struct usb_program *p, const struct usb_file *f, bool libraries)
{
    struct elf e;

    if (elf_read(f->data, f->len, &e) < 0) {
        p->trouble = USB_PROGRAM_UNKNOWN;
        return;
    }
    bool is_a_loader = e.soname && strncmp(e.soname, "ld-", 3) == 0; /* it is given a program */
    if (is_a_loader)
        return;
    struct usb_loader *l = &p->loader;
    *l = (struct usb_loader){
        .class = e.class, .order = e.order, .machine = e.machine, .is_musl = has_musl(&e)};
    snprintf(l->path, sizeof l->path, "%s", e.interpreter ? e.interpreter : "");
    l->is_of_system = is_of_system(l->path);
    if (!e.interpreter) {
        p->trouble = USB_PROGRAM_STATIC;
        p->has_libusb = usb_file_contains(f, "LIBUSB_DEBUG");
    } else if (is_foreign(&p->loader)) {
        p->trouble = USB_PROGRAM_FOREIGN;
    } else if (is_set_id(p->binary)) {
        p->trouble = USB_PROGRAM_PRIVILEGED;
    } else if (has_capabilities(p->binary)) {
        p->trouble = USB_PROGRAM_CAPABLE;
    }
    if (!libraries || !e.interpreter)
        return;
    p->library_count = usb_loader_read(l, p->binary, &e, p->libraries, &p->may_load);
    if (p->library_count == 0) {
        p->uses_usbfs = usb_file_contains(f, "/dev/bus/usb");
        p->has_libusb = p->uses_usbfs && usb_file_contains(f, "LIBUSB_DEBUG");
    }
}

void usb_program_read(const char *path, bool libraries, struct usb_program *p)
{
    struct usb_file f;

    *p = (struct usb_program){.trouble = USB_PROGRAM_FINE};
    snprintf(p->path, sizeof p->path, "%s", path);
    snprintf(p->binary, sizeof p->binary, "%s", path);
    for (int i = 0; i < INTERPRETERS_MAX; i++) {
        char next[PATH_MAX];

        if (usb_file_map(p->binary, &f) < 0) {
            p->trouble = USB_PROGRAM_UNKNOWN;
            return;
        }
        bool script = f.len > 2 && f.data[0] == '#' && f.data[1] == '!';
        if (!script) {
            judge(p, &f, libraries);
            usb_file_unmap(&f);
            return;
        }
        bool found = find_interpreter(&f, next);
        usb_file_unmap(&f);
        if (!found)
            break;
        p->is_script = true;
        strcpy(p->binary, next);
    }
    p->trouble = USB_PROGRAM_UNKNOWN;
}

bool usb_program_lacks(const struct usb_program *p, const char *folder,
                       char function[static USB_LOADER_NAME_MAX],
                       char by[static USB_LOADER_NAME_MAX])
{
    struct usb_file f;
    struct elf e;

    if (p->library_count == 0 || usb_file_map(p->binary, &f) < 0)
        return false;
    bool lacks = elf_read(f.data, f.len, &e) == 0 &&
                 usb_loader_lacks(&p->loader, p->binary, &e, folder, function, by);
    usb_file_unmap(&f);
    return lacks;
}

bool usb_program_finds(const struct usb_program *p, const char *front, const char *name)
{
    return usb_loader_finds(&p->loader, front, name);
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
