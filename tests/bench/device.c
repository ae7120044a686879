/*
 * The device end of the bench: COUNT PTYs whose slaves stand for serial devices.
 *
 *     device COUNT
 *
 * prints the slaves' paths in one line and then obeys lines on its standard input, INDEX saying
 * which PTY: "echo INDEX COUNT", "sink INDEX SEED LEN", "source INDEX SEED LEN",
 * "duplex INDEX SEED LEN", "stray INDEX MS". Each is answered with one line.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { DEVICE_MAX = 1024 };

static int masters[DEVICE_MAX];

/* Keeps the slave open as well: a serial port does not hang up when its last reader goes. */
static int device_make(int index)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0)
        return -errno;

    const char *path = ptsname(fd);
    int slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return -errno;

    masters[index] = fd;
    printf("%s%s", index > 0 ? " " : "", path);
    return wire_raw(slave);
}

static int device_echo(int fd, uint64_t count, struct wire_result *result)
{
    result->begin_ns = wire_now_ns();
    while (result->count < count) {
        unsigned char byte;
        if (read(fd, &byte, 1) != 1 || write(fd, &byte, 1) != 1)
            return -errno;
        result->count++;
    }
    result->end_ns = wire_now_ns();
    return 0;
}

static void device_obey(const char *verb, int fd, unsigned long a, unsigned long long b)
{
    struct wire_result result = {0};
    unsigned seed = (unsigned)a;

    if (strcmp(verb, "echo") == 0)
        wire_report(device_echo(fd, a, &result), &result);
    else if (strcmp(verb, "sink") == 0)
        wire_report(wire_recv(fd, seed, b, &result), &result);
    else if (strcmp(verb, "source") == 0)
        wire_report(wire_send(fd, seed, b, &result), &result);
    else if (strcmp(verb, "duplex") == 0)
        wire_report(wire_duplex(fd, seed, 1, b, &result), &result);
    else if (strcmp(verb, "stray") == 0) {
        result.count = (uint64_t)wire_stray(fd, (int)a);
        wire_report(0, &result);
    } else {
        wire_report(-EINVAL, &result);
    }
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    if (count < 1 || count > DEVICE_MAX)
        return 2;

    wire_init();
    for (int i = 0; i < count; i++) {
        int error = device_make(i);
        if (error < 0) {
            fprintf(stderr, "device: %s\n", strerror(-error));
            return 1;
        }
    }
    printf("\n");
    fflush(stdout);

    char line[128];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char verb[16];
        int index = 0;
        unsigned long a = 0;
        unsigned long long b = 0;
        if (sscanf(line, "%15s %d %lu %llu", verb, &index, &a, &b) < 2 || index < 0 ||
            index >= count)
            return 2;
        device_obey(verb, masters[index], a, b);
    }
    return 0;
}
