/*
 * The serial ports of Linux, as /dev, /dev/serial/by-id and /sys name them; see
 * common/seam/serial_ports.h.
 *
 * libserialport describes a port. Its list is not used: it opens those of serial8250 to find out
 * which are there. Of release 0.1.2 there is no list at all when one port that the kernel has is
 * not in /dev, as in every container.
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

#include <libserialport.h>

#include "tty_node.h"

const char *serial_ports_prefix(void)
{
    return "/dev/";
}

void serial_ports_tidy(char *name)
{
    (void)name; /* a path has one form */
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

static void find_interface(struct serial_info *info)
{
    char file[PATH_MAX];
    const char *name = strrchr(info->path, '/');
    unsigned number;

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

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

/* Describes the port of a path that is no link. Returns 0 or -ENODEV. */
static int describe(const char *path, struct serial_info *info)
{
    struct sp_port *port;

    *info = (struct serial_info){.vid = -1, .pid = -1, .interface = -1};
    if (sp_get_port_by_name(path, &port) != SP_OK)
        return -ENODEV;
    copy(info->path, sizeof info->path, sp_get_port_name(port));
    copy(info->description, sizeof info->description, sp_get_port_description(port));
    if (sp_get_port_transport(port) == SP_TRANSPORT_USB) {
        copy(info->serial, sizeof info->serial, sp_get_port_usb_serial(port));
        if (sp_get_port_usb_vid_pid(port, &info->vid, &info->pid) != SP_OK)
            info->vid = info->pid = -1;
    }
    sp_free_port(port);
    find_stable_path(info->path, info->stable);
    find_interface(info);
    return 0;
}

int serial_ports_describe(const char *path, struct serial_info *info)
{
    char real[SERIAL_PATH_MAX];

    serial_ports_resolve(path, real);
    return describe(real, info);
}

int serial_ports_may_open(const char *path, char why[static SERIAL_ERROR_MAX])
{
    int r = tty_node_look(path);

    if (r < 0)
        tty_node_say_error(path, -r, why);
    return r;
}

/* --- the list --------------------------------------------------------------------------------- */

/* Whether a port of serial8250 has a chip. There are always some names of that driver, and its
 * attribute `type` tells. Old kernels tell only root; then it counts as one without. */
static bool has_chip(int folder, const char *name)
{
    char file[NAME_MAX + sizeof "/type"], type[16] = "";

    snprintf(file, sizeof file, "%s/type", name);
    int fd = openat(folder, file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t n = read(fd, type, sizeof type - 1);
    close(fd);
    return n > 0 && atoi(type) != PORT_UNKNOWN;
}

/* Whether a name in /sys/class/tty is that of a port of some hardware. */
static bool is_port(int folder, const char *name)
{
    char device[PATH_MAX];
    const ssize_t n = readlinkat(folder, name, device, sizeof device - 1);

    if (n <= 0)
        return false;
    device[n] = '\0';
    if (strstr(device, "virtual"))
        return false;
    return !strstr(device, "serial8250") || has_chip(folder, name);
}

static int add(const char *path, struct serial_info **list, size_t *count)
{
    struct serial_info *more = realloc(*list, (*count + 1) * sizeof *more);

    if (!more)
        return -ENOMEM;
    *list = more;
    if (describe(path, &more[*count]) == 0) /* else it is not in /dev */
        ++*count;
    return 0;
}

int serial_ports_list(struct serial_info **list, size_t *count)
{
    char path[SERIAL_PATH_MAX];
    DIR *ports = opendir("/sys/class/tty");
    int r = 0;

    *list = NULL;
    *count = 0;
    if (!ports) /* without /sys none is known */
        return errno == ENOENT ? 0 : -errno;
    for (struct dirent *e = readdir(ports); e && r == 0; e = readdir(ports)) {
        snprintf(path, sizeof path, "%s%s", serial_ports_prefix(), e->d_name);
        if (is_port(dirfd(ports), e->d_name))
            r = add(path, list, count);
    }
    closedir(ports);
    if (r == 0)
        return 0;
    free(*list);
    *list = NULL;
    *count = 0;
    return r;
}
