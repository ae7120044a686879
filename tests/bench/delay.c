/*
 * A network in between: what comes is handed on late, by the same time, in order, both ways.
 *
 *     delay PORT TRIP_US     listens on a port, and connects to PORT
 *
 * Says its port and what a bare round trip through it takes, in microseconds, when it is ready.
 * Bytes of one read stay together, as segments do.
 *
 * A round trip takes TRIP_US as a whole, with what the system and this program need for it: before
 * it begins it measures that with a process that asks and one that answers, and takes it from the
 * delay. One thread, which sleeps in ppoll() until something comes or is due.
 */
#define _GNU_SOURCE
#include "urbs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PART = 65536,
    WAITING = 1024, /* parts of one way; then no more is read */
    LINKS = 16,
    TRIPS_MAX = 500,
    MEASUREMENTS_MAX = 8,
};

/* One way of one connection. */
struct way {
    int from, to;
    struct part {
        double due;
        size_t len; /* 0: the end */
        size_t sent;
        char *data;
    } parts[WAITING];
    unsigned first, count;
    bool full;  /* the connection takes no more now */
    bool read;  /* up to the end */
    bool ended; /* and that is handed on */
};

struct link {
    struct way there, back;
};

#define TOLERANCE(trip_us) (0.005 * (trip_us) + 15)

static struct link *links[LINKS];
static double delay_us;

static int tcp(void)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* --- a way ------------------------------------------------------------------------------------ */

static void take(struct way *w)
{
    struct part *p = &w->parts[(w->first + w->count) % WAITING];
    static char data[PART];
    ssize_t n = recv(w->from, data, PART, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    *p = (struct part){.due = now_us() + delay_us, .len = n > 0 ? (size_t)n : 0};
    w->read = n <= 0;
    p->data = malloc(p->len + 1);
    if (!p->data)
        abort();
    memcpy(p->data, data, p->len);
    w->count++;
}

static void drop(struct way *w)
{
    free(w->parts[w->first].data);
    w->first = (w->first + 1) % WAITING;
    w->count--;
}

/* Hands on what is due. */
static void hand_on(struct way *w)
{
    w->full = false;
    while (w->count > 0 && w->parts[w->first].due <= now_us()) {
        struct part *p = &w->parts[w->first];

        if (p->len == 0) {
            shutdown(w->to, SHUT_WR);
            w->ended = true;
        } else {
            ssize_t n =
                send(w->to, p->data + p->sent, p->len - p->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

            if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                w->full = true;
                return;
            }
            if (n > 0)
                p->sent += (size_t)n;
            if (n > 0 && p->sent < p->len)
                continue;
        } /* what an end does not take any more is dropped */
        drop(w);
    }
}

/* --- all of them ------------------------------------------------------------------------------ */

static void begin_link(int listener, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    int near = accept(listener, NULL, NULL), far = tcp(), i = 0;
    struct link *l = calloc(1, sizeof *l);

    while (i < LINKS && links[i])
        i++;
    setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!l || i == LINKS || near < 0 || connect(far, (struct sockaddr *)&to, sizeof to) < 0) {
        perror("delay: a connection");
        exit(1);
    }
    l->there.from = l->back.to = near;
    l->there.to = l->back.from = far;
    links[i] = l;
}

static void end_link(int i)
{
    struct link *l = links[i];

    while (l->there.count > 0)
        drop(&l->there);
    while (l->back.count > 0)
        drop(&l->back);
    close(l->there.from);
    close(l->there.to);
    free(l);
    links[i] = NULL;
}

static void end_links(void)
{
    for (int i = 0; i < LINKS; i++)
        if (links[i])
            end_link(i);
}

/* What it waits for: bytes while there is room for them, room for bytes that are due, and the next
 * due time. */
static struct pollfd watch(int fd, const struct way *reads, const struct way *writes, double *next)
{
    if (writes->count > 0 && !writes->full && writes->parts[writes->first].due < *next)
        *next = writes->parts[writes->first].due;
    const bool wants = !reads->read && reads->count < WAITING;
    /* one with nothing to wait for is left out, or its end would be told of again and again */
    return (struct pollfd){.fd = wants || writes->full ? fd : -1,
                           .events = (short)((wants ? POLLIN : 0) | (writes->full ? POLLOUT : 0))};
}

