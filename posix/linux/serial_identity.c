/*
 * A pseudo-terminal is held by a descriptor that opens nothing (O_PATH). Its inode has no name any
 * more once it has ended, whoever has its number then. A device node is known by the facts of sysfs
 * about its device.
 */
#define _GNU_SOURCE /* O_PATH */
#include "serial_identity.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/major.h>

enum {
    PTY_MAJORS = 8, /* from UNIX98_PTY_SLAVE_MAJOR on */
    DEVICE_MAX = 512,
    VALUE_MAX = 128,
};

struct serial_identity {
    int pty;                 /* the pseudo-terminal, or -1 */
    bool is_link;            /* the name is that of a symbolic link, */
    struct stat link;        /* this one */
    char device[DEVICE_MAX]; /* what the system knows of it; "" if nothing */
};

static bool is_pty(const struct stat *st)
{
    const unsigned m = major(st->st_rdev);

    return S_ISCHR(st->st_mode) && m >= UNIX98_PTY_SLAVE_MAJOR &&
           m < UNIX98_PTY_SLAVE_MAJOR + PTY_MAJORS;
}

/* Reads a file of one word or more below a folder of sysfs. Returns false without it. */
static bool read_value(const char *folder, const char *name, char value[static VALUE_MAX])
{
    char path[PATH_MAX + 32];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    const bool found = fgets(value, VALUE_MAX, f) != NULL;
    fclose(f);
    if (found)
        value[strcspn(value, "\n")] = '\0';
    return found;
}

/* Of a USB device the ids and the serial number, or its place without one; the interface, too. */
static bool describe_usb(char *folder, char text[static DEVICE_MAX])
{
    char vid[VALUE_MAX], pid[VALUE_MAX], serial[VALUE_MAX], interface[VALUE_MAX] = "";

    while (!read_value(folder, "idVendor", vid)) {
        char *name = strrchr(folder, '/');

        if (!name || name == folder)
            return false;
        const char *part = strchr(name, ':'); /* 1-2:1.0 */
        if (part)
            snprintf(interface, sizeof interface, "%.*s", VALUE_MAX - 1, part + 1);
        *name = '\0';
    }
    if (!read_value(folder, "idProduct", pid))
        return false;
    if (read_value(folder, "serial", serial) && serial[0])
        snprintf(text, DEVICE_MAX,
                 "USB device %.8s:%.8s with the serial number %.100s, interface %.20s", vid, pid,
                 serial, interface);
    else
        snprintf(text, DEVICE_MAX, "USB device %.8s:%.8s at %.100s, interface %.20s", vid, pid,
                 strrchr(folder, '/') + 1, interface);
    return true;
}

static void describe(const struct stat *st, char text[static DEVICE_MAX])
{
    char path[64], folder[PATH_MAX], usb[PATH_MAX];

    text[0] = '\0';
    snprintf(path, sizeof path, "/sys/dev/char/%u:%u/device", major(st->st_rdev),
             minor(st->st_rdev));
    if (!realpath(path, folder))
        return;
    memcpy(usb, folder, sizeof usb);
    if (!describe_usb(usb, text))
        snprintf(text, DEVICE_MAX, "device %.400s", folder);
}

struct serial_identity *serial_identity_new(const char *path)
{
    struct serial_identity *id = calloc(1, sizeof *id);
    struct stat st;

    if (!id || stat(path, &st) < 0 || lstat(path, &id->link) < 0) {
        free(id);
        return NULL;
    }
    id->is_link = S_ISLNK(id->link.st_mode);
    id->pty = is_pty(&st) ? open(path, O_PATH | O_CLOEXEC) : -1;
    if (!id->is_link)
        describe(&st, id->device);
    return id;
}

void serial_identity_free(struct serial_identity *id)
{
    if (!id)
        return;
    if (id->pty >= 0)
        close(id->pty);
    free(id);
}

/* Whether it is the link that was noted. One that was made again has another inode or time. */
static bool is_same_link(const struct stat *a, const char *path)
{
    struct stat b;

    return lstat(path, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino &&
           a->st_ctim.tv_sec == b.st_ctim.tv_sec && a->st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

/* Whether a pseudo-terminal has ended. */
static bool has_ended(int pty)
{
    struct stat st;

    return pty >= 0 && (fstat(pty, &st) < 0 || st.st_nlink == 0);
}

enum serial_match serial_identity_match(const struct serial_identity *id, const char *path,
                                        char text[static SERIAL_ERROR_MAX])
{
    char device[DEVICE_MAX];
    struct stat st;

    if (has_ended(id->pty) && (!id->is_link || is_same_link(&id->link, path))) {
        snprintf(
            text, SERIAL_ERROR_MAX,
            "%.200s: this pseudo-terminal has ended, and its number may be another program's by "
            "now; publish a link that is made again for each, or start com2net again",
            path);
        return SERIAL_REUSED;
    }
    if (id->is_link || !id->device[0] || stat(path, &st) < 0)
        return SERIAL_SAME;
    describe(&st, device);
    if (strcmp(device, id->device) == 0)
        return SERIAL_SAME;
    snprintf(text, SERIAL_ERROR_MAX,
             "%.100s: another device has this name now (%.120s); the %.120s is waited for", path,
             device[0] ? device : "unknown", id->device);
    return SERIAL_OTHER;
}
