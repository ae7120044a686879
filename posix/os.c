/*
 * Process and sockets on POSIX systems; see common/seam/os.h.
 */
#include "os.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

enum { DESCRIPTORS_MAX = 65536 };

int os_init(int *argc, char ***argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)argc;
    (void)argv;
    /* In a container process 1 is given everybody's orphans, and ignored they leave no zombies. */
    if (getpid() == 1 && sigaction(SIGCHLD, &ignore, NULL) < 0)
        return -errno;
    return sigaction(SIGPIPE, &ignore, NULL) < 0 ? -errno : 0;
}

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

enum { STOP_SIGNALS = sizeof stop_signals / sizeof *stop_signals };

static struct {
    struct event *events[STOP_SIGNALS + 1];
    void (*stop)(void *ctx);
    void (*report)(void *ctx);
    void *ctx;
} watch;

static void on_signal(evutil_socket_t signal, short what, void *ctx)
{
    (void)what;
    (void)ctx;
    if (signal == SIGUSR1)
        watch.report(watch.ctx);
    else
        watch.stop(watch.ctx);
}

static int watch_signal(struct event_base *base, int signal, struct event **event)
{
    *event = evsignal_new(base, signal, on_signal, NULL);
    return !*event || event_add(*event, NULL) < 0 ? -ENOMEM : 0;
}

int os_watch_requests(struct event_base *base, void (*stop)(void *ctx), void (*report)(void *ctx),
                      void *ctx)
{
    int r = 0;

    watch.stop = stop;
    watch.report = report;
    watch.ctx = ctx;
    for (int i = 0; i < STOP_SIGNALS && r == 0; i++) {
        struct sigaction now;

        /* nohup, and shells for what they put in the background, ignore some on purpose */
        if (sigaction(stop_signals[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
            continue;
        r = watch_signal(base, stop_signals[i], &watch.events[i]);
    }
    if (r == 0 && report)
        r = watch_signal(base, SIGUSR1, &watch.events[STOP_SIGNALS]);
    if (r < 0)
        os_unwatch_requests();
    return r;
}

void os_unwatch_requests(void)
{
    for (int i = 0; i <= STOP_SIGNALS; i++) {
        if (watch.events[i])
            event_free(watch.events[i]);
        watch.events[i] = NULL;
    }
}

size_t os_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 256; /* what POSIX promises is less, but no system has so few */
    if (limit.rlim_cur < DESCRIPTORS_MAX) {
        struct rlimit more = limit;

        more.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            limit = more;
    }
    return limit.rlim_cur < DESCRIPTORS_MAX ? (size_t)limit.rlim_cur : DESCRIPTORS_MAX;
}

const char *os_listen_advice(int error)
{
    if (error == EADDRINUSE)
        return "another program has it (`ss -ltnp` as root says which); choose another port, or 0 "
               "for any";
    if (error == EACCES)
        return "ports below 1024 are for root; choose a higher one";
    return NULL;
}

void os_firewall_hint(uint16_t port, char *text, size_t size)
{
    (void)port;
    if (size > 0)
        text[0] = '\0';
}

/* The inode of the socket that listens on `port`, from a table of the kernel's; 0 if none. */
static unsigned long listener_inode(const char *table, uint16_t port)
{
    FILE *f = fopen(table, "re");
    char line[512];
    unsigned long found = 0;

    if (!f)
        return 0;
    while (!found && fgets(line, sizeof line, f)) {
        unsigned local = 0, state = 0;
        unsigned long inode = 0;

        /* sl local_address rem_address st queues tr:when retrnsmt uid timeout inode */
        if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu",
                   &local, &state, &inode) == 3 &&
            local == port && state == 10 /* TCP_LISTEN */)
            found = inode;
    }
    fclose(f);
    return found;
}

/* Whether process `pid` has `target` open; other users' processes do not tell. */
static bool process_has_open(const char *pid, const char *target)
{
    char path[300], link[300];
    bool found = false;

    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *dir = opendir(path);
    if (!dir)
        return false;
    for (struct dirent *e = readdir(dir); e && !found; e = readdir(dir)) {
        ssize_t n = readlinkat(dirfd(dir), e->d_name, link, sizeof link - 1);

        if (n < 0)
            continue;
        link[n] = '\0';
        found = strcmp(link, target) == 0;
    }
    closedir(dir);
    return found;
}

static void process_name(const char *pid, char *name, size_t size)
{
    char path[300], comm[64] = "?";

    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    FILE *f = fopen(path, "re");
    if (f) {
        if (fgets(comm, sizeof comm, f))
            comm[strcspn(comm, "\n")] = '\0';
        fclose(f);
    }
    snprintf(name, size, "%s (pid %s)", comm, pid);
}

int os_file_owner(const char *path, char *name, size_t size)
{
    DIR *proc = opendir("/proc");
    bool found = false;

    if (!proc)
        return -ENOENT;
    for (struct dirent *e = readdir(proc); e && !found; e = readdir(proc)) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9' || atoi(e->d_name) == getpid())
            continue;
        found = process_has_open(e->d_name, path);
        if (found)
            process_name(e->d_name, name, size);
    }
    closedir(proc);
    return found ? 0 : -ENOENT;
}

int os_port_owner(uint16_t port, bool ipv6_only, char *name, size_t size)
{
    unsigned long inode = ipv6_only ? 0 : listener_inode("/proc/net/tcp", port);
    char target[64];

    if (!inode)
        inode = listener_inode("/proc/net/tcp6", port);
    if (!inode)
        return -ENOENT;
    snprintf(target, sizeof target, "socket:[%lu]", inode);
    return os_file_owner(target, name, size);
}
