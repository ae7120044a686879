/*
 * The dialer's look-up of names where /etc lacks what it reads: in a mount namespace of its own,
 * with an empty /etc.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <event2/listener.h>
#include <event2/util.h>

#include "dialer.h"
#include "loop.h"
#include "os.h"
#include "test.h"

enum { SKIPPED = 77, LIMIT_MS = 5000 };

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
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return -errno;
    int r = tell_kernel("/proc/self/uid_map", users);
    if (r == 0)
        r = tell_kernel("/proc/self/setgroups", "deny");
    return r == 0 ? tell_kernel("/proc/self/gid_map", groups) : r;
}

/* Returns 0 or -errno. */
static int empty_etc(void)
{
    int r = unshare(CLONE_NEWNS) < 0 ? become_root() : 0;

    if (r < 0)
        return r;
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", "/etc", "tmpfs", 0, NULL) < 0)
        return -errno;
    return 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    CHECK(f && fputs(text, f) >= 0);
    CHECK(fclose(f) == 0);
}

static void on_connected(void *ctx, evutil_socket_t fd)
{
    (void)ctx;
    evutil_closesocket(fd);
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

/* What comes of a call of this name, at a port where somebody listens. */
static const char *dialed(const char *name)
{
    struct addr a = {.port = (uint16_t)port};

    snprintf(a.host, sizeof a.host, "%s", name);
    struct dialer *d = dialer_new(base, &a, &callbacks, NULL);
    CHECK(d);
    outcome = NULL;
    dialer_start(d);
    loop_run_until(base, has_come, NULL, LIMIT_MS);
    dialer_free(d);
    loop_settle(base);
    return outcome ? outcome : "nothing happened";
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
    };

    CHECK(os_init(&argc, &argv) == 0);
    int r = empty_etc();
    if (r < 0) {
        printf("skip: this machine gives no mount namespace: %s\n", strerror(-r));
        return SKIPPED;
    }
    base = loop_new(false);
    CHECK(base);
    struct evconnlistener *listener = listen_somewhere();
    int failed = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    evconnlistener_free(listener);
    loop_free(base);
    return failed;
}
