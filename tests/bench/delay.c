/*
 * A network in between: what comes is handed on late, by the same time, in order, both ways.
 *
 *     delay PORT DELAY_US     listens on a port that it says, and connects to PORT
 *
 * Bytes of one read stay together, as segments do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PART = 65536, WAITING = 4096 };

/* One way of one connection: a thread that reads, and one that hands on. */
struct way {
    int from, to;
    pthread_mutex_t lock;
    pthread_cond_t change;
    struct part {
        struct timespec due;
        size_t len; /* 0: the end */
        char *data;
    } parts[WAITING];
    unsigned first, count;
};

static long delay_us;

static void *hand_on(void *arg)
{
    struct way *w = arg;

    for (;;) {
        pthread_mutex_lock(&w->lock);
        while (w->count == 0)
            pthread_cond_wait(&w->change, &w->lock);
        struct part p = w->parts[w->first];
        w->first = (w->first + 1) % WAITING;
        w->count--;
        pthread_cond_signal(&w->change);
        pthread_mutex_unlock(&w->lock);
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &p.due, NULL);
        if (p.len == 0) {
            shutdown(w->to, SHUT_WR);
            return NULL;
        }
        for (size_t at = 0; at < p.len;) {
            ssize_t n = send(w->to, p.data + at, p.len - at, MSG_NOSIGNAL);

            if (n <= 0)
                return NULL;
            at += (size_t)n;
        }
        free(p.data);
    }
}

static void *take(void *arg)
{
    struct way *w = arg;
    ssize_t n;

    do {
        struct part p = {.data = malloc(PART)};

        if (!p.data)
            abort();
        n = recv(w->from, p.data, PART, 0);
        p.len = n > 0 ? (size_t)n : 0;
        clock_gettime(CLOCK_MONOTONIC, &p.due);
        p.due.tv_nsec += delay_us * 1000;
        p.due.tv_sec += p.due.tv_nsec / 1000000000;
        p.due.tv_nsec %= 1000000000;
        pthread_mutex_lock(&w->lock);
        while (w->count == WAITING)
            pthread_cond_wait(&w->change, &w->lock);
        w->parts[(w->first + w->count++) % WAITING] = p;
        pthread_cond_signal(&w->change);
        pthread_mutex_unlock(&w->lock);
    } while (n > 0);
    return NULL;
}

static void carry(int from, int to)
{
    struct way *w = calloc(1, sizeof *w);
    pthread_t thread;

    if (!w)
        abort();
    w->from = from;
    w->to = to;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->change, NULL);
    if (pthread_create(&thread, NULL, take, w) != 0 || pthread_create(&thread, NULL, hand_on, w) != 0)
        abort();
}

static int tcp(void)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    const int on = 1;

    if (argc != 3)
        return 2;
    delay_us = atol(argv[2]);
    int listener = tcp();
    if (bind(listener, (struct sockaddr *)&at, len) < 0 || listen(listener, 16) < 0 ||
        getsockname(listener, (struct sockaddr *)&at, &len) < 0)
        return 1;
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    at.sin_port = htons((unsigned short)atoi(argv[1]));
    for (;;) {
        int near = accept(listener, NULL, NULL), far = tcp();

        setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (near < 0 || connect(far, (struct sockaddr *)&at, sizeof at) < 0)
            return 1;
        carry(near, far);
        carry(far, near);
    }
}
