#include "serial_list.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libserialport.h>

static const char serial_prefix[] = "serial=";

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

static void describe(struct serial_info *info, struct sp_port *port)
{
    *info = (struct serial_info){.vid = -1, .pid = -1, .interface = -1};
    copy(info->path, sizeof info->path, sp_get_port_name(port));
    copy(info->description, sizeof info->description, sp_get_port_description(port));
    if (sp_get_port_transport(port) == SP_TRANSPORT_USB) {
        copy(info->serial, sizeof info->serial, sp_get_port_usb_serial(port));
        if (sp_get_port_usb_vid_pid(port, &info->vid, &info->pid) != SP_OK)
            info->vid = info->pid = -1;
    }
    serial_ports_describe(info);
}

struct found {
    struct serial_info *list;
    size_t count;
    bool failed; /* no memory */
};

static void add_port(void *ctx, const char *path)
{
    struct found *f = ctx;
    struct sp_port *port;

    if (sp_get_port_by_name(path, &port) != SP_OK)
        return;
    struct serial_info *more = realloc(f->list, (f->count + 1) * sizeof *more);
    if (more) {
        f->list = more;
        describe(&f->list[f->count++], port);
    }
    f->failed = f->failed || !more;
    sp_free_port(port);
}

/* Port by port: libserialport 0.1.2 gives no list at all when one that the kernel has is not in
 * /dev, as in every container. */
static int list_each(struct serial_info **list, size_t *count)
{
    struct found f = {.list = calloc(1, sizeof *f.list)};
    int r = f.list ? serial_ports_each(add_port, &f) : -ENOMEM;

    if (r == 0 && f.failed)
        r = -ENOMEM;
    if (r < 0) {
        free(f.list);
        return r;
    }
    *list = f.list;
    *count = f.count;
    return 0;
}

int serial_list(struct serial_info **list, size_t *count)
{
    struct sp_port **ports = NULL;
    size_t n = 0;

    *list = NULL;
    *count = 0;
    if (sp_list_ports(&ports) != SP_OK)
        return list_each(list, count);
    while (ports[n])
        n++;
    *list = calloc(n ? n : 1, sizeof **list);
    if (*list) {
        for (size_t i = 0; i < n; i++)
            describe(&(*list)[i], ports[i]);
        *count = n;
    }
    sp_free_port_list(ports);
    return *list ? 0 : -ENOMEM;
}

int serial_describe(const char *path, struct serial_info *info)
{
    char real[SERIAL_PATH_MAX];
    struct sp_port *port;

    serial_ports_resolve(path, real);
    if (sp_get_port_by_name(real, &port) != SP_OK)
        return -ENODEV;
    describe(info, port);
    sp_free_port(port);
    return 0;
}

/* Reads VID:PID, four hexadecimal digits each. */
static bool parse_vid_pid(const char *text, int *vid, int *pid)
{
    unsigned v, p;
    int used = 0;

    if (strlen(text) != 9 || sscanf(text, "%4x:%4x%n", &v, &p, &used) != 2 || used != 9)
        return false;
    *vid = (int)v;
    *pid = (int)p;
    return true;
}

static bool matches(const struct serial_info *info, const char *selector, int interface)
{
    int vid, pid;

    if (interface >= 0 && info->interface != interface)
        return false;
    if (strncmp(selector, serial_prefix, strlen(serial_prefix)) == 0)
        return info->serial[0] && strcmp(info->serial, selector + strlen(serial_prefix)) == 0;
    return parse_vid_pid(selector, &vid, &pid) && info->vid == vid && info->pid == pid;
}

int serial_choose(const struct serial_info *list, size_t count, const char *selector, int interface,
                  char path[static SERIAL_PATH_MAX], char error[static SERIAL_ERROR_MAX])
{
    size_t found = 0;
    size_t n = 0;

    path[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (!matches(&list[i], selector, interface))
            continue;
        if (found++ == 0)
            copy(path, SERIAL_PATH_MAX, list[i].path);
        n += (size_t)snprintf(error + n, SERIAL_ERROR_MAX - n, "%s%.60s (if=%d, serial=%.40s)",
                              found > 1 ? ", " : "", list[i].path, list[i].interface,
                              list[i].serial[0] ? list[i].serial : "-");
        if (n > SERIAL_ERROR_MAX - 256)
            break;
    }
    if (found == 1)
        return 0;
    if (found == 0) {
        snprintf(error, SERIAL_ERROR_MAX,
                 "no serial port matches %.100s; `com2net --list` shows those there are", selector);
        return -ENODEV;
    }
    char candidates[SERIAL_ERROR_MAX];
    copy(candidates, sizeof candidates, error);
    snprintf(error, SERIAL_ERROR_MAX,
             "%.60s matches several ports: %.300s; choose one by its path or by ,if=N", selector,
             candidates);
    return -EEXIST;
}

int serial_find(const char *selector, int interface, char path[static SERIAL_PATH_MAX],
                char error[static SERIAL_ERROR_MAX])
{
    struct serial_info *list;
    size_t count;
    int vid, pid;

    if (strncmp(selector, serial_prefix, strlen(serial_prefix)) != 0 &&
        !parse_vid_pid(selector, &vid, &pid)) {
        bool bare = !strpbrk(selector, "/\\");

        snprintf(path, SERIAL_PATH_MAX, "%s%s", bare ? serial_ports_prefix() : "", selector);
        return 0;
    }
    int r = serial_list(&list, &count);
    if (r < 0) {
        snprintf(error, SERIAL_ERROR_MAX, "cannot list the serial ports");
        return r;
    }
    r = serial_choose(list, count, selector, interface, path, error);
    free(list);
    return r;
}
