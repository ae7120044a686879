/*
 * The serial ports of Linux, as /dev, /dev/serial/by-id and /sys name them; see
 * common/seam/serial_ports.h.
 */
#include "serial_ports.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/serial.h>

#include "os_ioctl.h"

const char *serial_ports_prefix(void)
{
    return "/dev/";
}

bool serial_ports_are_same(const char *a, const char *b)
{
    static const char dev[] = "/dev/";
    const size_t len = sizeof dev - 1;

    return strcmp(strncmp(a, dev, len) == 0 ? a + len : a,
                  strncmp(b, dev, len) == 0 ? b + len : b) == 0;
}

void serial_ports_resolve(const char *path, char real[static SERIAL_PATH_MAX])
{
    char whole[PATH_MAX];
    const char *found = realpath(path, whole);

    snprintf(real, SERIAL_PATH_MAX, "%.*s", SERIAL_PATH_MAX - 1, found ? found : path);
}

/* Whether a name in /sys/class/tty is that of a port of some hardware. Of serial8250 there are
 * always some names: whether one is of a port only the port says. */
static bool is_port(int folder, const char *name, const char *path)
{
    char device[PATH_MAX];
    ssize_t n = readlinkat(folder, name, device, sizeof device - 1);
    struct serial_struct serial;

    if (n <= 0)
        return false;
    device[n] = '\0';
    if (strstr(device, "virtual"))
        return false;
    if (!strstr(device, "serial8250"))
        return true;
    int fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool known = fd >= 0 && os_ioctl(fd, TIOCGSERIAL, &serial) == 0 && serial.type != PORT_UNKNOWN;
    if (fd >= 0)
        close(fd);
    return known;
}

int serial_ports_each(void (*take)(void *ctx, const char *path), void *ctx)
{
    char path[SERIAL_PATH_MAX];
    DIR *ports = opendir("/sys/class/tty");

    if (!ports) /* without /sys none is known */
        return errno == ENOENT ? 0 : -errno;
    for (struct dirent *e = readdir(ports); e; e = readdir(ports)) {
        snprintf(path, sizeof path, "%s%s", serial_ports_prefix(), e->d_name);
        if (is_port(dirfd(ports), e->d_name, path))
            take(ctx, path);
    }
    closedir(ports);
    return 0;
}

static void find_stable_path(const char *path, char stable[static SERIAL_PATH_MAX])
{
    static const char by_id[] = "/dev/serial/by-id";
    char real[PATH_MAX], link[PATH_MAX];
    DIR *dir = opendir(by_id);

    if (!dir)
        return;
    for (struct dirent *e = readdir(dir); e && !stable[0]; e = readdir(dir)) {
        snprintf(link, sizeof link, "%s/%s", by_id, e->d_name);
        if (e->d_name[0] != '.' && realpath(link, real) && strcmp(real, path) == 0)
            snprintf(stable, SERIAL_PATH_MAX, "%s/%s", by_id, e->d_name);
    }
    closedir(dir);
}

void serial_ports_describe(struct serial_info *info)
{
    char file[PATH_MAX];
    const char *name = strrchr(info->path, '/');
    unsigned number;

    find_stable_path(info->path, info->stable);
    /* ttyUSB: device is the usb-serial port, in the interface; ttyACM: the interface itself */
    static const char *const above[] = {"device/..", "device"};
    for (size_t i = 0; name && i < 2 && info->interface < 0; i++) {
        snprintf(file, sizeof file, "/sys/class/tty%s/%s/bInterfaceNumber", name, above[i]);
        FILE *f = fopen(file, "re");
        if (!f)
            continue;
        if (fscanf(f, "%x", &number) == 1)
            info->interface = (int)number;
        fclose(f);
    }
}
