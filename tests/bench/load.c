/*
 * The load generator: opens links as any serial program would and measures through the first.
 *
 *     load LINK...
 *
 * prints "ready" and then obeys lines on its standard input: "rtt COUNT", "send SEED LEN",
 * "recv SEED LEN", "duplex SEED LEN", "stray MS". Each is answered with one line. The other
 * links are only held open: idle ports, as on a rack with one busy console.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int load_open(const char *link)
{
    int fd = open(link, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = wire_raw(fd);
    if (error < 0) {
        close(fd);
        return error;
    }
    return fd;
}

static int compare_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* One byte out, the same byte back, `count` times; the times are left sorted in `took_ns`. */
static int load_rtt(int fd, uint64_t *took_ns, unsigned long count, struct wire_result *result)
{
    for (unsigned long i = 0; i < count; i++) {
        unsigned char out = (unsigned char)i, in = 0;
        uint64_t begin_ns = wire_now_ns();
        if (write(fd, &out, 1) != 1 || read(fd, &in, 1) != 1)
            return -errno;
        took_ns[i] = wire_now_ns() - begin_ns;
        if (in != out) {
            result->bad = 1;
            return 0;
        }
        result->count++;
    }
    qsort(took_ns, count, sizeof(*took_ns), compare_ns);
    return 0;
}

static void load_report_rtt(int fd, unsigned long count)
{
    struct wire_result result = {0};
    uint64_t *took_ns = calloc(count + 1, sizeof(*took_ns));
    int error = took_ns == NULL ? -ENOMEM : load_rtt(fd, took_ns, count, &result);

    if (error < 0 || result.bad || count == 0) {
        wire_report(error, &result);
    } else {
        printf("ok");
        for (unsigned long i = 0; i < count; i++)
            printf(" %llu", (unsigned long long)took_ns[i]);
        printf("\n");
        fflush(stdout);
    }
    free(took_ns);
}

static void load_obey(const char *verb, int fd, unsigned long a, unsigned long long b)
{
    struct wire_result result = {0};
    unsigned seed = (unsigned)a;

    if (strcmp(verb, "rtt") == 0) {
        load_report_rtt(fd, a);
    } else if (strcmp(verb, "send") == 0) {
        wire_report(wire_send(fd, seed, b, &result), &result);
    } else if (strcmp(verb, "recv") == 0) {
        wire_report(wire_recv(fd, seed, b, &result), &result);
    } else if (strcmp(verb, "duplex") == 0) {
        wire_report(wire_duplex(fd, seed, 0, b, &result), &result);
    } else if (strcmp(verb, "stray") == 0) {
        result.count = (uint64_t)wire_stray(fd, (int)a);
        wire_report(0, &result);
    } else {
        wire_report(-EINVAL, &result);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;

    wire_init();
    int busy = -1;
    for (int i = 1; i < argc; i++) {
        int fd = load_open(argv[i]);
        if (fd < 0) {
            fprintf(stderr, "load: %s: %s\n", argv[i], strerror(-fd));
            return 1;
        }
        if (i == 1)
            busy = fd;
    }
    printf("ready\n");
    fflush(stdout);

    char line[128];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char verb[16];
        unsigned long a = 0;
        unsigned long long b = 0;
        if (sscanf(line, "%15s %lu %llu", verb, &a, &b) < 1)
            return 2;
        load_obey(verb, busy, a, b);
    }
    return 0;
}
