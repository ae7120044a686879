/*
 * The floor: the least two bridges between a tty and a TCP connection can do. One epoll, two
 * buffers, no protocol, no options, one peer; correct under back-pressure. What a product costs
 * above this is its own doing.
 *
 *     floor serve PTSPATH PORT        prints the port, serves one client, ends when it leaves
 *     floor link LINK HOST PORT       LINK becomes a PTY at the far end of the connection
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* One direction: what was read from the source and not yet taken by the sink. */
struct way {
    size_t len, off;
    char data[16384];
};

struct side {
    int fd;
    uint32_t watched;
    struct way out; /* bytes on their way to this fd */
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void side_flush(struct side *side)
{
    struct way *way = &side->out;
    if (way->off == way->len)
        return;
    ssize_t n = write(side->fd, way->data + way->off, way->len - way->off);
    if (n < 0 && errno != EAGAIN)
        die("write");
    if (n > 0)
        way->off += (size_t)n;
}

static void side_fill(struct side *from, struct side *to)
{
    struct way *way = &to->out;
    if (way->off < way->len)
        return;
    ssize_t n = read(from->fd, way->data, sizeof(way->data));
    if (n == 0)
        exit(0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0)
        die("read");
    way->len = (size_t)n;
    way->off = 0;
    side_flush(to);
}

static void side_watch(int loop, struct side *side, const struct side *other)
{
    uint32_t wanted = (other->out.off == other->out.len ? EPOLLIN : 0) |
                      (side->out.off < side->out.len ? EPOLLOUT : 0);
    if (wanted == side->watched)
        return;
    struct epoll_event event = {.events = wanted, .data.ptr = side};
    if (epoll_ctl(loop, EPOLL_CTL_MOD, side->fd, &event) < 0)
        die("epoll_ctl");
    side->watched = wanted;
}

static void side_add(int loop, struct side *side)
{
    struct epoll_event event = {.data.ptr = side};
    fcntl(side->fd, F_SETFL, fcntl(side->fd, F_GETFL) | O_NONBLOCK);
    if (epoll_ctl(loop, EPOLL_CTL_ADD, side->fd, &event) < 0)
        die("epoll_ctl");
}

static void pump(int tty, int sock)
{
    static struct side sides[2];
    int loop = epoll_create1(0), on = 1;
    setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sides[0].fd = tty;
    sides[1].fd = sock;
    side_add(loop, &sides[0]);
    side_add(loop, &sides[1]);

    for (;;) {
        side_watch(loop, &sides[0], &sides[1]);
        side_watch(loop, &sides[1], &sides[0]);
        struct epoll_event events[2];
        int count = epoll_wait(loop, events, 2, -1);
        for (int i = 0; i < count; i++) {
            struct side *side = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                side_flush(side);
            if (events[i].events & ~(uint32_t)EPOLLOUT)
                side_fill(side, side == &sides[0] ? &sides[1] : &sides[0]);
        }
    }
}

static void make_raw(int tty)
{
    struct termios tio;
    if (tcgetattr(tty, &tio) < 0)
        die("tcgetattr");
    cfmakeraw(&tio);
    tcsetattr(tty, TCSANOW, &tio);
}

static int serve(const char *path, int port)
{
    int tty = open(path, O_RDWR | O_NOCTTY);
    if (tty < 0)
        die(path);
    make_raw(tty);

    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 1) < 0)
        die("listen");
    getsockname(listener, (struct sockaddr *)&address, &len);
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(address.sin_port));

    int sock = accept(listener, NULL, NULL);
    if (sock < 0)
        die("accept");
    pump(tty, sock);
    return 0;
}

static int make_link(const char *link, const char *host, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &address.sin_addr);
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
        die("connect");

    /* The slave is kept open, so the master never hangs up. */
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        die("openpt");
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    make_raw(slave);
    unlink(link);
    if (symlink(ptsname(master), link) < 0)
        die(link);
    pump(master, sock);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2], atoi(argv[3]));
    if (argc == 5 && strcmp(argv[1], "link") == 0)
        return make_link(argv[2], argv[3], atoi(argv[4]));
    fprintf(stderr, "usage: floor serve PTSPATH PORT | floor link LINK HOST PORT\n");
    return 2;
}
