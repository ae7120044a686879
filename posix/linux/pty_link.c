/*
 * Between a look at the file at a path and the change of it somebody may put another file there. So
 * a new link is made under another name and put in its place by renameat2(2). This replaces nothing
 * or tells what it has replaced. A file that may not be replaced is put back.
 */
#define _GNU_SOURCE
#include "pty_link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE /* of <linux/fs.h>; musl has no name for them */
#define RENAME_NOREPLACE (1 << 0)
#define RENAME_EXCHANGE (1 << 1)
#endif

enum { NAMES = 100, ROUNDS = 10 };

static int say(char error[static VPORT_ERROR_MAX], const char *link, int e, bool dangling)
{
    if (e == EEXIST)
        snprintf(error, VPORT_ERROR_MAX,
                 "%.200s: is there already and was not made by net2pty; remove it or choose "
                 "another name%s",
                 link, dangling ? ", or say --replace, as it is a link that leads nowhere" : "");
    else if (e == EACCES || e == EPERM || e == EROFS)
        snprintf(error, VPORT_ERROR_MAX,
                 "%.200s: cannot make a link there: %s; choose a folder of yours, such as "
                 "/tmp/ttyS5 or /dev/shm/ttyS5",
                 link, strerror(e));
    else if (e == ENOENT)
        snprintf(error, VPORT_ERROR_MAX, "%.200s: its folder does not exist", link);
    else
        snprintf(error, VPORT_ERROR_MAX, "%.200s: cannot make the link: %s", link, strerror(e));
    return -e;
}

/* Returns whether it is a symbolic link, with its target. */
static bool read_target(const char *link, char target[static PATH_MAX])
{
    ssize_t n = readlink(link, target, PATH_MAX - 1);

    if (n < 0)
        return false;
    target[n] = '\0';
    return true;
}

static bool leads_nowhere(const char *link)
{
    struct stat st;

    return lstat(link, &st) == 0 && S_ISLNK(st.st_mode) && stat(link, &st) < 0 && errno == ENOENT;
}

static bool may_be_replaced(const char *link, const struct pty_link_over *over)
{
    static const char ptys[] = "/dev/pts/";
    char target[PATH_MAX];

    if (!read_target(link, target))
        return false;
    return (over->ours && strcmp(target, over->ours) == 0) ||
           (over->stale && strncmp(target, ptys, strlen(ptys)) == 0) ||
           (over->dangling && leads_nowhere(link));
}

/* By number, as not every C library has a name for it. Returns 0 or -errno: -EINVAL or -ENOSYS
 * where file system or kernel do not know it. */
static int rename_with(const char *from, const char *to, unsigned flags)
{
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags) < 0 ? -errno : 0;
}

static bool is_unknown(int r)
{
    return r == -EINVAL || r == -ENOSYS || r == -EOPNOTSUPP;
}

/* Renames unless something is at `to`. */
static int rename_to_free(const char *from, const char *to)
{
    int r = rename_with(from, to, RENAME_NOREPLACE);

    if (!is_unknown(r))
        return r;
    /* a second name of the link itself replaces nothing either */
    if (linkat(AT_FDCWD, from, AT_FDCWD, to, 0) < 0)
        return -errno;
    return unlink(from) < 0 ? -errno : 0;
}

/* Renames over the file at `to`, if that is allowed. -ENOENT: it is not there any more. A file that
 * appears at `from` otherwise is not ours to remove unless it leads to `target`. */
static int rename_over(const char *from, const char *to, const char *target,
                       const struct pty_link_over *over)
{
    struct stat st;

    if (!may_be_replaced(to, over))
        return lstat(to, &st) < 0 ? -errno : -EEXIST;
    int r = rename_with(from, to, RENAME_EXCHANGE);
    if (is_unknown(r)) /* a moment is left in which it may become something else */
        return rename(from, to) < 0 ? -errno : 0;
    if (r < 0)
        return r;
    if (may_be_replaced(from, over)) {
        unlink(from);
        return 0;
    }
    r = rename_with(from, to, RENAME_EXCHANGE);
    if (r == 0 && pty_link_look(from, target) < 0)
        /* somebody has put a second thing there meanwhile: the later one stays */
        r = rename_with(from, to, RENAME_EXCHANGE);
    return r < 0 ? r : -EEXIST;
}

/* Makes the link under a name that is free. Returns 0 or -errno. */
static int make_aside(const char *link, const char *target, char aside[static PATH_MAX])
{
    for (int i = 0; i < NAMES; i++) {
        if (snprintf(aside, PATH_MAX, "%s.%ld.%d.new", link, (long)getpid(), i) >= PATH_MAX)
            return -ENAMETOOLONG;
        if (symlink(target, aside) == 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

/* By a descriptor of the very link. At its path may be another one by now, to a file that is not
 * ours to give away. Returns 0 or -errno. */
static int give_away(const char *link, const char *target, uid_t uid, gid_t gid)
{
    char now[PATH_MAX];
    int fd = open(link, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int r = 0;

    if (fd < 0)
        return -errno;
    ssize_t n = readlinkat(fd, "", now, sizeof now - 1);
    now[n > 0 ? n : 0] = '\0';
    if (strcmp(now, target) != 0)
        r = -EEXIST;
    else if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
        r = -errno;
    close(fd);
    return r;
}

int pty_link_make(const char *link, const char *target, const struct pty_link_over *over, uid_t uid,
                  gid_t gid, char error[static VPORT_ERROR_MAX])
{
    char aside[PATH_MAX];
    int r = make_aside(link, target, aside);

    if (r < 0)
        return say(error, link, -r, false);
    if (uid != (uid_t)-1 || gid != (gid_t)-1)
        r = give_away(aside, target, uid, gid);
    if (r < 0) {
        unlink(aside);
        snprintf(error, VPORT_ERROR_MAX, "%.200s: cannot give it away: %s", link, strerror(-r));
        return r;
    }
    r = rename_to_free(aside, link);
    for (int i = 0; i < ROUNDS && r == -EEXIST; i++) {
        r = rename_over(aside, link, target, over);
        if (r != -ENOENT || pty_link_look(aside, target) < 0)
            break;
        r = rename_to_free(aside, link);
    }
    if (r == -ENOENT && pty_link_look(aside, target) == -EEXIST)
        r = rename_to_free(aside, link) == 0 ? -EEXIST : r; /* what was there is put back */
    if (r == 0)
        return 0;
    if (pty_link_look(aside, target) == 0)
        unlink(aside);
    return say(error, link, -r, !over->dangling && leads_nowhere(link));
}

void pty_link_remove(const char *link, const char *target)
{
    char aside[PATH_MAX];
    int r = -EEXIST;

    if (pty_link_look(link, target) < 0)
        return;
    for (int i = 0; i < NAMES && r == -EEXIST; i++) {
        if (snprintf(aside, sizeof aside, "%s.%ld.%d.old", link, (long)getpid(), i) >= PATH_MAX)
            return;
        r = rename_with(link, aside, RENAME_NOREPLACE);
    }
    if (is_unknown(r)) { /* a moment is left here, too */
        unlink(link);
        return;
    }
    if (r < 0)
        return;
    if (pty_link_look(aside, target) == 0)
        unlink(aside);
    else /* it became something else at the last moment */
        (void)rename_to_free(aside, link);
}

int pty_link_look(const char *link, const char *target)
{
    char now[PATH_MAX];
    struct stat st;

    if (lstat(link, &st) < 0)
        return -errno;
    return read_target(link, now) && strcmp(now, target) == 0 ? 0 : -EEXIST;
}
