/*
 * The program that is stopped in a request: its descriptors, its memory, its signals. See
 * common/seam/supervise.h.
 */
#define _GNU_SOURCE
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os_ioctl.h"

enum {
    RESTART = -512, /* ERESTARTSYS: the kernel restarts the call, or interrupts it, as the program
                       has asked by SA_RESTART */
};

int supervise_identity(const struct supervise_call *call, struct vport_identity *identity)
{
    static int proc = -1; /* a way that is half as long, for every request */
    char path[64];
    struct stat st;

    if (proc < 0)
        proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(path, sizeof path, "%d/fd/%d", call->tid, call->fd);
    if (fstatat(proc, path, &st, 0) < 0)
        return -errno;
    *identity = (struct vport_identity){st.st_dev, st.st_ino, st.st_rdev};
    return 0;
}

/* Whether it is still the caller that has the number: another process may get it when the caller
 * ends. */
static bool is_still_it(const struct supervise_call *call)
{
    return !call->by || supervise_is_waiting(call->by, call);
}

/* By way of /proc, where a container's seccomp profile refuses process_vm_readv and _writev. The
 * memory that is open stays the same one, so that is looked at before it is used. */
static int copy_by_proc(const struct supervise_call *call, uint64_t address, void *data, size_t len,
                        bool to_caller)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/mem", call->tid);
    int fd = open(path, (to_caller ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (!is_still_it(call)) {
        close(fd);
        return -ESRCH;
    }
    ssize_t n =
        to_caller ? pwrite(fd, data, len, (off_t)address) : pread(fd, data, len, (off_t)address);
    int error = errno;
    close(fd);
    if (n == (ssize_t)len)
        return 0;
    if (n < 0 && error != EIO &&
        error != EINVAL) /* EINVAL: an address that no file offset can be */
        return -error;
    return -EFAULT;
}

static int copy(const struct supervise_call *call, uint64_t address, void *data, size_t len,
                bool to_caller)
{
    const struct iovec ours = {data, len};
    const struct iovec theirs = {(void *)(uintptr_t)address, len};

    if (to_caller && !is_still_it(call))
        return -ESRCH;
    ssize_t n = to_caller ? process_vm_writev(call->tid, &ours, 1, &theirs, 1, 0)
                          : process_vm_readv(call->tid, &ours, 1, &theirs, 1, 0);

    if (n == (ssize_t)len) /* what was read of another one is worth nothing */
        return to_caller || is_still_it(call) ? 0 : -ESRCH;
    if (n < 0 && (errno == EPERM || errno == ENOSYS))
        return copy_by_proc(call, address, data, len, to_caller);
    return n < 0 ? -errno : -EFAULT;
}

int supervise_read(const struct supervise_call *call, uint64_t address, void *data, size_t len)
{
    return copy(call, address, data, len, false);
}

int supervise_write(const struct supervise_call *call, uint64_t address, const void *data,
                    size_t len)
{
    /* process_vm_writev does not write to the buffers it is given */
    return copy(call, address, (void *)(uintptr_t)data, len, true);
}

/* The signals in /proc/TID/status. */
struct signals {
    uint64_t own, shared, blocked; /* pending ones, and the mask */
    uint64_t threads;
};

/* Takes a line, if it is the one that begins with `name`. */
static void take_number(const char *line, const char *name, int base, uint64_t *number)
{
    if (strncmp(line, name, strlen(name)) == 0)
        *number = strtoull(line + strlen(name), NULL, base);
}

/* Returns 0 or -errno. The groups of the user are in front of the signals, and can be very many. */
static int read_signals(int tid, struct signals *s)
{
    char path[64], *line = NULL;
    size_t size = 0;

    snprintf(path, sizeof path, "/proc/%d/status", tid);
    FILE *status = fopen(path, "re");
    if (!status)
        return -errno;
    while (getline(&line, &size, status) > 0) {
        take_number(line, "Threads:", 10, &s->threads);
        take_number(line, "SigPnd:", 16, &s->own);
        take_number(line, "ShdPnd:", 16, &s->shared);
        take_number(line, "SigBlk:", 16, &s->blocked);
    }
    free(line);
    fclose(status);
    return s->threads > 0 ? 0 : -ESRCH;
}

int supervise_interruption(const struct supervise_call *call)
{
    struct signals s = {0};

    if (read_signals(call->tid, &s) < 0)
        return -EINTR;
    if (((s.own | s.shared) & ~s.blocked) == 0)
        return 0;
    /* another thread may take a signal of the whole process. Then a restart has no reason, and the
     * kernel's number would be seen as an errno */
    bool ours = (s.own & ~s.blocked) || s.threads == 1;
    return ours && call->request == TIOCMIWAIT ? RESTART : -EINTR;
}
