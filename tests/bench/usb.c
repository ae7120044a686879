/*
 * What URBs cost over loopback, beside a bare TCP connection with messages of the same sizes:
 *
 *     usb PORT    of `com2net usb:demo-loop PORT`
 *
 * Prints lines NAME VALUE: microseconds for each small URB at depth 1 and 32, MB/s of bulk OUT URBs
 * of 512 bytes, 16 KiB and 1 MiB, and the same of the bare connection. Each is the median of 5.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 48, SMALL = 1, ROUNDS = 5 };

static uint32_t devid;
static uint8_t buffer[(1 << 20) + HEAD];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void put32(uint8_t *p, uint32_t v)
{
    v = htonl(v);
    memcpy(p, &v, 4);
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return ntohl(v);
}

static void send_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, 0);

        if (n <= 0)
            die("send");
        data += n;
        len -= (size_t)n;
    }
}

static void receive_all(int fd, uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(fd, data, len, 0);

        if (n <= 0)
            die("receive");
        data += n;
        len -= (size_t)n;
    }
}

static int connect_to(int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof in) < 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static int import(int port)
{
    uint8_t request[40] = {1, 0x11, 0x80, 3}, reply[320];
    int fd = connect_to(port);

    memcpy(request + 8, "250-1", 5);
    send_all(fd, request, sizeof request);
    receive_all(fd, reply, 8);
    if (get32(reply + 4) != 0) {
        fprintf(stderr, "the import is refused\n");
        exit(1);
    }
    receive_all(fd, reply + 8, 312);
    devid = get32(reply + 8 + 288) << 16 | get32(reply + 8 + 292);
    return fd;
}

/* A GET_CONFIGURATION for the small ones: one byte comes back. */
static size_t small_urb(uint8_t *p, uint32_t seqnum)
{
    static const uint8_t setup[8] = {0x80, 8, 0, 0, 0, 0, SMALL, 0};

    memset(p, 0, HEAD);
    put32(p, 1);
    put32(p + 4, seqnum);
    put32(p + 8, devid);
    put32(p + 12, 1);
    put32(p + 24, SMALL);
    memcpy(p + 40, setup, 8);
    return HEAD;
}

static void bulk_urb(uint8_t *p, uint32_t seqnum, int in, uint32_t len)
{
    memset(p, 0, HEAD);
    put32(p, 1);
    put32(p + 4, seqnum);
    put32(p + 8, devid);
    put32(p + 12, (uint32_t)in);
    put32(p + 16, 1);
    put32(p + 24, len);
}

static uint32_t seqnum;

/* Keeps `depth` URBs under way; what has come at once is followed by as many. */
static double small(int fd, int count, int depth)
{
    uint8_t batch[64 * HEAD], replies[64 * (HEAD + SMALL)];
    double begin = now_us();
    int sent = 0, done = 0, due = depth;
    size_t have = 0;

    while (done < count) {
        size_t len = 0;

        for (; due > 0 && sent < count; due--, sent++)
            len += small_urb(batch + len, ++seqnum);
        send_all(fd, batch, len);
        ssize_t n = recv(fd, replies + have, sizeof replies - have, 0);
        if (n <= 0)
            die("receive");
        have += (size_t)n;
        due = (int)(have / (HEAD + SMALL));
        done += due;
        have %= HEAD + SMALL; /* nothing of the rest is looked at */
    }
    return (now_us() - begin) / count;
}

/* OUT URBs, with an IN one behind each that takes the bytes out of the loop again. */
static double bulk(int fd, uint32_t size, size_t total)
{
    uint8_t head[HEAD];
    double begin = now_us();
    size_t moved = 0;

    for (; moved < total; moved += size) {
        bulk_urb(buffer, ++seqnum, 0, size);
        send_all(fd, buffer, HEAD + size);
        bulk_urb(head, ++seqnum, 1, size);
        send_all(fd, head, HEAD);
        receive_all(fd, head, HEAD);
        receive_all(fd, head, HEAD);
        receive_all(fd, buffer, size);
    }
    return 2 * (double)moved / (now_us() - begin);
}

/* --- the bare connection ------------------------------------------------------------------------
 */

/* Answers each request of `in` bytes with `out` bytes. */
static int bare_server(size_t in, size_t out, pid_t *pid)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 ||
        listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *)&address, &len) < 0)
        die("listen");
    *pid = fork();
    if (*pid == 0) {
        int fd = accept(listener, NULL, NULL);

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        for (;;) {
            for (size_t left = in; left > 0;) {
                ssize_t n = recv(fd, buffer, left < sizeof buffer ? left : sizeof buffer, 0);

                if (n <= 0)
                    _exit(0);
                left -= (size_t)n;
            }
            send_all(fd, buffer, out);
        }
    }
    close(listener);
    return connect_to(ntohs(address.sin_port));
}

static double bare_small(int count)
{
    pid_t pid;
    int fd = bare_server(HEAD, HEAD + SMALL, &pid);
    uint8_t message[HEAD + SMALL] = {0};
    double begin = now_us();

    for (int i = 0; i < count; i++) {
        send_all(fd, message, HEAD);
        receive_all(fd, message, HEAD + SMALL);
    }
    double us = (now_us() - begin) / count;
    close(fd);
    waitpid(pid, NULL, 0);
    return us;
}

/* There and back, as the loop's bytes go. */
static double bare_bulk(uint32_t size, size_t total)
{
    pid_t pid;
    int fd = bare_server(size, size, &pid);
    double begin = now_us();
    size_t moved = 0;

    for (; moved < total; moved += size) {
        send_all(fd, buffer, size);
        receive_all(fd, buffer, size);
    }
    double rate = 2 * (double)moved / (now_us() - begin);
    close(fd);
    waitpid(pid, NULL, 0);
    return rate;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_median(const char *name, double *values)
{
    qsort(values, ROUNDS, sizeof *values, compare);
    printf("%s %.2f\n", name, values[ROUNDS / 2]);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name, *bare_name;
        uint32_t size;
        size_t total;
    } sizes[] = {{"bulk-512", "bare-512", 512, 4 << 20},
                 {"bulk-16k", "bare-16k", 16384, 64 << 20},
                 {"bulk-1m", "bare-1m", 1 << 20, 256 << 20}};
    double one[ROUNDS], many[ROUNDS], bare[ROUNDS], ours[3][ROUNDS], theirs[3][ROUNDS];

    if (argc != 2) {
        fprintf(stderr, "usage: usb PORT\n");
        return 2;
    }
    int fd = import(atoi(argv[1]));
    for (int i = 0; i < ROUNDS; i++) {
        one[i] = small(fd, 20000, 1);
        many[i] = small(fd, 100000, 32);
        bare[i] = bare_small(20000);
        for (int s = 0; s < 3; s++) {
            ours[s][i] = bulk(fd, sizes[s].size, sizes[s].total);
            theirs[s][i] = bare_bulk(sizes[s].size, sizes[s].total);
        }
    }
    print_median("urb-depth-1", one);
    print_median("urb-depth-32", many);
    print_median("bare", bare);
    for (int s = 0; s < 3; s++) {
        print_median(sizes[s].name, ours[s]);
        print_median(sizes[s].bare_name, theirs[s]);
    }
    return 0;
}
