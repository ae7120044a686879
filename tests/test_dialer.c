/*
 * The dialer, its look-up of names included, where /etc lacks what that reads, and where name
 * servers and addresses are silent: in namespaces of its own, with an empty /etc and a loopback
 * interface.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>

#include "dialer.h"
#include "loop.h"
#include "os.h"
#include "stream.h"
#include "proto/reach.h"
#include "test.h"

enum {
    SKIPPED = 77,
    LIMIT_MS = 5000,         /* less than a silent address is waited for */
    LOOKUP_LIMIT_MS = 30000, /* more than a look-up may take */
};

static struct event_base *base;
static unsigned port;
static const char *outcome;

/* Returns 0 or -errno. */
static int tell_kernel(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    int r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
    close(fd);
    return r;
}

/* Whoever we are is root of a new user namespace: nobody in particular may make no files. Returns 0
 * or -errno. */
static int become_root(void)
{
    char users[32], groups[32];

    snprintf(users, sizeof users, "0 %u 1", (unsigned)getuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getgid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) < 0)
        return -errno;
    int r = tell_kernel("/proc/self/uid_map", users);
    if (r == 0)
        r = tell_kernel("/proc/self/setgroups", "deny");
    return r == 0 ? tell_kernel("/proc/self/gid_map", groups) : r;
}

/* Returns 0 or -errno. */
static int empty_etc(void)
{
    int r = unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ? become_root() : 0;

    if (r < 0)
        return r;
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", "/etc", "tmpfs", 0, NULL) < 0)
        return -errno;
    return 0;
}

static void raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0);
    request.ifr_flags |= IFF_UP;
    CHECK(ioctl(fd, SIOCSIFFLAGS, &request) == 0);
    close(fd);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    CHECK(f && fputs(text, f) >= 0);
    CHECK(fclose(f) == 0);
}

static void on_connected(void *ctx, struct stream *stream)
{
    (void)ctx;
    stream_close(stream);
    outcome = "connected";
}

static void on_failed(void *ctx, const char *why)
{
    (void)ctx;
    outcome = why;
}

static const struct dialer_callbacks callbacks = {
    .connected = on_connected,
    .failed = on_failed,
};

static bool has_come(void *ctx)
{
    (void)ctx;
    return outcome != NULL;
}

/* What comes of a call of this name, at a port where somebody listens, within a time. */
static const char *dialed_within(const char *name, unsigned limit_ms)
{
    const struct stream_options streams = {.queue_max = 1024};
    struct addr a = {.port = (uint16_t)port};

    snprintf(a.host, sizeof a.host, "%s", name);
    struct dialer *d = dialer_new(base, &a, &streams, &callbacks, NULL);
    CHECK(d);
    outcome = NULL;
    dialer_start(d);
    loop_run_until(base, has_come, NULL, limit_ms);
    dialer_free(d);
    loop_settle(base);
    return outcome ? outcome : "nothing happened";
}

static const char *dialed(const char *name)
{
    return dialed_within(name, LIMIT_MS);
}

static void localhost_is_known_without_etc(void)
{
    CHECK_TEXT(dialed("localhost"), "connected");
}

static void names_of_hosts_are_known_without_resolv_conf(void)
{
    write_file("/etc/hosts", "127.0.0.1 localhost boardhost\n");
    CHECK_TEXT(dialed("boardhost"), "connected");
    CHECK_TEXT(dialed("localhost"), "connected");
    unlink("/etc/hosts");
}

static void names_of_hosts_are_known_without_a_name_server(void)
{
    write_file("/etc/hosts", "127.0.0.1 boardhost\n");
    write_file("/etc/resolv.conf", "# nothing\n");
    CHECK_TEXT(dialed("boardhost"), "connected");
    unlink("/etc/hosts");
    unlink("/etc/resolv.conf");
}

/* --- what does not answer --------------------------------------------------------------------- */

static struct sockaddr_in loopback(const char *address, unsigned number)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};

    CHECK(evutil_inet_pton(AF_INET, address, &a.sin_addr) == 1);
    return a;
}

/* A socket at which connections hang: its queue is full. */
static int listen_silently(const char *address, int fillers[static 8])
{
    const struct sockaddr_in a = loopback(address, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 0) == 0);
    for (int i = 0; i < 8; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        CHECK(fillers[i] >= 0);
        connect(fillers[i], (const struct sockaddr *)&a, sizeof a);
    }
    return fd;
}

static void a_silent_address_is_not_waited_for(void)
{
    int fillers[8], silent = listen_silently("127.0.0.2", fillers);

    write_file("/etc/hosts", "127.0.0.2 boardhost\n");
    CHECK_TEXT(dialed("boardhost"), "nothing happened"); /* it is silent indeed */
    write_file("/etc/hosts", "127.0.0.2 boardhost\n127.0.0.1 boardhost\n");
    CHECK_TEXT(dialed("boardhost"), "connected");
    close(silent);
    for (int i = 0; i < 8; i++)
        close(fillers[i]);
    CHECK_TEXT(dialed("boardhost"), "connected"); /* one refuses, another does not */
    unlink("/etc/hosts");
}

