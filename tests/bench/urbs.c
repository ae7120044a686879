#include "urbs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OP_SIZE = 8, BUSID_SIZE = 32, DEVICE_SIZE = 312, BUSNUM_AT = 288, DEVNUM_AT = 292 };
enum { CMD_SUBMIT = 1, BATCH = 64 * 1024 };

/* Requests that go out at once, or the one that is larger; and answers. */
static uint8_t out[BATCH + URBS_HEAD + URBS_MAX], answers[URBS_HEAD + URBS_MAX];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

double now_us(void)
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

void send_all(int fd, const void *data, size_t len)
{
    for (const uint8_t *at = data; len > 0;) {
        ssize_t n = send(fd, at, len, 0);

        if (n <= 0)
            die("send");
        at += n;
        len -= (size_t)n;
    }
}

void receive_all(int fd, void *data, size_t len)
{
    for (uint8_t *at = data; len > 0;) {
        ssize_t n = recv(fd, at, len, 0);

        if (n <= 0)
            die("receive");
        at += n;
        len -= (size_t)n;
    }
}

int connect_to(int port)
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

void urbs_import(struct urbs *u, int port, const char *busid)
{
    uint8_t request[OP_SIZE + BUSID_SIZE] = {1, 0x11, 0x80, 3}, reply[OP_SIZE + DEVICE_SIZE];

    *u = (struct urbs){.fd = connect_to(port)};
    snprintf((char *)request + OP_SIZE, BUSID_SIZE, "%s", busid);
    send_all(u->fd, request, sizeof request);
    receive_all(u->fd, reply, OP_SIZE);
    if (get32(reply + 4) != 0) {
        fprintf(stderr, "the import of %s is refused: %u\n", busid, get32(reply + 4));
        exit(1);
    }
    receive_all(u->fd, reply + OP_SIZE, DEVICE_SIZE);
    u->devid = get32(reply + OP_SIZE + BUSNUM_AT) << 16 | get32(reply + OP_SIZE + DEVNUM_AT);
}

static size_t payload_of(const struct urbs_what *what)
{
    return what->in ? 0 : what->length;
}

/* Writes its request, but for the payload: any will do. Returns the length with that. */
static size_t put_request(struct urbs *u, const struct urbs_what *what, uint8_t *p)
{
    memset(p, 0, URBS_HEAD);
    put32(p, CMD_SUBMIT);
    put32(p + 4, ++u->seqnum);
    put32(p + 8, u->devid);
    put32(p + 12, (uint32_t)what->in);
    put32(p + 16, what->ep);
    put32(p + 24, what->length);
    memcpy(p + 40, what->setup, 8);
    return URBS_HEAD + payload_of(what);
}

int urbs_do(struct urbs *u, const struct urbs_what *what)
{
    send_all(u->fd, out, put_request(u, what, out));
    receive_all(u->fd, answers, URBS_HEAD);
    if (what->in)
        receive_all(u->fd, answers + URBS_HEAD, get32(answers + 24));
    return (int)get32(answers + 20);
}

/* Answers come in pieces of any size: all are as long, and one in many is looked at. */
static void check_answer(const uint8_t *p, const struct urbs_what *what)
{
    if (get32(p) == 3 && get32(p + 20) == 0 && get32(p + 24) == what->length)
        return;
    fprintf(stderr, "a URB of %u bytes is answered by %u, status %d, %u bytes\n", what->length,
            get32(p), (int)get32(p + 20), get32(p + 24));
    exit(1);
}

double urbs_many(struct urbs *u, const struct urbs_what *what, int count, int depth)
{
    const size_t size = URBS_HEAD + (what->in ? what->length : 0); /* of an answer */
    const double begin = now_us();
    int sent = 0, done = 0;
    size_t have = 0; /* bytes of the next answers */

    while (done < count) {
        while (sent < count && sent - done < depth) {
            size_t len = 0;

            for (; len < BATCH && sent < count && sent - done < depth; sent++)
                len += put_request(u, what, out + len);
            send_all(u->fd, out, len);
        }
        ssize_t n = recv(u->fd, answers + have, sizeof answers - have, 0);
        if (n <= 0)
            die("receive");
        if (have < URBS_HEAD && have + (size_t)n >= URBS_HEAD)
            check_answer(answers, what);
        have += (size_t)n;
        int more = (int)(have / size);
        done += more;
        have -= (size_t)more * size;
        memmove(answers, answers + (size_t)more * size, have);
    }
    return now_us() - begin;
}

int bare_server(void (*serve)(int fd), pid_t *pid)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 ||
        listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *)&address, &len) < 0)
        die("listen");
    *pid = fork();
    if (*pid == 0) {
        int fd = accept(listener, NULL, NULL);

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        serve(fd);
        _exit(0);
    }
    close(listener);
    return connect_to(ntohs(address.sin_port));
}

void bare_end(int fd, pid_t pid)
{
    close(fd);
    waitpid(pid, NULL, 0);
}

void bare_answer(int fd, size_t request, size_t answer)
{
    for (;;) {
        for (size_t left = request; left > 0;) {
            ssize_t n = recv(fd, out, left, 0);

            if (n <= 0)
                _exit(0);
            left -= (size_t)n;
        }
        send_all(fd, out, answer);
    }
}

double bare_round_trip(void (*serve)(int fd), size_t request, size_t answer, int count)
{
    pid_t pid;
    int fd = bare_server(serve, &pid);
    double begin = now_us();

    for (int i = 0; i < count; i++) {
        send_all(fd, out, request);
        receive_all(fd, answers, answer);
    }
    double us = (now_us() - begin) / count;
    bare_end(fd, pid);
    return us;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double median_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}
