#include "serial_list.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char serial_prefix[] = "serial=";

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

/* Takes a number off a text. */
static unsigned long take_number(const char **text)
{
    char *end;
    const unsigned long n = strtoul(*text, &end, 10);

    *text = end;
    return n;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* As people count: COM3 is before COM10. */
static int compare(const void *first, const void *second)
{
    const char *a = ((const struct serial_info *)first)->path;
    const char *b = ((const struct serial_info *)second)->path;

    for (;;) {
        if (is_digit(*a) && is_digit(*b)) {
            const unsigned long x = take_number(&a), y = take_number(&b);

            if (x != y)
                return x < y ? -1 : 1;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else if (*a == '\0') {
            return 0;
        } else {
            a++;
            b++;
        }
    }
}

int serial_list(struct serial_info **list, size_t *count)
{
    const int r = serial_ports_list(list, count);

    if (r == 0 && *count > 0)
        qsort(*list, *count, sizeof **list, compare);
    return r;
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

/* Whether a serial number can be typed as it is: options stand behind commas, and shells have
 * characters of their own. */
static bool is_plain(const char *text)
{
    return text[0] &&
           text[strspn(
               text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:")] == '\0';
}

void serial_selector(const struct serial_info *list, size_t count, size_t i,
                     char text[static SERIAL_SELECTOR_MAX])
{
    const struct serial_info *info = &list[i];
    bool same_serial = false, same_interface = info->interface < 0;

    for (size_t k = 0; k < count; k++) {
        const bool same = k != i && strcmp(list[k].serial, info->serial) == 0;

        same_serial = same_serial || same;
        same_interface = same_interface || (same && list[k].interface == info->interface);
    }
    if (info->stable[0] || !is_plain(info->serial) || (same_serial && same_interface))
        snprintf(text, SERIAL_SELECTOR_MAX, "%s", info->stable[0] ? info->stable : info->path);
    else if (same_serial)
        snprintf(text, SERIAL_SELECTOR_MAX, "%s%s,if=%d", serial_prefix, info->serial,
                 info->interface);
    else
        snprintf(text, SERIAL_SELECTOR_MAX, "%s%s", serial_prefix, info->serial);
}

bool serial_is_path(const char *selector)
{
    int vid, pid;

    return strncmp(selector, serial_prefix, strlen(serial_prefix)) != 0 &&
           !parse_vid_pid(selector, &vid, &pid);
}

/* The path that such a text means. */
static void put_path(const char *selector, char path[static SERIAL_PATH_MAX])
{
    const bool bare = !strpbrk(selector, "/\\");

    snprintf(path, SERIAL_PATH_MAX, "%s%s", bare ? serial_ports_prefix() : "", selector);
}

int serial_find(const char *selector, int interface, char path[static SERIAL_PATH_MAX],
                char error[static SERIAL_ERROR_MAX])
{
    struct serial_info *list;
    size_t count;

    if (serial_is_path(selector)) {
        put_path(selector, path);
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