/* A name server at 127.0.0.1, which answers 127.0.0.1 to all that is asked, once it `speaks`. */
struct name_server {
    struct event *event;
    bool speaks;
};

static void on_question(evutil_socket_t fd, short what, void *ctx)
{
    static const uint8_t answer[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1};
    const struct name_server *server = ctx;
    uint8_t message[512 + sizeof answer];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t n = recvfrom(fd, message, 512, 0, (struct sockaddr *)&from, &from_len);

    (void)what;
    if (n < 17 || !server->speaks)
        return;
    const bool is_v4 = message[n - 3] == 1; /* QTYPE: A, not AAAA */
    message[2] |= 0x80;                     /* a response */
    message[3] = 0x80;                      /* recursion is available; no error */
    message[7] = is_v4;                     /* answers */
    message[11] = 0;                        /* without EDNS */
    size_t end = 12;
    while (end < (size_t)n && message[end])
        end += message[end] + 1u;
    end += 5;
    if (is_v4) {
        memcpy(message + end, answer, sizeof answer);
        end += sizeof answer;
    }
    CHECK(sendto(fd, message, end, 0, (struct sockaddr *)&from, from_len) == (ssize_t)end);
}

static void name_server_open(struct name_server *server)
{
    const struct sockaddr_in a = loopback("127.0.0.1", 53);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    CHECK(fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof a) == 0);
    server->event = event_new(base, fd, EV_READ | EV_PERSIST, on_question, server);
    CHECK(server->event && event_add(server->event, NULL) == 0);
}

static void name_server_close(struct name_server *server)
{
    evutil_closesocket(event_get_fd(server->event));
    event_free(server->event);
}

static void a_name_server_may_come_later(void)
{
    struct name_server server = {.speaks = true};

    CHECK_TEXT(dialed_within("boardhost.example", LOOKUP_LIMIT_MS),
               evutil_gai_strerror(EVUTIL_EAI_AGAIN)); /* nobody is at 127.0.0.1 */
    name_server_open(&server);
    write_file("/etc/resolv.conf", "nameserver 127.0.0.1\n");
    CHECK_TEXT(dialed("boardhost.example"), "connected");
    name_server_close(&server);
    unlink("/etc/resolv.conf");
}

static void a_silent_name_server_is_told_and_may_be_replaced(void)
{
    struct name_server server = {.speaks = false};

    name_server_open(&server);
    write_file("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30\n");
    const char *said = dialed_within("boardhost.example", LOOKUP_LIMIT_MS);
    CHECK(strstr(said, "no answer to the look-up"));
    CHECK_TEXT(dialed("localhost"), "connected"); /* while the other look-up goes on */
    server.speaks = true;
    CHECK_TEXT(dialed("boardhost.example"), "connected");
    name_server_close(&server);
    unlink("/etc/resolv.conf");
}

/* The system may choose the port that is called for the caller's own, where nobody listens yet: TCP
 * then connects the socket to itself, and nobody else can have that port any more. */
static void nobody_answers_himself(void)
{
    static const char range[] = "/proc/sys/net/ipv4/ip_local_port_range";
    const unsigned before = port;

    if (tell_kernel(range, "40000 40001") < 0) {
        printf("skip: %s cannot be written\n", range);
        return;
    }
    for (port = 40000; port <= 40001; port++)
        CHECK_TEXT(dialed("127.0.0.1"), reach_text(-ECONNREFUSED));
    CHECK(tell_kernel(range, "32768 60999") == 0);
    port = before;
}

static void on_accepted(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from,
                        int len, void *ctx)
{
    (void)l;
    (void)from;
    (void)len;
    (void)ctx;
    evutil_closesocket(fd);
}

static struct evconnlistener *listen_somewhere(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    struct evconnlistener *l = evconnlistener_new_bind(
        base, on_accepted, NULL, LEV_OPT_CLOSE_ON_FREE, -1, (struct sockaddr *)&a, sizeof a);

    CHECK(l && getsockname(evconnlistener_get_fd(l), (struct sockaddr *)&a, &len) == 0);
    port = ntohs(a.sin_port);
    return l;
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(localhost_is_known_without_etc),
        TEST(names_of_hosts_are_known_without_resolv_conf),
        TEST(names_of_hosts_are_known_without_a_name_server),
        TEST(a_silent_address_is_not_waited_for),
        TEST(a_name_server_may_come_later),
        TEST(a_silent_name_server_is_told_and_may_be_replaced),
        TEST(nobody_answers_himself),
    };

    CHECK(os_init(&argc, &argv) == 0);
    int r = empty_etc();
    if (r < 0) {
        printf("skip: this machine gives no namespaces: %s\n", strerror(-r));
        return SKIPPED;
    }
    write_file("/etc/host.conf", "multi on\n"); /* all addresses of a name; read once */
    raise_loopback();
    base = loop_new(false);
    CHECK(base);
    struct evconnlistener *listener = listen_somewhere();
    int failed = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    evconnlistener_free(listener);
    loop_free(base);
    return failed;
}
