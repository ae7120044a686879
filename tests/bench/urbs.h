/*
 * A USB/IP client for measurements: as little as is needed to keep URBs under way. Blocking; what
 * fails is said on standard error and ends the program.
 */
#ifndef TESTS_BENCH_URBS_H
#define TESTS_BENCH_URBS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { URBS_HEAD = 48, URBS_MAX = 1 << 20 /* bytes of one URB */ };

/* A device that is imported. */
struct urbs {
    int fd;
    uint32_t devid;
    uint32_t seqnum;
};

/* One URB, which is sent again and again. */
struct urbs_what {
    unsigned ep;
    int in;           /* direction */
    uint32_t length;  /* bytes; IN: that come, neither more nor less */
    uint8_t setup[8]; /* of endpoint 0 */
};

double now_us(void);
void send_all(int fd, const void *data, size_t len);
void receive_all(int fd, void *data, size_t len);
int connect_to(int port); /* of this machine */

void urbs_import(struct urbs *u, int port, const char *busid);

/* Sends one and waits for it. Returns its status. */
int urbs_do(struct urbs *u, const struct urbs_what *what);

/* Has `count` of them carried out, `depth` at once; what has come is followed by as many. Returns
 * the microseconds that it took. */
double urbs_many(struct urbs *u, const struct urbs_what *what, int count, int depth);

/* A bare connection to a process of its own, which has `serve` look after its end until it exits.
 * Returns our end. */
int bare_server(void (*serve)(int fd), pid_t *pid);
void bare_end(int fd, pid_t pid);

/* Answers each `request` bytes with `answer` bytes, and exits at the end: for a `serve`. */
void bare_answer(int fd, size_t request, size_t answer);

/* Microseconds of a round trip between that and us. */
double bare_round_trip(void (*serve)(int fd), size_t request, size_t answer, int count);

/* The median of `count` values, which are sorted. */
double median_of(double *values, size_t count);

#endif
