#include "pty_link.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int say(char error[static VPORT_ERROR_MAX], const char *link, int e)
{
    if (e == EEXIST)
        snprintf(error, VPORT_ERROR_MAX,
                 "%.200s: is there already and was not made by net2pty; remove it or choose "
                 "another name",
                 link);
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

/* Whether it is a link as we make them; another one is somebody else's, whatever stands beside. */
static bool leads_to_pty(const char *link)
{
    static const char ptys[] = "/dev/pts/";
    char target[PATH_MAX];
    ssize_t n = readlink(link, target, sizeof target - 1);

    if (n < 0)
        return false;
    target[n] = '\0';
    return strncmp(target, ptys, strlen(ptys)) == 0;
}

int pty_link_make(const char *link, const char *target, bool replace, uid_t uid, gid_t gid,
                  char error[static VPORT_ERROR_MAX])
{
    char temporary[PATH_MAX];
    struct stat st;

    if (!replace) {
        if (symlink(target, link) < 0)
            return say(error, link, errno);
    } else {
        if (lstat(link, &st) == 0 && !leads_to_pty(link))
            return say(error, link, EEXIST);
        if (snprintf(temporary, sizeof temporary, "%s.%ld.new", link, (long)getpid()) >= PATH_MAX)
            return say(error, link, ENAMETOOLONG);
        unlink(temporary);
        if (symlink(target, temporary) < 0)
            return say(error, link, errno);
        if (rename(temporary, link) < 0) {
            int e = errno;

            unlink(temporary);
            return say(error, link, e);
        }
    }
    if ((uid != (uid_t)-1 || gid != (gid_t)-1) && lchown(link, uid, gid) < 0) {
        int e = errno;

        unlink(link);
        snprintf(error, VPORT_ERROR_MAX, "%.200s: cannot give it away: %s", link, strerror(e));
        return -e;
    }
    return 0;
}

void pty_link_remove(const char *link, const char *target)
{
    char now[PATH_MAX];
    ssize_t n = readlink(link, now, sizeof now - 1);

    if (n < 0)
        return;
    now[n] = '\0';
    if (strcmp(now, target) == 0)
        unlink(link);
}
