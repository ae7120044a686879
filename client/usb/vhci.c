#include "vhci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define CONTROLLER "/sys/devices/platform/vhci_hcd.0"
#define RECORDS "/var/run/vhci_hcd"

enum {
    DEPTH_MAX = 12,            /* of a device's folders */
    IDLE_S = 10,               /* after which the other end is asked whether it is there */
    PROBE_S = 2,               /* between two of these questions */
    PROBES = 3,                /* without an answer: it is gone */
    UNANSWERED_MS = 20 * 1000, /* what is sent may be unacknowledged so long */
};

static const char *root = "";

void vhci_set_root(const char *path)
{
    root = path;
}

/* --- files ------------------------------------------------------------------------------------ */

/* Reads a small file. Returns 0 or -errno. */
static int read_text(const char *path, char *text, size_t size)
{
    char full[PATH_MAX];

    snprintf(full, sizeof full, "%s%s", root, path);
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t len = 0;
    ssize_t n;
    while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(fd);
    return 0;
}

static int write_text(const char *path, const char *text)
{
    char full[PATH_MAX];

    snprintf(full, sizeof full, "%s%s", root, path);
    int fd = open(full, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static bool exists(const char *path)
{
    char full[PATH_MAX];

    snprintf(full, sizeof full, "%s%s", root, path);
    return access(full, F_OK) == 0;
}

/* --- what is in the way ----------------------------------------------------------------------- */

static bool is_wsl(void)
{
    char text[256];

    return read_text("/proc/sys/kernel/osrelease", text, sizeof text) == 0 &&
           (strstr(text, "icrosoft") || strstr(text, "WSL"));
}

static int explain_absent(char error[static VHCI_ERROR_MAX])
{
    if (is_wsl())
        snprintf(
            error, VHCI_ERROR_MAX,
            "the kernel's module vhci_hcd is not loaded: sudo modprobe vhci-hcd; if there is no "
            "such module, wsl --update in Windows brings a kernel that has it. net2usb run "
            "needs no module");
    else
        snprintf(
            error, VHCI_ERROR_MAX,
            "the kernel's module vhci_hcd is not loaded: modprobe vhci-hcd, as root, and for a "
            "container on its host (Debian's kernels have it, Ubuntu's package is "
            "linux-modules-extra). net2usb run needs no module");
    return -ENOENT;
}

static int explain_refused(int error_number, const char *what, char error[static VHCI_ERROR_MAX])
{
    if ((error_number == -EACCES || error_number == -EPERM) && geteuid() != 0)
        snprintf(error, VHCI_ERROR_MAX, "%s needs root", what);
    else if (error_number == -EROFS || error_number == -EACCES || error_number == -EPERM)
        snprintf(error, VHCI_ERROR_MAX,
                 "%s: /sys is read-only here, as it is in containers; %s on the host, or run the "
                 "container with --privileged. net2usb run needs neither",
                 what, what);
    else
        snprintf(error, VHCI_ERROR_MAX, "%s: %s", what, strerror(-error_number));
    return error_number;
}

/* --- ports ------------------------------------------------------------------------------------ */

/* A line of `status`: hub port sta spd dev sockfd local_busid. */
static bool parse_line(const char *line, struct vhci_port *p)
{
    char hub[8], busid[32];
    unsigned number, state, speed, devid, fd;

    if (sscanf(line, "%7s %u %u %u %x %u %31s", hub, &number, &state, &speed, &devid, &fd, busid) !=
        7)
        return false;
    *p = (struct vhci_port){
        .number = number, .super = strcmp(hub, "ss") == 0, .state = state, .devid = devid};
    text_clean(p->busid, sizeof p->busid, busid);
    return strcmp(hub, "hs") == 0 || p->super;
}

static int add_ports(char *text, struct vhci_port **ports, size_t *count)
{
    char *save = NULL;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct vhci_port p;

        if (!parse_line(line, &p))
            continue;
        struct vhci_port *more = realloc(*ports, (*count + 1) * sizeof *more);
        if (!more)
            return -ENOMEM;
        *ports = more;
        more[(*count)++] = p;
    }
    return 0;
}

int vhci_read(struct vhci_port **ports, size_t *count, char error[static VHCI_ERROR_MAX])
{
    char path[PATH_MAX], text[4097]; /* a page, as sysfs has it */
    int r = 0;

    *ports = NULL;
    *count = 0;
    if (!exists(CONTROLLER "/status"))
        return explain_absent(error);
    for (unsigned i = 0; r == 0; i++) { /* one file for each controller */
        snprintf(path, sizeof path, i > 0 ? CONTROLLER "/status.%u" : CONTROLLER "/status", i);
        if (read_text(path, text, sizeof text) < 0)
            break;
        r = add_ports(text, ports, count);
    }
    if (r == 0 && *count == 0)
        r = -ENOTSUP;
    if (r < 0) {
        free(*ports);
        *ports = NULL;
        *count = 0;
        snprintf(error, VHCI_ERROR_MAX, "vhci_hcd's ports cannot be read: %s", strerror(-r));
    }
    return r;
}

/* The kernel has no heartbeat of its own, and its defaults notice a dead peer after 2 hours. */
static void watch_peer(int fd)
{
    const int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef TCP_KEEPINTVL
    const int idle = IDLE_S, interval = PROBE_S, probes = PROBES;

    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
#endif
#ifdef TCP_USER_TIMEOUT
    const unsigned unanswered = UNANSWERED_MS;

    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof unanswered);
#endif
}

