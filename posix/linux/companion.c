/* A program beside its starter's parent; see common/seam/companion.h. */
#define _GNU_SOURCE
#include "companion.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 1000, GRACE_MS = 5000, HIGHEST_CLOSED = 1024 };

/* Refers to a process even when its number is another's; -1 before Linux 5.3. */
static int pidfd_open(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Waits for one of two processes to end. Without descriptors for them it looks each second. */
static void wait_for_end(pid_t parent, int parent_fd, pid_t child)
{
    struct pollfd fds[] = {{.fd = parent_fd, .events = POLLIN},
                           {.fd = pidfd_open(child), .events = POLLIN}};
    const int limit = fds[0].fd < 0 || fds[1].fd < 0 ? LOOK_MS : -1;

    for (;;) {
        siginfo_t info = {0};

        if (poll(fds, 2, limit) > 0)
            break;
        if (kill(parent, 0) < 0 && errno == ESRCH)
            break;
        if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
            break;
    }
    if (fds[1].fd >= 0)
        close(fds[1].fd);
}

static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int end(pid_t child)
{
    int status;

    kill(child, SIGTERM);
    for (int waited = 0; waitpid(child, &status, WNOHANG) == 0; waited += 10) {
        if (waited >= GRACE_MS)
            kill(child, SIGKILL);
        usleep(10000);
    }
    return status_of(status);
}

static volatile sig_atomic_t stopped;
static volatile pid_t to_stop;

static void on_stop(int number)
{
    (void)number;
    stopped = 1;
    kill(to_stop, SIGTERM);
}

static void close_all_but(int kept)
{
    for (int fd = STDERR_FILENO + 1; fd < HIGHEST_CLOSED; fd++)
        if (fd != kept)
            close(fd);
}

/* The folder may be everybody's: what others have put there in the log's place is not written to.
 */
static int redirect(const char *log)
{
    unlink(log);
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int out = open(log, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);

    if (nothing < 0 || out < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(out, STDERR_FILENO) < 0)
        return -errno;
    return 0;
}

/* The process between: the loader of a container's program cannot wait for a child of ours. */
__attribute__((noreturn)) static void watch(char *const argv[], const char *log, pid_t parent,
                                            int parent_fd)
{
    setsid();
    if (redirect(log) < 0)
        _exit(EXIT_FAILURE);
    close_all_but(parent_fd);
    const pid_t child = fork();
    if (child == 0) {
        execv("/proc/self/exe", argv);
        _exit(127);
    }
    if (child < 0)
        _exit(EXIT_FAILURE);
    to_stop = child;
    signal(SIGTERM, on_stop);
    if (!stopped)
        wait_for_end(parent, parent_fd, child);
    _exit(end(child));
}

int companion_start(char *const argv[], const char *log)
{
    const pid_t parent = getppid();
    const int parent_fd = pidfd_open(parent);
    const pid_t watcher = fork();
    const int error = errno;

    if (watcher == 0)
        watch(argv, log, parent, parent_fd);
    if (parent_fd >= 0)
        close(parent_fd);
    return watcher < 0 ? -error : (int)watcher;
}

bool companion_has_ended(int watcher, int *status)
{
    int s;

    if (waitpid((pid_t)watcher, &s, WNOHANG) != (pid_t)watcher)
        return false;
    *status = status_of(s);
    return true;
}

void companion_stop(int watcher)
{
    int status;

    kill((pid_t)watcher, SIGTERM);
    waitpid((pid_t)watcher, &status, 0);
}
