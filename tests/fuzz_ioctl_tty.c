/*
 * Fuzzes the meaning of requests: any request with any argument, on a memory of a few bytes, in any
 * order, with the port saying what it likes.
 */
#include "ioctl_tty.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BASE = 0x1000, SIZE = 128 };

static uint8_t memory_bytes[SIZE];
static uint32_t noise;

static int memory_read(void *ctx, uint64_t address, void *data, size_t len)
{
    (void)ctx;
    if (address < BASE || address > BASE + SIZE || len > BASE + SIZE - address)
        return -EFAULT;
    memcpy(data, memory_bytes + (address - BASE), len);
    return 0;
}

static int memory_write(void *ctx, uint64_t address, const void *data, size_t len)
{
    (void)ctx;
    if (address < BASE || address > BASE + SIZE || len > BASE + SIZE - address)
        return -EFAULT;
    memcpy(memory_bytes + (address - BASE), data, len);
    return 0;
}

static uint32_t next(void)
{
    noise = noise * 1664525 + 1013904223;
    return noise >> 8;
}

static int port_termios(void *ctx, unsigned request, void *data)
{
    (void)ctx;
    (void)request;
    memset(data, (int)next(), 36);
    return next() % 4 ? 0 : -EINVAL;
}

static size_t port_termios_size(unsigned request)
{
    return request >= 0x5401 && request <= 0x5408 ? 36 : 0;
}

static unsigned port_lines(void *ctx)
{
    (void)ctx;
    return next();
}

static void port_set_lines(void *ctx, unsigned mask, unsigned values)
{
    (void)ctx;
    if (mask & ~3u || values & ~mask)
        abort();
}

static void port_set_break(void *ctx, bool on)
{
    (void)ctx;
    (void)on;
}

static void port_counts(void *ctx, struct ioctl_counts *counts)
{
    (void)ctx;
    memset(counts, (int)next(), sizeof *counts);
}

static size_t port_unsent(void *ctx)
{
    (void)ctx;
    return next() % 2 ? SIZE_MAX : 0;
}

static unsigned port_begin_drain(void *ctx)
{
    (void)ctx;
    return next();
}

static bool port_is_drained(void *ctx, unsigned ticket)
{
    (void)ctx;
    return ticket % 2;
}

static const struct ioctl_port port = {
    .termios = port_termios,
    .termios_size = port_termios_size,
    .lines = port_lines,
    .set_lines = port_set_lines,
    .set_break = port_set_break,
    .counts = port_counts,
    .unsent = port_unsent,
    .begin_drain = port_begin_drain,
    .is_drained = port_is_drained,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct ioctl_memory memory = {memory_read, memory_write, NULL};
    struct ioctl_tty tty = {.port = &port};

    noise = (uint32_t)len;
    for (; len >= 4; data += 4, len -= 4) {
        struct ioctl_wait wait;
        int result = 1;
        const struct ioctl_call call = {
            /* the serial requests, and now and then another one */
            .request = data[0] & 0x80 ? 0x5400u | (data[0] & 0x7f) : data[0] * 0x01010101u,
            .argument = data[1] == 0xff ? UINT64_MAX - data[2] : BASE - 8u + data[1],
            .compat = data[3] & 1};
        enum ioctl_verdict verdict = ioctl_tty_call(&tty, &call, &memory, data[2], &result, &wait);

        if (verdict == IOCTL_ANSWER && result > 0)
            abort();
        if (verdict != IOCTL_WAIT)
            continue;
        if (data[3] & 2)
            ioctl_tty_abandon(&tty, &wait);
        else
            ioctl_tty_is_over(&tty, &wait, data[3], &result);
    }
    return 0;
}
