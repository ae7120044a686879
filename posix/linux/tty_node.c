#include "tty_node.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/major.h>

#include "error_text.h"
#include "owner.h"

enum { PTY_SLAVES = 8 }; /* majors from UNIX98_PTY_SLAVE_MAJOR */

/* Whether the system knows a character device to be something else than a tty. */
static bool is_something_else(const struct stat *st)
{
    char path[64], subsystem[PATH_MAX];

    snprintf(path, sizeof path, "/sys/dev/char/%u:%u/subsystem", major(st->st_rdev),
             minor(st->st_rdev));
    ssize_t n = readlink(path, subsystem, sizeof subsystem - 1);
    if (n < 0) /* a PTY has no entry */
        return false;
    subsystem[n] = '\0';
    const char *name = strrchr(subsystem, '/');
    return strcmp(name ? name + 1 : subsystem, "tty") != 0;
}

int tty_node_look(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return -errno;
    if (!S_ISCHR(st.st_mode) || is_something_else(&st))
        return -ENOTTY;
    return access(path, R_OK | W_OK) < 0 ? -errno : 0;
}

bool tty_node_is_pty(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return false;
    unsigned m = major(st.st_rdev);
    return m >= UNIX98_PTY_SLAVE_MAJOR && m < UNIX98_PTY_SLAVE_MAJOR + PTY_SLAVES;
}

void tty_node_say_error(const char *path, int error, char text[static SERIAL_ERROR_MAX])
{
    char real[PATH_MAX], owner[64];

    switch (error) {
    case ENOENT:
        snprintf(text, SERIAL_ERROR_MAX,
                 "%.200s: no such port; `com2net --list` shows the ports there are, and paths in "
                 "/dev/serial/by-id that stay when a device is plugged in again",
                 path);
        break;
    case EACCES:
    case EPERM:
        snprintf(
            text, SERIAL_ERROR_MAX,
            "%.200s: permission denied; join the group that owns it (`sudo usermod -aG dialout "
            "$USER`, then log in again)",
            path);
        break;
    case EBUSY:
    case EAGAIN:
        if (realpath(path, real) && owner_of_file(real, owner, sizeof owner) == 0)
            snprintf(text, SERIAL_ERROR_MAX, "%.200s: busy: %s has it open; end that first", path,
                     owner);
        else
            snprintf(
                text, SERIAL_ERROR_MAX,
                "%.200s: busy: another program has it open (`fuser %.100s` as root says which)",
                path, path);
        break;
    case ENOTTY:
        snprintf(text, SERIAL_ERROR_MAX,
                 "%.200s: is not a serial port; `com2net list` shows those that there are", path);
        break;
    case ENXIO:
    case ENODEV:
    case EIO:
        snprintf(text, SERIAL_ERROR_MAX,
                 "%.200s: the name exists but has no device; plug it in, or choose "
                 "another of `com2net --list`",
                 path);
        break;
    default:
        snprintf(text, SERIAL_ERROR_MAX, "%.200s: %s", path, error_text(error));
    }
}
