/*
 * What URBs cost over loopback, beside a bare TCP connection with messages of the same sizes:
 *
 *     usb PORT PID    of `com2net usb:demo-loop PORT`
 *
 * Prints lines NAME VALUE..., each value the median of 5 rounds: microseconds of a small URB alone
 * and with 32 under way, and of a bare round trip; for each size and way MB/s of bulk URBs and of a
 * bare connection that moves as many bytes one way, their ratio, and microseconds of CPU that each
 * URB takes of the server. The server ends of both are on one processor and the client on another
 * one, where there are two: the rest is the scheduler's moods.
 */
#define _GNU_SOURCE
#include "urbs.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SMALL = 1, ROUNDS = 5, ENDLESS = 4 /* the device's sink and source */ };

/* A GET_CONFIGURATION: one byte comes back. */
static const struct urbs_what small = {
    .in = 1, .length = SMALL, .setup = {0x80, 8, 0, 0, 0, 0, SMALL, 0}};

static const struct size {
    const char *name;
    uint32_t bytes;
    int count, depth; /* URBs of a round, and how many under way */
} sizes[] = {{"512", 512, 40000, 64}, {"16k", 16384, 8000, 32}, {"1m", 1 << 20, 400, 4}};
enum { SIZES = sizeof sizes / sizeof *sizes };

static uint8_t buffer[URBS_MAX];

/* Has a process run on the n-th of the processors that there are, and on no other. */
static void pin(pid_t pid, int n)
{
    static cpu_set_t all;
    cpu_set_t one;

    if (CPU_COUNT(&all) == 0 && sched_getaffinity(0, sizeof all, &all) < 0)
        return;
    n %= CPU_COUNT(&all);
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all) && n-- == 0)
            CPU_SET(cpu, &one);
    sched_setaffinity(pid, sizeof one, &one);
}

/* Microseconds that a process has run. */
static double cpu_us(pid_t pid)
{
    char path[64];
    unsigned long long ns = 0;

    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%llu", &ns) != 1)
        ns = 0;
    if (f)
        fclose(f);
    return (double)ns / 1e3;
}

/* --- the bare connection ------------------------------------------------------------------------
 */

static void serve_round_trips(int fd)
{
    pin(0, 0);
    bare_answer(fd, URBS_HEAD, URBS_HEAD + SMALL);
}

/* Takes all there is, and says how much that was in the end. */
static void serve_sink(int fd)
{
    uint64_t sum = 0;
    ssize_t n;

    pin(0, 0);
    while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0)
        sum += (uint64_t)n;
    send_all(fd, &sum, sizeof sum);
    _exit(0);
}

static uint64_t source_total;
static size_t source_piece;

static void serve_source(int fd)
{
    pin(0, 0);
    for (uint64_t sent = 0; sent < source_total; sent += source_piece)
        send_all(fd, buffer, source_piece);
    _exit(0);
}

/* MB/s, in pieces of the same size. */
static double bare_stream(const struct size *size, int in)
{
    const uint64_t total = (uint64_t)size->bytes * (uint64_t)size->count;
    uint64_t moved = 0;
    pid_t pid;

    source_total = total;
    source_piece = size->bytes;
    int fd = bare_server(in ? serve_source : serve_sink, &pid);
    double begin = now_us();
    if (in) {
        ssize_t n;

        while (moved < total && (n = recv(fd, buffer, sizeof buffer, 0)) > 0)
            moved += (uint64_t)n;
    } else {
        for (int i = 0; i < size->count; i++)
            send_all(fd, buffer, size->bytes);
        shutdown(fd, SHUT_WR);
        receive_all(fd, &moved, sizeof moved);
    }
    double rate = (double)total / (now_us() - begin);
    if (moved != total) {
        fprintf(stderr, "the bare connection has lost bytes\n");
        exit(1);
    }
    bare_end(fd, pid);
    return rate;
}

/* --- rounds -------------------------------------------------------------------------------------
 */

struct results {
    double rate[ROUNDS], bare[ROUNDS], ratio[ROUNDS], cpu[ROUNDS];
};

static void stream_round(struct urbs *u, pid_t server, const struct size *size, int in,
                         struct results *r, int round)
{
    const struct urbs_what what = {.ep = ENDLESS, .in = in, .length = size->bytes};
    const double before = cpu_us(server);
    const double us = urbs_many(u, &what, size->count, size->depth);

    r->cpu[round] = (cpu_us(server) - before) / size->count;
    r->rate[round] = (double)size->bytes * size->count / us;
    r->bare[round] = bare_stream(size, in);
    r->ratio[round] = r->rate[round] / r->bare[round];
}

int main(int argc, char **argv)
{
    static struct results results[SIZES][2];
    double one[ROUNDS], many[ROUNDS], bare[ROUNDS], cpu_one[ROUNDS], cpu_many[ROUNDS];
    enum { ALONE = 20000, TOGETHER = 100000, DEPTH = 32 };
    struct urbs u;

    if (argc != 3) {
        fprintf(stderr, "usage: usb PORT PID\n");
        return 2;
    }
    const pid_t server = (pid_t)atoi(argv[2]);
    pin(server, 0);
    pin(0, 1);
    urbs_import(&u, atoi(argv[1]), "250-1");
    for (int i = 0; i < ROUNDS; i++) {
        double before = cpu_us(server);

        one[i] = urbs_many(&u, &small, ALONE, 1) / ALONE;
        cpu_one[i] = (cpu_us(server) - before) / ALONE;
        before = cpu_us(server);
        many[i] = urbs_many(&u, &small, TOGETHER, DEPTH) / TOGETHER;
        cpu_many[i] = (cpu_us(server) - before) / TOGETHER;
        bare[i] = bare_round_trip(serve_round_trips, URBS_HEAD, URBS_HEAD + SMALL, ALONE);
        for (int s = 0; s < SIZES; s++)
            for (int in = 0; in < 2; in++)
                stream_round(&u, server, &sizes[s], in, &results[s][in], i);
    }
    printf("small-1 %.2f %.2f\n", median_of(one, ROUNDS), median_of(cpu_one, ROUNDS));
    printf("small-32 %.2f %.2f\n", median_of(many, ROUNDS), median_of(cpu_many, ROUNDS));
    printf("bare %.2f\n", median_of(bare, ROUNDS));
    for (int s = 0; s < SIZES; s++) {
        for (int in = 0; in < 2; in++) {
            struct results *r = &results[s][in];

            printf("%s-%s %.1f %.1f %.2f %.2f\n", in ? "in" : "out", sizes[s].name,
                   median_of(r->rate, ROUNDS), median_of(r->bare, ROUNDS),
                   median_of(r->ratio, ROUNDS), median_of(r->cpu, ROUNDS));
        }
    }
    return 0;
}
