/*
 * Two that start for the same link at once are kept apart by a lock on the folder.
 */
#define _GNU_SOURCE
#include "local_socket.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/listener.h>

#include "log.h"
#include "named_socket.h"
#include "timer.h"

enum { LOCK_TRIES = 100, LOCK_PAUSE_MS = 10, ACCEPT_RETRY_MS = 500, LOOK_MS = 2000, BACKLOG = 128 };

struct local_socket {
    struct event_base *base;
    struct evconnlistener *listener;
    struct timer retry; /* after the system had no descriptor for a new connection */
    struct timer look;  /* whether the file is there still */
    int folder;         /* -1: without a file */
    char *link;         /* also NULL */
    dev_t device;       /* of the file, */
    ino_t inode;        /* which somebody may remove, or its folder */
    char name[NAME_MAX + 1];
    void (*accepted)(void *ctx, evutil_socket_t fd);
    void *ctx;
};

/* Opens the folder of `link` and writes the socket's name in it. Returns the folder or -errno. */
static int find_place(const char *link, char name[static NAME_MAX + 1])
{
    char folder[PATH_MAX];
    const char *slash = strrchr(link, '/');
    const char *base = slash ? slash + 1 : link;

    if (!*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        return -EINVAL;
    if (snprintf(name, NAME_MAX + 1, ".%s.net2pty", base) > NAME_MAX)
        return -ENAMETOOLONG;
    int len = slash ? (int)(slash - link) : 0;
    if (snprintf(folder, sizeof folder, "%.*s%s", len, link,
                 !slash ? "."
                 : len  ? ""
                        : "/") >= PATH_MAX)
        return -ENAMETOOLONG;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* A socket's address has room for 107 bytes only: the folder is named by its descriptor. */
static int make_address(int folder, const char *name, struct sockaddr_un *un)
{
    *un = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(un->sun_path, sizeof un->sun_path, "/proc/self/fd/%d/%s", folder, name);
    return n < (int)sizeof un->sun_path ? 0 : -ENAMETOOLONG;
}

/* The process at the other end: the one that connected, or that listens. Returns whether it is ours
 * or root's, or of `other`. */
static bool is_trusted(int fd, uid_t other)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return false;
    return peer.uid == 0 || peer.uid == geteuid() || peer.uid == other;
}

static int connect_at(int folder, const char *name)
{
    struct sockaddr_un un;
    int r = make_address(folder, name, &un);

    return r < 0 ? r : named_socket_connect_to(&un, sizeof un);
}

int local_socket_absolute(const char *link, char path[static LOCAL_SOCKET_PATH_MAX])
{
    char folder[PATH_MAX], real[PATH_MAX];
    const char *slash = strrchr(link, '/');
    int len = !slash ? 1 : slash == link ? 1 : (int)(slash - link);

    if (snprintf(folder, sizeof folder, "%.*s", len, slash ? link : ".") >= PATH_MAX)
        return -ENAMETOOLONG;
    if (!realpath(folder, real))
        return -errno;
    int n = snprintf(path, LOCAL_SOCKET_PATH_MAX, "%s/%s", real[1] ? real : "",
                     slash ? slash + 1 : link);
    return n < LOCAL_SOCKET_PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Root may ask about everybody's links: of the one who has made the link, but of no other. */
static uid_t owner_to_trust(int folder, const char *link)
{
    const char *slash = strrchr(link, '/');
    struct stat st;

    if (geteuid() != 0 || fstatat(folder, slash ? slash + 1 : link, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return geteuid();
    return st.st_uid;
}

evutil_socket_t local_socket_connect(const char *link)
{
    char name[NAME_MAX + 1];
    int folder = find_place(link, name);

    if (folder < 0)
        return folder;
    int fd = connect_at(folder, name);
    if (fd >= 0 && !is_trusted(fd, owner_to_trust(folder, link))) {
        close(fd);
        fd = -EKEYREJECTED;
    }
    close(folder);
    return fd;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa,
                      int len, void *ctx)
{
    struct local_socket *l = ctx;

    (void)listener;
    (void)sa;
    (void)len;
    /* no file's permissions are in front of one in the abstract name space */
    if (is_trusted(fd, geteuid()))
        l->accepted(l->ctx, fd);
    else
        close(fd);
}

/* The waiting connection stays readable, so the listener has to rest. */
static void on_accept_error(struct evconnlistener *listener, void *ctx)
{
    struct local_socket *l = ctx;

    log_warn("%s: cannot accept a connection: %s", l->name,
             evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    evconnlistener_disable(listener);
    timer_in_ms(&l->retry, ACCEPT_RETRY_MS);
}

static void on_retry(void *ctx)
{
    struct local_socket *l = ctx;

    evconnlistener_enable(l->listener);
}

/* Whether the file of that name in the folder is ours. */
static bool is_ours(const struct local_socket *l, int folder, const char *name)
{
    struct stat st;

    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == l->device &&
           st.st_ino == l->inode;
}

static void note_file(struct local_socket *l)
{
    struct stat st;

    if (fstatat(l->folder, l->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    l->device = st.st_dev;
    l->inode = st.st_ino;
}

/* Listens at a socket that has its address, and is ours from here. Returns 0 or -ENOMEM. */
static int listen_at_socket(struct local_socket *l, int fd)
{
    const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
    struct evconnlistener *listener = evconnlistener_new(l->base, on_accept, l, flags, BACKLOG, fd);

    if (!listener) {
        close(fd);
        return -ENOMEM;
    }
    if (l->listener) /* at a file that is no more */
        evconnlistener_free(l->listener);
    l->listener = listener;
    evconnlistener_set_error_cb(l->listener, on_accept_error);
    return 0;
}

/* Makes a file in the folder, and listens at it. Returns 0 or -errno. */
static int listen_at_file(struct local_socket *l, const struct sockaddr_un *un)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    /* the file gets the socket's mode: it is never anybody else's, not even for a moment */
    if (fchmod(fd, S_IRUSR | S_IWUSR) < 0 ||
        bind(fd, (const struct sockaddr *)un, sizeof *un) < 0) {
        int r = -errno;

        close(fd);
        return r;
    }
    int r = listen_at_socket(l, fd);
    if (r < 0)
        unlinkat(l->folder, l->name, 0);
    else
        note_file(l);
    return r;
}

/* Locks the folder against another one that starts. Anybody who may open it can hold that lock: so
 * it is tried so many times, and not waited for for ever. Returns 0 or -errno. */
static int lock_folder(int folder, int tries)
{
    const struct timespec pause = {0, LOCK_PAUSE_MS * 1000000};

    for (int i = 0; i < tries; i++) {
        if (flock(folder, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK)
            return -errno;
        if (i + 1 < tries)
            nanosleep(&pause, NULL);
    }
    return -EWOULDBLOCK;
}

/* Binds and listens in a folder that is locked. Returns 0 or -errno. */
static int listen_at(struct local_socket *l, const char *link, bool *stale)
{
    struct sockaddr_un un;
    int r = make_address(l->folder, l->name, &un);

    if (r < 0)
        return r;
    int living = connect_at(l->folder, l->name);
    if (living >= 0) {
        bool trusted = is_trusted(living, owner_to_trust(l->folder, link));

        close(living);
        return trusted ? -EADDRINUSE : -EEXIST;
    }
    if (living != -ENOENT && living != -ECONNREFUSED)
        return living == -EACCES || living == -EAGAIN ? -EADDRINUSE : living;
    struct stat st;
    /* a file that is no socket refuses a connection, too; a stranger's says nothing about the link
     */
    if (living == -ECONNREFUSED &&
        (fstatat(l->folder, l->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK(st.st_mode) ||
         (st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0)))
        return -EEXIST;
    *stale = living == -ECONNREFUSED;
    if (*stale && unlinkat(l->folder, l->name, 0) < 0)
        return -errno;
    return listen_at_file(l, &un);
}

static void say_error(const char *link, int r, char error[static LOCAL_SOCKET_ERROR_MAX])
{
    if (r == -EADDRINUSE)
        snprintf(error, LOCAL_SOCKET_ERROR_MAX,
                 "%.200s: another net2pty serves it; `net2pty --status %.200s` tells more", link,
                 link);
    else if (r == -ENOENT || r == -ENOTDIR)
        snprintf(error, LOCAL_SOCKET_ERROR_MAX, "%.200s: its folder does not exist", link);
    else if (r == -EEXIST)
        snprintf(error, LOCAL_SOCKET_ERROR_MAX,
                 "%.200s: the name of the socket beside it, .NAME.net2pty, is taken by something "
                 "else",
                 link);
    else if (r == -EWOULDBLOCK)
        snprintf(error, LOCAL_SOCKET_ERROR_MAX,
                 "%.200s: another program keeps its folder locked (flock); choose another folder",
                 link);
    else if (r == -EACCES || r == -EPERM || r == -EROFS)
        snprintf(error, LOCAL_SOCKET_ERROR_MAX,
                 "%.200s: its folder is not writable for you; choose one that is, such as "
                 "/tmp/ttyS5 or /dev/shm/ttyS5",
                 link);
    else
        snprintf(error, LOCAL_SOCKET_ERROR_MAX, "%.200s: cannot make a socket beside it: %s", link,
                 strerror(-r));
}

/* --- a file that somebody removes --------------------------------------------------------------
 */

/* In a folder that may be another one by now. A file of others that is there stays. */
static void make_again(struct local_socket *l, int folder)
{
    const int before = l->folder;
    bool stale;

    l->folder = folder;
    int r = lock_folder(folder, 1);
    if (r == 0) {
        r = listen_at(l, l->link, &stale);
        flock(folder, LOCK_UN);
    }
    if (r == 0)
        log_warn("%s: somebody has removed the socket beside it, by which it is asked: it is made "
                 "again",
                 l->link);
    else
        l->folder = before;
    close(r == 0 ? before : folder);
}

static void on_look(void *ctx)
{
    struct local_socket *l = ctx;
    char name[NAME_MAX + 1];

    int folder = find_place(l->link, name);
    if (folder >= 0 && !is_ours(l, folder, name))
        make_again(l, folder);
    else if (folder >= 0)
        close(folder);
    timer_in_ms(&l->look, LOOK_MS);
}

/* Returns 0 or -ENOMEM. */
static int begin_to_look(struct local_socket *l, const char *link)
{
    l->link = strdup(link);
    timer_make(&l->look, l->base, on_look, l);
    if (!l->link)
        return -ENOMEM;
    timer_in_ms(&l->look, LOOK_MS);
    return 0;
}

struct local_socket *local_socket_listen(struct event_base *base, const char *link,
                                         void (*accepted)(void *ctx, evutil_socket_t fd), void *ctx,
                                         bool *stale, int *r,
                                         char error[static LOCAL_SOCKET_ERROR_MAX])
{
    struct local_socket *l = calloc(1, sizeof *l);

    *stale = false;
    if (!l) {
        *r = -ENOMEM;
        say_error(link, *r, error);
        return NULL;
    }
    l->base = base;
    timer_make(&l->retry, base, on_retry, l);
    l->accepted = accepted;
    l->ctx = ctx;
    l->folder = find_place(link, l->name);
    *r = l->folder < 0 ? l->folder : 0;
    if (*r == 0) {
        *r = lock_folder(l->folder, LOCK_TRIES);
        if (*r == 0)
            *r = listen_at(l, link, stale);
        flock(l->folder, LOCK_UN);
    }
    if (*r == 0)
        *r = begin_to_look(l, link);
    if (*r < 0) {
        say_error(link, *r, error);
        local_socket_free(l);
        return NULL;
    }
    return l;
}

/* --- without a file ----------------------------------------------------------------------------
 */

struct local_socket *local_socket_listen_named(struct event_base *base,
                                               void (*accepted)(void *ctx, evutil_socket_t fd),
                                               void *ctx, char error[static LOCAL_SOCKET_ERROR_MAX])
{
    struct local_socket *l = calloc(1, sizeof *l);

    snprintf(error, LOCAL_SOCKET_ERROR_MAX, "out of memory");
    if (!l)
        return NULL;
    l->base = base;
    timer_make(&l->retry, base, on_retry, l);
    l->folder = -1;
    l->accepted = accepted;
    l->ctx = ctx;
    int r = named_socket_new("net2pty", l->name);
    if (r >= 0)
        r = listen_at_socket(l, r);
    if (r < 0) {
        snprintf(error, LOCAL_SOCKET_ERROR_MAX, "cannot make a socket: %s", strerror(-r));
        local_socket_free(l);
        return NULL;
    }
    return l;
}

const char *local_socket_name(const struct local_socket *l)
{
    return l->name;
}

int local_socket_limit(evutil_socket_t fd, unsigned ms)
{
    const struct timeval limit = {ms / 1000, ms % 1000 * 1000};

    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ? -errno : 0;
}

evutil_socket_t local_socket_connect_named(const char *name)
{
    int fd = named_socket_connect(name);

    if (fd >= 0 && !is_trusted(fd, geteuid())) {
        close(fd);
        fd = -EKEYREJECTED;
    }
    return fd;
}

/* -----------------------------------------------------------------------------------------------
 */

void local_socket_free(struct local_socket *l)
{
    if (!l)
        return;
    if (l->listener && l->folder >= 0 && is_ours(l, l->folder, l->name))
        unlinkat(l->folder, l->name, 0);
    if (l->listener)
        evconnlistener_free(l->listener);
    timer_stop(&l->retry);
    timer_stop(&l->look);
    free(l->link);
    if (l->folder >= 0)
        close(l->folder);
    free(l);
}

void local_socket_each(const char *folder, void (*take)(void *ctx, const char *link), void *ctx)
{
    static const char suffix[] = ".net2pty";
    DIR *d = opendir(folder);

    if (!d)
        return;
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        const size_t len = strlen(e->d_name);
        char link[PATH_MAX];

        if (e->d_name[0] != '.' || len < sizeof suffix + 1 ||
            strcmp(e->d_name + len - strlen(suffix), suffix) != 0)
            continue;
        if (snprintf(link, sizeof link, "%s/%.*s", folder, (int)(len - sizeof suffix),
                     e->d_name + 1) < (int)sizeof link)
            take(ctx, link);
    }
    closedir(d);
}
