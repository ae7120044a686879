#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { WIRE_PERIOD = 65521, WIRE_CHUNK = 4096 };

/* Two periods, so that any run of up to one period is contiguous. */
static unsigned char pattern[2 * WIRE_PERIOD];

void wire_init(void)
{
    uint32_t state = 2217;
    for (size_t i = 0; i < WIRE_PERIOD; i++) {
        state = state * 1664525 + 1013904223;
        pattern[i] = (unsigned char)(state >> 24);
    }
    memcpy(pattern + WIRE_PERIOD, pattern, WIRE_PERIOD);
}

static const unsigned char *pattern_at(unsigned seed, uint64_t offset)
{
    return pattern + (seed * UINT64_C(7919) + offset) % WIRE_PERIOD;
}

uint64_t wire_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int wire_raw(int fd)
{
    struct termios tio;
    if (tcgetattr(fd, &tio) < 0)
        return -errno;

    cfmakeraw(&tio);
    tio.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    tio.c_cflag |= CLOCAL | CREAD;
    cfsetspeed(&tio, B115200);
    return tcsetattr(fd, TCSANOW, &tio) < 0 ? -errno : 0;
}

int wire_send(int fd, unsigned seed, uint64_t len, struct wire_result *result)
{
    result->begin_ns = wire_now_ns();
    while (result->count < len) {
        uint64_t left = len - result->count;
        size_t want = left < WIRE_CHUNK ? (size_t)left : WIRE_CHUNK;
        ssize_t n = write(fd, pattern_at(seed, result->count), want);
        if (n < 0)
            return -errno;
        result->count += (uint64_t)n;
    }
    result->end_ns = wire_now_ns();
    return 0;
}

/* Counts the good bytes of a chunk; false at the first wrong one. */
static int take(struct wire_result *result, unsigned seed, const unsigned char *data, size_t len)
{
    const unsigned char *want = pattern_at(seed, result->count);
    if (memcmp(data, want, len) == 0) {
        result->count += len;
        return 1;
    }
    for (; *data == *want; data++, want++)
        result->count++;
    result->bad = 1;
    return 0;
}

int wire_recv(int fd, unsigned seed, uint64_t len, struct wire_result *result)
{
    unsigned char data[WIRE_CHUNK];

    result->begin_ns = wire_now_ns();
    while (result->count < len) {
        uint64_t left = len - result->count;
        ssize_t n = read(fd, data, left < sizeof(data) ? (size_t)left : sizeof(data));
        if (n <= 0)
            return n == 0 ? -EPIPE : -errno;
        if (!take(result, seed, data, (size_t)n))
            return 0;
    }
    result->end_ns = wire_now_ns();
    return 0;
}

static int duplex_turn(int fd, unsigned out_seed, unsigned in_seed, uint64_t len, uint64_t *sent,
                       struct wire_result *result)
{
    struct pollfd wanted = {.fd = fd};
    if (*sent < len)
        wanted.events |= POLLOUT;
    if (result->count < len)
        wanted.events |= POLLIN;
    if (poll(&wanted, 1, -1) < 0)
        return -errno;

    if (wanted.revents & POLLIN) {
        unsigned char data[WIRE_CHUNK];
        uint64_t left = len - result->count;
        ssize_t n = read(fd, data, left < sizeof(data) ? (size_t)left : sizeof(data));
        if (n <= 0)
            return n == 0 ? -EPIPE : -errno;
        if (!take(result, in_seed, data, (size_t)n))
            return 0;
    }
    if (wanted.revents & POLLOUT) {
        uint64_t left = len - *sent;
        size_t want = left < WIRE_CHUNK ? (size_t)left : WIRE_CHUNK;
        ssize_t n = write(fd, pattern_at(out_seed, *sent), want);
        if (n < 0 && errno != EAGAIN)
            return -errno;
        if (n > 0)
            *sent += (uint64_t)n;
    }
    return 0;
}

int wire_duplex(int fd, unsigned seed, int mirror, uint64_t len, struct wire_result *result)
{
    unsigned out_seed = mirror ? seed + 1 : seed;
    unsigned in_seed = mirror ? seed : seed + 1;
    uint64_t sent = 0;

    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    result->begin_ns = wire_now_ns();
    int error = 0;
    while (error == 0 && !result->bad && (sent < len || result->count < len))
        error = duplex_turn(fd, out_seed, in_seed, len, &sent, result);
    result->end_ns = wire_now_ns();
    fcntl(fd, F_SETFL, flags);
    return error;
}

long wire_stray(int fd, int ms)
{
    long count = 0;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    while (poll(&readable, 1, ms) > 0 && (readable.revents & POLLIN)) {
        unsigned char data[WIRE_CHUNK];
        ssize_t n = read(fd, data, sizeof(data));
        if (n <= 0)
            break;
        count += n;
    }
    return count;
}

void wire_report(int error, const struct wire_result *result)
{
    if (error < 0)
        printf("error %s after %llu bytes\n", strerror(-error), (unsigned long long)result->count);
    else if (result->bad)
        printf("bad byte at %llu\n", (unsigned long long)result->count);
    else
        printf("ok %llu %llu %llu\n", (unsigned long long)result->begin_ns,
               (unsigned long long)result->end_ns, (unsigned long long)result->count);
    fflush(stdout);
}
