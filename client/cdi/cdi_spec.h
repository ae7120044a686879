/*
 * A CDI file: what container engines do for `--device com2net.dev/usb=NAME` (Container Device
 * Interface, specification 0.5.0, cncf-tags/container-device-interface, SPEC.md). It is put
 * together in memory, and then replaces the file of its name at once. All calls after a failed one
 * do nothing; cdi_spec_end tells.
 */
#ifndef CLIENT_CDI_CDI_SPEC_H
#define CLIENT_CDI_CDI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cdi_spec {
    FILE *file; /* NULL: no memory */
    char *text; /* of what is complete; the caller's to free */
    size_t len;
    unsigned devices, edits; /* so far; edits of one kind in the present device */
    const char *part;        /* of the device: "env", "mounts", "hooks" */
};

enum { CDI_SPEC_NAME_MAX = 128, CDI_SPEC_ERROR_MAX = 512 };

/* Whether engines take a device's name: letters, digits and "_-.:", the first and the last one a
 * letter or a digit. */
bool cdi_spec_name_is_valid(const char *name);

/* Begins with a kind, such as "com2net.dev/usb". */
void cdi_spec_begin(struct cdi_spec *s, const char *kind);

/* A device: first all of its variables, then all of its mounts, then its hooks. `host` is a file or
 * a folder, only to be read in the container. A tmpfs is the container's own, and everybody may
 * write to it. A hook has arguments up to NULL. */
void cdi_spec_begin_device(struct cdi_spec *s, const char *name);
void cdi_spec_add_variable(struct cdi_spec *s, const char *name, const char *value);
void cdi_spec_add_mount(struct cdi_spec *s, const char *host, const char *container);
void cdi_spec_add_tmpfs(struct cdi_spec *s, const char *container);
void cdi_spec_add_hook(struct cdi_spec *s, const char *name, const char *path,
                       const char *const *arguments);
void cdi_spec_end_device(struct cdi_spec *s);

/* Returns 0 with `text`, or -ENOMEM. */
int cdi_spec_end(struct cdi_spec *s);

/* Replaces the file at `path` at once, readable for all; an engine never sees a part. Its folder
 * may have to be made, by one level. Returns 0, or -errno with what to do in `error`; then the old
 * one is there as before. */
int cdi_spec_write(const char *path, const char *text, char error[static CDI_SPEC_ERROR_MAX]);

#endif
