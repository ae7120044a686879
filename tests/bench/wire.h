/*
 * The bytes that both ends of the bench agree on: a pattern of all 256 values whose
 * period divides no buffer size, so that a lost, doubled or moved chunk is always seen.
 * Everything here blocks; it is for the load and the device, never for a bridge.
 */
#ifndef TESTS_BENCH_WIRE_H
#define TESTS_BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

struct wire_result {
    uint64_t begin_ns; /* just before the first system call */
    uint64_t end_ns;   /* just after the last byte */
    uint64_t count;    /* good bytes */
    int bad;           /* a byte was wrong: the one at `count` */
};

void wire_init(void);
uint64_t wire_now_ns(void);

/* Makes a tty raw at 115200 8N1 without flow control; 0 or -errno. */
int wire_raw(int fd);

/* Move `len` bytes of the pattern that `seed` picks; 0 or -errno (a wrong byte is no error). */
int wire_send(int fd, unsigned seed, uint64_t len, struct wire_result *result);
int wire_recv(int fd, unsigned seed, uint64_t len, struct wire_result *result);

/* Both at once. Sent and received patterns are `seed` and `seed + 1` here, the other way round
 * when `mirror` is set, for the other end. Only the receiving side is reported. */
int wire_duplex(int fd, unsigned seed, int mirror, uint64_t len, struct wire_result *result);

/* How many bytes come within `ms` although nobody should send. */
long wire_stray(int fd, int ms);

/* Prints one line: "ok BEGIN END COUNT", "bad COUNT" or "error TEXT". */
void wire_report(int error, const struct wire_result *result);

#endif