static void serve(struct link *l, const struct pollfd p[static 2])
{
    if (p[0].fd >= 0 && p[0].revents & ~POLLOUT && !l->there.read)
        take(&l->there);
    if (p[1].fd >= 0 && p[1].revents & ~POLLOUT && !l->back.read)
        take(&l->back);
    hand_on(&l->there);
    hand_on(&l->back);
}

/* Runs until something comes from `until`; -1: for ever. */
static void run(int listener, int port, int until)
{
    struct pollfd p[2 + 2 * LINKS] = {{.fd = listener, .events = POLLIN},
                                      {.fd = until, .events = POLLIN}};

    for (;;) {
        const double never = 1e15;
        double next = never;

        for (int i = 0; i < LINKS; i++) {
            struct link *l = links[i];

            p[2 + 2 * i].fd = p[3 + 2 * i].fd = -1;
            if (!l)
                continue;
            p[2 + 2 * i] = watch(l->there.from, &l->there, &l->back, &next);
            p[3 + 2 * i] = watch(l->there.to, &l->back, &l->there, &next);
        }
        const double now = now_us();
        const long long left_ns = next > now ? (long long)((next - now) * 1e3) : 0;
        const struct timespec wait = {left_ns / 1000000000, left_ns % 1000000000};
        if (ppoll(p, 2 + 2 * LINKS, next < never ? &wait : NULL, NULL) < 0)
            continue;
        for (int i = 0; i < LINKS; i++) {
            if (!links[i])
                continue;
            serve(links[i], &p[2 + 2 * i]);
            if (links[i]->there.ended && links[i]->back.ended)
                end_link(i);
        }
        if (p[0].revents)
            begin_link(listener, port);
        if (p[1].revents)
            return;
    }
}

/* --- how long it takes ------------------------------------------------------------------------ */

static int listen_on(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int listener = tcp();

    if (bind(listener, (struct sockaddr *)&at, len) < 0 || listen(listener, 16) < 0 ||
        getsockname(listener, (struct sockaddr *)&at, &len) < 0) {
        perror("delay: listen");
        exit(1);
    }
    *port = ntohs(at.sin_port);
    return listener;
}

static void answer(int server)
{
    const int on = 1;
    int fd = accept(server, NULL, NULL);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bare_answer(fd, URBS_HEAD, URBS_HEAD);
}

/* Writes the median of round trips through us, in microseconds. */
static void ask(int port, int trips, int result)
{
    static double took[TRIPS_MAX];
    char bytes[URBS_HEAD] = {0};
    int fd = connect_to(port);

    for (int i = 0; i < trips; i++) {
        const double begin = now_us();

        send_all(fd, bytes, sizeof bytes);
        receive_all(fd, bytes, sizeof bytes);
        took[i] = now_us() - begin;
    }
    const double median = median_of(took, (size_t)trips);
    _exit(write(result, &median, sizeof median) != sizeof median);
}

/* What a bare round trip through us takes. */
static double measure(int listener, int port, int trips)
{
    int server_port, server = listen_on(&server_port), result[2];
    pid_t children[2];
    double us = 0;

    if (pipe(result) < 0)
        exit(1);
    children[0] = fork();
    if (children[0] == 0)
        answer(server);
    children[1] = fork();
    if (children[1] == 0)
        ask(port, trips, result[1]);
    close(server);
    close(result[1]);
    run(listener, server_port, result[0]);
    if (children[0] < 0 || children[1] < 0 || read(result[0], &us, sizeof us) != sizeof us)
        exit(1);
    close(result[0]);
    end_links(); /* and with them the server */
    waitpid(children[0], NULL, 0);
    waitpid(children[1], NULL, 0);
    return us;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    const double trip_us = atof(argv[2]);
    const int trips = trip_us > 10000 ? 50 : trip_us > 2000 ? 100 : TRIPS_MAX;
    int port, listener = listen_on(&port);

    prctl(PR_SET_TIMERSLACK, 1);
    double best_us = 1e9, best_delay_us = 0;
    delay_us = trip_us / 2;
    for (int i = 0; i < MEASUREMENTS_MAX && fabs(best_us - trip_us) > TOLERANCE(trip_us); i++) {
        const double us = measure(listener, port, trips);
        if (fabs(us - trip_us) < fabs(best_us - trip_us)) {
            best_us = us;
            best_delay_us = delay_us;
        }
        delay_us += (trip_us - us) / 2;
        if (delay_us < 0)
            delay_us = 0;
    }
    delay_us = best_delay_us;
    printf("%d %.1f\n", port, best_us);
    fflush(stdout);
    run(listener, atoi(argv[1]), -1);
}