int vhci_attach(int fd, const struct usbip_device *d, char error[static VHCI_ERROR_MAX])
{
    bool super = d->speed >= USBIP_SPEED_SUPER;
    uint32_t speed = d->speed;
    struct vhci_port *ports;
    size_t count;
    char text[64];
    int flags = fcntl(fd, F_GETFL), r = vhci_read(&ports, &count, error);

    if (r < 0)
        return r;
    if (speed == USBIP_SPEED_UNKNOWN) /* refused, and some servers do not know it */
        speed = USBIP_SPEED_HIGH;
    watch_peer(fd);
    if (flags >= 0) /* its threads wait in the socket's calls */
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    r = -EBUSY;
    for (size_t i = 0; i < count && r == -EBUSY; i++) {
        if (ports[i].state != VHCI_FREE || ports[i].super != super)
            continue;
        snprintf(text, sizeof text, "%u %d %u %u", ports[i].number, fd, (unsigned)usbip_devid(d),
                 (unsigned)speed);
        r = write_text(CONTROLLER "/attach", text);
        if (r == -EINVAL && speed == USBIP_SPEED_SUPER_PLUS) { /* before Linux 6.12 */
            speed = USBIP_SPEED_SUPER;
            i--;
            r = -EBUSY;
            continue;
        }
        if (r == 0)
            r = (int)ports[i].number;
    }
    free(ports);
    if (r == -EBUSY)
        snprintf(error, VHCI_ERROR_MAX, "no port of vhci_hcd is free for a device of this speed");
    else if (r < 0)
        explain_refused(r, "attach", error);
    return r;
}

int vhci_detach(unsigned port, char error[static VHCI_ERROR_MAX])
{
    char text[16];

    if (!exists(CONTROLLER "/detach"))
        return explain_absent(error);
    snprintf(text, sizeof text, "%u", port);
    int r = write_text(CONTROLLER "/detach", text);
    if (r == -EINVAL)
        snprintf(error, VHCI_ERROR_MAX,
                 "nothing is attached at port %u; net2usb ports shows what is", port);
    else if (r < 0)
        explain_refused(r, "detach", error);
    return r;
}

/* --- files of a device ------------------------------------------------------------------------ */

static void add_node(const char *folder, struct vhci_nodes *nodes)
{
    char path[PATH_MAX], text[1024];

    snprintf(path, sizeof path, "%s/uevent", folder);
    if (nodes->count == VHCI_NODES_MAX || read_text(path, text, sizeof text) < 0)
        return;
    char *name = strstr(text, "DEVNAME=");
    if (!name)
        return;
    name += strlen("DEVNAME=");
    name[strcspn(name, "\n")] = '\0';
    text_clean(nodes->names[nodes->count++], sizeof *nodes->names, name);
}

