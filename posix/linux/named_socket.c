#define _GNU_SOURCE
#include "named_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { LISTENS = 0x10000 }; /* __SO_ACCEPTCON of the kernel, in its table's flags */

/* The address of "@name". Returns its length, or -EINVAL. */
static int make_address(const char *name, struct sockaddr_un *un)
{
    size_t len = strlen(name);

    *un = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (name[0] != '@' || len > sizeof un->sun_path)
        return -EINVAL;
    memcpy(un->sun_path + 1, name + 1, len - 1);
    return (int)(offsetof(struct sockaddr_un, sun_path) + len);
}

int named_socket_new(const char *prefix, char name[static NAMED_SOCKET_MAX])
{
    struct sockaddr_un un;
    uint64_t random;

    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return -EIO;
    snprintf(name, NAMED_SOCKET_MAX, "@%.40s-%d-%016llx", prefix, (int)getpid(),
             (unsigned long long)random);
    int len = make_address(name, &un);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&un, (socklen_t)len) < 0) {
        int r = -errno;

        close(fd);
        return r;
    }
    return fd;
}

int named_socket_connect_to(const struct sockaddr_un *un, socklen_t len)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)un, len) < 0 || fcntl(fd, F_SETFL, 0) < 0) {
        int r = -errno;

        close(fd);
        return r;
    }
    return fd;
}

int named_socket_connect(const char *name)
{
    struct sockaddr_un un;
    int len = make_address(name, &un);

    return len < 0 ? len : named_socket_connect_to(&un, (socklen_t)len);
}

/* The name in a line of the kernel's table, of a socket that listens; or NULL. */
static const char *name_of(char *line)
{
    unsigned flags = 0;
    int at = 0;

    /* Num RefCount Protocol Flags Type St Inode Path */
    if (sscanf(line, "%*s %*x %*x %x %*x %*x %*u %n", &flags, &at) != 1 || at == 0 ||
        !(flags & LISTENS))
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    return line + at;
}

void named_socket_each(const char *prefix, bool (*take)(void *ctx, const char *name), void *ctx)
{
    const size_t len = strlen(prefix);
    FILE *f = fopen("/proc/net/unix", "re");
    char line[512];
    bool more = true;

    if (!f)
        return;
    while (more && fgets(line, sizeof line, f)) {
        const char *name = name_of(line);

        if (name && name[0] == '@' && strncmp(name + 1, prefix, len) == 0 && name[len + 1] == '-')
            more = take(ctx, name);
    }
    fclose(f);
}
