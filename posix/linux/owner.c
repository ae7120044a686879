/*
 * The owner of a port or a file on Linux, out of /proc; see common/seam/owner.h.
 */
#include "owner.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int owner_of_file(const char *path, char *name, size_t size)
{
    DIR *proc = opendir("/proc");
    bool found = false, certain = false;

    if (!proc)
        return -ENOENT;
    for (struct dirent *e = readdir(proc); e && !certain; e = readdir(proc)) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9' || atoi(e->d_name) == getpid())
            continue;
        if (!process_has_open(e->d_name, path))
            continue;
        found = true;
        process_name(e->d_name, name, size);
        certain = strncmp(name, "com2net ", 8) == 0;
    }
    closedir(proc);
    return found ? 0 : -ENOENT;
}

int owner_of_port(uint16_t port, bool ipv6_only, char *name, size_t size)
{
    unsigned long inode = ipv6_only ? 0 : listener_inode("/proc/net/tcp", port);
    char target[64];

    if (!inode)
        inode = listener_inode("/proc/net/tcp6", port);
    if (!inode)
        return -ENOENT;
    snprintf(target, sizeof target, "socket:[%lu]", inode);
    return owner_of_file(target, name, size);
}