/* Links lead out of the device, and are not followed. */
static void walk(const char *folder, int depth, struct vhci_nodes *nodes)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s%s", root, folder);
    DIR *d = opendir(path);
    if (!d)
        return;
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (strcmp(e->d_name, "dev") == 0)
            add_node(folder, nodes);
        if (e->d_type != DT_DIR || e->d_name[0] == '.' || depth == 0)
            continue;
        snprintf(path, sizeof path, "%.2000s/%s", folder, e->d_name);
        walk(path, depth - 1, nodes);
    }
    closedir(d);
}

static int compare_nodes(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The kernel answers under its lock of the device. It waits while the device is being configured,
 * and while a driver takes an interface (usb_lock_device in drivers/usb/core/sysfs.c). */
static bool is_configured(const char *folder)
{
    char path[PATH_MAX], text[16];

    snprintf(path, sizeof path, "%.2000s/bConfigurationValue", folder);
    return read_text(path, text, sizeof text) == 0 && atoi(text) > 0;
}

/* Whether each interface has a driver; where one has none, perhaps one comes. `storage` becomes
 * true if it is that of one. */
static bool interfaces_have_drivers(const char *folder, bool *storage)
{
    char path[PATH_MAX], text[16];
    bool all = true;

    snprintf(path, sizeof path, "%s%s", root, folder);
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (!strchr(e->d_name, ':'))
            continue;
        snprintf(path, sizeof path, "%.2000s/%s/bInterfaceClass", folder, e->d_name);
        if (read_text(path, text, sizeof text) < 0)
            continue;
        *storage = *storage || strncmp(text, "08", 2) == 0;
        snprintf(path, sizeof path, "%.2000s/%s/driver", folder, e->d_name);
        all = all && exists(path);
    }
    if (d)
        closedir(d);
    return all;
}

static bool have_disk(const struct vhci_nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++)
        if (strncmp(nodes->names[i], "sd", 2) == 0 || strncmp(nodes->names[i], "sr", 2) == 0)
            return true;
    return false;
}

void vhci_find_nodes(const char *busid, struct vhci_nodes *nodes)
{
    char folder[PATH_MAX];
    bool storage = false;

    *nodes = (struct vhci_nodes){.count = 0};
    snprintf(folder, sizeof folder, "/sys/bus/usb/devices/%s", busid);
    /* a driver's link is there before the driver has made its files, except those of disks, which
     * come later */
    nodes->settled =
        is_configured(folder) && interfaces_have_drivers(folder, &storage) && is_configured(folder);
    walk(folder, DEPTH_MAX, nodes);
    qsort(nodes->names, nodes->count, sizeof *nodes->names, compare_nodes);
    nodes->settled = nodes->settled && nodes->count > 0 && (!storage || have_disk(nodes));
}

/* --- records ---------------------------------------------------------------------------------- */

static void record_path(unsigned port, char path[static PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s" RECORDS "/port%u", root, port);
}

void vhci_put_record(unsigned port, const struct vhci_record *r)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s" RECORDS, root);
    mkdir(path, 0700); /* it may be there */
    record_path(port, path);
    FILE *f = fopen(path, "we");
    if (!f)
        return;
    fprintf(f, "%s %s %s\n", r->host, r->port, r->busid);
    fclose(f);
}

int vhci_get_record(unsigned port, struct vhci_record *r)
{
    char path[PATH_MAX], text[512];

    snprintf(path, sizeof path, RECORDS "/port%u", port);
    int error = read_text(path, text, sizeof text);
    if (error < 0)
        return error;
    return sscanf(text, "%255s %7s %31s", r->host, r->port, r->busid) == 3 ? 0 : -EINVAL;
}

void vhci_remove_record(unsigned port)
{
    char path[PATH_MAX];

    record_path(port, path);
    unlink(path);
}
