#include "cdi_spec.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error_text.h"
#include "json_text.h"

static const char version[] = "0.5.0"; /* the first one whose names may begin with a digit */

bool cdi_spec_name_is_valid(const char *name)
{
    const size_t len = strlen(name);

    if (len == 0 || len >= CDI_SPEC_NAME_MAX || !isalnum((unsigned char)name[0]) ||
        !isalnum((unsigned char)name[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("_-.:", name[i]))
            return false;
    return true;
}

static void add(struct cdi_spec *s, const char *format, ...)
    __attribute__((format(COM2NET_PRINTF, 2, 3)));

static void add(struct cdi_spec *s, const char *format, ...)
{
    va_list args;

    if (!s->file)
        return;
    va_start(args, format);
    vfprintf(s->file, format, args);
    va_end(args);
}

static void add_text(struct cdi_spec *s, const char *text)
{
    if (s->file)
        json_text_print(s->file, text);
}

void cdi_spec_begin(struct cdi_spec *s, const char *kind)
{
    *s = (struct cdi_spec){.text = NULL};
    s->file = open_memstream(&s->text, &s->len);
    add(s, "{\n  \"cdiVersion\": \"%s\",\n  \"kind\": ", version);
    add_text(s, kind);
    add(s, ",\n  \"devices\": [");
}

void cdi_spec_begin_device(struct cdi_spec *s, const char *name)
{
    s->part = NULL;
    add(s, "%s\n    {\n      \"name\": ", s->devices++ ? "," : "");
    add_text(s, name);
    add(s, ",\n      \"containerEdits\": {");
}

/* Begins one edit more, of this part of a device. */
static void begin_edit(struct cdi_spec *s, const char *part)
{
    if (!s->part || strcmp(s->part, part) != 0) {
        add(s, "%s\n        \"%s\": [", s->part ? "\n        ]," : "", part);
        s->part = part;
        s->edits = 0;
    }
    add(s, "%s\n          ", s->edits++ ? "," : "");
}

void cdi_spec_add_variable(struct cdi_spec *s, const char *name, const char *value)
{
    const size_t size = strlen(name) + strlen(value) + sizeof "=";
    char *text = malloc(size);

    if (text) {
        snprintf(text, size, "%s=%s", name, value);
        begin_edit(s, "env");
        add_text(s, text);
    } else if (s->file) {
        fclose(s->file);
        s->file = NULL;
    }
    free(text);
}

static void add_mount(struct cdi_spec *s, const char *host, const char *container, const char *more)
{
    begin_edit(s, "mounts");
    add(s, "{\n            \"hostPath\": ");
    add_text(s, host);
    add(s, ",\n            \"containerPath\": ");
    add_text(s, container);
    add(s, ",\n            %s\n          }", more);
}

void cdi_spec_add_mount(struct cdi_spec *s, const char *host, const char *container)
{
    add_mount(s, host, container, "\"options\": [\"ro\", \"nosuid\", \"nodev\", \"bind\"]");
}

void cdi_spec_add_tmpfs(struct cdi_spec *s, const char *container)
{
    add_mount(s, "tmpfs", container,
              "\"type\": \"tmpfs\",\n            "
              "\"options\": [\"nosuid\", \"nodev\", \"noexec\", \"mode=1777\"]");
}

void cdi_spec_add_hook(struct cdi_spec *s, const char *name, const char *path,
                       const char *const *arguments)
{
    begin_edit(s, "hooks");
    add(s, "{\n            \"hookName\": ");
    add_text(s, name);
    add(s, ",\n            \"path\": ");
    add_text(s, path);
    add(s, ",\n            \"args\": [");
    for (size_t i = 0; arguments[i]; i++) {
        add(s, i ? ", " : "");
        add_text(s, arguments[i]);
    }
    add(s, "]\n          }");
}

void cdi_spec_end_device(struct cdi_spec *s)
{
    add(s, "\n        ]\n      }\n    }");
}

int cdi_spec_end(struct cdi_spec *s)
{
    add(s, "\n  ]\n}\n");
    const bool good = s->file && !ferror(s->file) && fclose(s->file) == 0;
    s->file = NULL;
    if (good)
        return 0;
    free(s->text);
    s->text = NULL;
    return -ENOMEM;
}

/* --- the file --------------------------------------------------------------------------------- */

/* The folder of a file may be one that only an engine has made so far. */
static void make_folder(const char *path)
{
    char folder[PATH_MAX];
    char *slash;

    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return;
    *slash = '\0';
    if (mkdir(folder, 0755) == 0)
        chmod(folder, 0755); /* whatever the umask */
}

static int write_new(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    int r = 0;

    if (!file)
        return -errno;
    errno = 0;
    if (fputs(text, file) < 0 || fflush(file) != 0 || fsync(fileno(file)) < 0 ||
        fchmod(fileno(file), 0644) < 0)
        r = errno ? -errno : -EIO;
    if (fclose(file) != 0 && r == 0)
        r = -errno;
    return r;
}

int cdi_spec_write(const char *path, const char *text, char error[static CDI_SPEC_ERROR_MAX])
{
    char new[PATH_MAX];
    int r = 0;

    /* engines read what ends in .json or .yaml */
    if (snprintf(new, sizeof new, "%s.new%ld", path, (long)getpid()) >= (int)sizeof new)
        r = -ENAMETOOLONG;
    if (r == 0) {
        make_folder(path);
        r = write_new(new, text);
    }
    if (r == 0 && rename(new, path) < 0)
        r = -errno;
    if (r == 0)
        return 0;
    if (r != -ENAMETOOLONG)
        unlink(new);
    snprintf(error, CDI_SPEC_ERROR_MAX, "cannot write %.300s: %s%s", path, error_text(-r),
             r == -EACCES || r == -EPERM
                 ? "; engines read /etc/cdi and /var/run/cdi, which are root's (sudo)"
                 : "");
    return r;
}
