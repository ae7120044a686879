/*
 * How a program starts on POSIX systems; see common/seam/startup.h.
 */
#include "startup.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 65536 };

int startup_init(int *argc, char ***argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)argc;
    (void)argv;
    /* In a container process 1 is given everybody's orphans, and ignored they leave no zombies. */
    if (getpid() == 1 && sigaction(SIGCHLD, &ignore, NULL) < 0)
        return -errno;
    return sigaction(SIGPIPE, &ignore, NULL) < 0 ? -errno : 0;
}

size_t startup_raise_descriptor_limit(void)
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

void startup_tell_crash(void (*tell)(const char *sentence))
{
    (void)tell;
}
