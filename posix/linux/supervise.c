/*
 * Theory of operation. Three processes:
 *
 *   front       the one that was started (supervise_front.c)
 *   supervisor  its child: has the loop; parent of COMMAND and subreaper, as under Yama only an
 *               ancestor may read a program's memory; in a process group of its own, so that the
 *               terminal's Ctrl-C and Ctrl-Z are for COMMAND and front, and with COMMAND in a
 *               session of its own, see leave_session()
 *   COMMAND     and all that it starts, under the filter of supervise_filter.c
 *
 * Each stopped request arrives at the listener, a descriptor that the filter has given the
 * supervisor. When the listener is closed every stopped request fails with ENOSYS, isatty(3)
 * included: so the supervisor stays until the listener hangs up, which is when no filtered process
 * is left, and the front tells COMMAND's status as soon as it is known.
 */
#define _GNU_SOURCE
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/elf.h>
#include <linux/seccomp.h>

#include <event2/event.h>

#include "error_text.h"
#include "log.h"
#include "os_ioctl.h"
#include "supervise_filter.h"
#include "supervise_front.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

enum {
    RESTART = -512, /* ERESTARTSYS: the kernel restarts the call, or interrupts it, as the program
                       has asked by SA_RESTART */
    TEST_MS = 2000,
    TEST_FD = 1000, /* of the self-test's request; need not be open */
    TEST_VALUE = 0x5e7f,
};

struct supervisor {
    const struct supervise_callbacks *callbacks;
    void *ctx;
    int listener;
    pid_t command; /* 0 once it has ended */
    bool handed_over;
    bool finished;
    struct event *notified; /* NULL for a command that is only waited for */
    struct event *child;
};

static bool still_waits(int listener, uint64_t id)
{
    return os_ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* --- memory and descriptors of a caller --------------------------------------------------------
 */

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
    return !call->by || still_waits(call->by->listener, call->id);
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
    /* process_vm_writev does not write to what it is given */
    return copy(call, address, (void *)(uintptr_t)data, len, true);
}

/* What /proc/TID/status says of signals. */
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
    /* another thread may take a signal of the whole process: then there is nothing to restart for,
     * and the kernel's number would be seen as an errno */
    bool ours = (s.own & ~s.blocked) || s.threads == 1;
    return ours && call->request == TIOCMIWAIT ? RESTART : -EINTR;
}

/* --- starting ----------------------------------------------------------------------------------
 */

static int send_fd(int socket, int fd)
{
    char byte = 0;
    struct iovec data = {&byte, 1};
    char control[CMSG_SPACE(sizeof fd)] = {0};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Receives a descriptor, or the errno (as a negative number) that came in its place. */
static int receive_fd(int socket)
{
    int value = 0;
    struct iovec data = {&value, sizeof value};
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;

    if (c && c->cmsg_type == SCM_RIGHTS) {
        memcpy(&value, CMSG_DATA(c), sizeof value);
        return value;
    }
    return n == sizeof value && value > 0 ? -value : -EPROTO;
}

/* In the child: installs the filter and hands its listener over; ends the process if it cannot. */
static void install_and_send(int socket)
{
    int listener = supervise_filter_install();

    if (listener >= 0) {
        int r = send_fd(socket, listener);

        close(listener);
        if (r == 0)
            return;
        listener = r;
    }
    int error = -listener;
    (void)!send(socket, &error, sizeof error, MSG_NOSIGNAL);
    _exit(SUPERVISE_EXIT_FAILED);
}

/* Receives one notification. Returns 0 or -errno: -ENOENT if its caller has gone. */
static int receive_call(int listener, struct supervise_call *call)
{
    struct seccomp_notif n;

    memset(&n, 0, sizeof n); /* or it is refused */
    if (os_ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
        return -errno;
    *call = (struct supervise_call){.id = n.id,
                                    .tid = (int)n.pid,
                                    .fd = (int)n.data.args[0],
                                    .request = (unsigned)n.data.args[1],
                                    .argument = n.data.args[2],
                                    .compat = supervise_filter_is_compat(n.data.arch)};
    if (call->compat)
        call->argument = (uint32_t)call->argument;
    return 0;
}

static void send_answer(int listener, uint64_t id, int result, unsigned flags)
{
    struct seccomp_notif_resp answer = {
        .id = id, .val = result > 0 ? result : 0, .error = result < 0 ? result : 0, .flags = flags};

    /* fails if the caller has gone, which is its right */
    (void)os_ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

/* --- the self-test ------------------------------------------------------------------------------
 */

static void say_refusal(int error, bool memory, char text[static SUPERVISE_ERROR_MAX])
{
    const char *why;

    if (memory && (error == EPERM || error == EACCES))
        why = "Yama forbids to read another process's memory (kernel.yama.ptrace_scope is 2 or 3)";
    else if (error == EBUSY)
        why = "another supervisor is there already (LXC or sysbox intercept system calls, or this "
              "is inside another `net2pty ... --`)";
    else if (error == EINVAL)
        why = "the kernel knows no seccomp notification (gVisor, or Linux before 5.0)";
    else if (error == EPERM || error == EACCES || error == ENOSYS)
        why = "the container's seccomp profile forbids it";
    else
        why = error_text(error);
    snprintf(text, SUPERVISE_ERROR_MAX, "%s", why);
}

static _Noreturn void be_test_subject(const int sockets[static 2])
{
    const int socket = sockets[1];
    int value = 0;

    close(sockets[0]);
    install_and_send(socket);
    _exit(os_ioctl(TEST_FD, TIOCMGET, &value) == 0 && value == TEST_VALUE ? 0 : 1);
}

/* Answers the subject's one request. */
static int answer_test(int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    const int value = TEST_VALUE;
    struct supervise_call call = {0}; /* for a compiler that does not see that it is filled */

    if (poll(&p, 1, TEST_MS) != 1)
        return -ETIMEDOUT;
    int r = receive_call(listener, &call);
    if (r < 0)
        return r;
    r = supervise_write(&call, call.argument, &value, sizeof value);
    send_answer(listener, call.id, 0, 0);
    return r;
}

int supervise_test(char error[static SUPERVISE_ERROR_MAX])
{
    int sockets[2], status = 0, r = 0;
    bool memory = false;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        be_test_subject(sockets);
    close(sockets[1]);
    int listener = pid < 0 ? -errno : receive_fd(sockets[0]);
    if (listener >= 0) {
        r = answer_test(listener);
        memory = true;
        close(listener);
    } else {
        r = listener;
    }
    close(sockets[0]);
    if (pid > 0 && waitpid(pid, &status, 0) == pid && r == 0 && status != 0)
        r = -EPROTO;
    if (r < 0)
        say_refusal(-r, memory, error);
    return r;
}

/* --- COMMAND ------------------------------------------------------------------------------------
 */

/* Whether no filtered process is left, or, without a filter, no child. */
static bool is_empty(const struct supervisor *s)
{
    struct pollfd p = {.fd = s->listener, .events = POLLIN};

    siginfo_t info;

    if (s->listener < 0)
        return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
    return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) && !(p.revents & POLLIN);
}

static void finish(struct supervisor *s)
{
    if (s->finished)
        return;
    s->finished = true;
    if (s->notified)
        event_del(s->notified);
    supervise_front_follow(getpid()); /* it is we who are to end now */
    s->callbacks->finished(s->ctx);
}

/* Takes the status of COMMAND, and of what it has left to us as its subreaper. */
static void reap(struct supervisor *s, int flags)
{
    int status;

    for (pid_t pid = waitpid(-1, &status, flags); pid > 0; pid = waitpid(-1, &status, flags)) {
        if (pid != s->command)
            continue;
        s->command = 0;
        flags |= WNOHANG;
        s->callbacks->exited(
            s->ctx, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), !is_empty(s));
    }
}

static void on_child(evutil_socket_t number, short what, void *ctx)
{
    struct supervisor *s = ctx;

    (void)number;
    (void)what;
    reap(s, WNOHANG);
    if (s->command == 0 && is_empty(s))
        finish(s);
}

static void on_notified(evutil_socket_t fd, short what, void *ctx)
{
    struct supervisor *s = ctx;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct supervise_call call;

    (void)what;
    if (poll(&p, 1, 0) < 1)
        return;
    if (p.revents & POLLIN) {
        if (receive_call(fd, &call) == 0) {
            call.by = s;
            s->callbacks->called(s->ctx, &call);
        }
        return;
    }
    if (p.revents & POLLHUP) {
        if (s->command > 0) /* it is at its very end: nothing of it runs any more */
            reap(s, 0);
        finish(s);
    }
}

int supervise_find_preload(char path[static SUPERVISE_PATH_MAX])
{
    static const char *const places[] = {"", "../lib/net2pty/", "client/"};
    const char *said = getenv("NET2PTY_PRELOAD");
    char folder[SUPERVISE_PATH_MAX / 2];
    ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - 1);

    if (said) {
        snprintf(path, SUPERVISE_PATH_MAX, "%s", said);
        return access(path, R_OK) == 0 ? 0 : -ENOENT;
    }
    folder[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[1] = '\0';
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, SUPERVISE_PATH_MAX, "%s%s" SUPERVISE_PRELOAD_NAME, folder, places[i]);
        if (access(path, R_OK) == 0)
            return 0;
    }
    snprintf(path, SUPERVISE_PATH_MAX, "%s%s" SUPERVISE_PRELOAD_NAME, folder, places[1]);
    return -ENOENT;
}

/* Puts a path in front of those that the variable has already. */
static void put_in_front(const char *name, const char *path)
{
    const char *others = getenv(name);
    char value[2 * SUPERVISE_PATH_MAX];

    snprintf(value, sizeof value, "%s%s%s", path, others && *others ? ":" : "",
             others ? others : "");
    setenv(name, value, 1);
}

static void set_preload(void)
{
    char path[SUPERVISE_PATH_MAX];
    const char *library = path;

    if (supervise_find_preload(path) < 0)
        return;
    char *slash = strrchr(path, '/');
    if (slash && strchr(path, ' ')) { /* the loader ends a path there, but not a folder's */
        *slash = '\0';
        put_in_front("LD_LIBRARY_PATH", path);
        library = slash + 1;
    }
    put_in_front("LD_PRELOAD", library);
    put_in_front("ASAN_OPTIONS",
                 "verify_asan_link_order=0"); /* it would not start behind another */
}

/*
 * A parent in another group of the same session is what keeps a group from being orphaned, and as
 * COMMAND ends the kernel would find that the group has lost it: where anything in the group is
 * stopped, it hangs all of it up (kill_orphaned_pgrp in kernel/exit.c), such as the whole job of a
 * CI runner. COMMAND stays in the session that it was forked in.
 */
static void leave_session(void)
{
    (void)setsid();
}

/* The child until it is COMMAND. */
static _Noreturn void become_command(const int sockets[static 2], char *const argv[],
                                     enum supervise_how how, const char *requests)
{
    const int socket = sockets[1];
    char go;

    close(sockets[0]); /* or it would never tell that the supervisor has died */

    for (int i = 1; i < NSIG; i++) { /* what the loop has set, and what we ignore */
        struct sigaction now;

        if (sigaction(i, NULL, &now) < 0)
            continue;
        if (now.sa_handler != SIG_IGN || i == SIGPIPE || i == SIGTTOU || i == SIGCHLD)
            signal(i, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (requests)
        setenv(SUPERVISE_SOCKET, requests, 1);
    if (how == SUPERVISE_PRELOAD)
        set_preload();
    if (how == SUPERVISE_FILTER)
        install_and_send(socket);
    if (read(socket, &go, 1) != 1)
        _exit(SUPERVISE_EXIT_FAILED);
    execvp(argv[0], argv);
    int error = errno;
    (void)!send(socket, &error, sizeof error, MSG_NOSIGNAL);
    _exit(error == ENOENT ? SUPERVISE_EXIT_NOT_FOUND : SUPERVISE_EXIT_CANNOT_RUN);
}

/* Receives the listener, lets the child go on, and learns whether it has become COMMAND. */
static int hand_over(struct supervisor *s, int socket, bool filtered)
{
    int error = 0;

    s->listener = filtered ? receive_fd(socket) : -1;
    if (filtered && s->listener < 0)
        return s->listener;
    /* the caller and we take turns: on one processor that is several times faster */
    if (filtered)
        (void)ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    s->handed_over = true;
    if (send(socket, "", 1, MSG_NOSIGNAL) < 0)
        return -errno;
    /* closed by a successful exec */
    return recv(socket, &error, sizeof error, 0) == sizeof error ? -error : 0;
}

/* Says so if COMMAND's requests pass the filter unseen: a 32-bit supervisor has no numbers for
 * programs of 64 bits. One that has ended already has said none. */
static void warn_of_stranger(pid_t command, const char *name)
{
    uint8_t header[20]; /* the beginning of struct elf32_hdr and elf64_hdr */
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/exe", (int)command);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, header, sizeof header);
    if (fd >= 0)
        close(fd);
    if (n != sizeof header)
        return;
    bool big = header[EI_DATA] == ELFDATA2MSB;
    uint16_t machine = (uint16_t)(header[big ? 18 : 19] << 8 | header[big ? 19 : 18]);
    if (!supervise_filter_knows(machine))
        log_warn("%s: no modem lines, break and parity for it, as it is built for another "
                 "architecture than this net2pty; use a net2pty that is built for the same one",
                 name);
}

struct supervisor *supervise_start(struct event_base *base, char *const argv[],
                                   enum supervise_how how, const char *socket,
                                   const struct supervise_callbacks *callbacks, void *ctx,
                                   int *status, char error[static SUPERVISE_ERROR_MAX])
{
    const bool filtered = how == SUPERVISE_FILTER;
    struct supervisor *s = calloc(1, sizeof *s);
    int sockets[2] = {-1, -1};
    int r = -ENOMEM;

    *status = SUPERVISE_EXIT_FAILED;
    if (!s)
        goto fail;
    s->callbacks = callbacks;
    s->ctx = ctx;
    s->listener = -1;
    s->child = evsignal_new(base, SIGCHLD, on_child, s);
    if (!s->child || event_add(s->child, NULL) < 0)
        goto fail;
    r = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0 ? -errno : 0;
    if (r < 0)
        goto fail;
    setpgid(0, supervise_front_group()); /* COMMAND's; a session's first process cannot lead a group
                                            before */
    s->command = fork();
    if (s->command == 0)
        become_command(sockets, argv, how, socket);
    leave_session();
    r = s->command < 0 ? -errno : 0;
    close(sockets[1]);
    sockets[1] = -1;
    if (r == 0) { /* the front has to know before COMMAND can say that it is there */
        supervise_front_follow(s->command);
        r = hand_over(s, sockets[0], filtered);
    }
    if (r < 0)
        goto fail;
    s->notified =
        !filtered ? NULL : event_new(base, s->listener, EV_READ | EV_PERSIST, on_notified, s);
    if (filtered && (!s->notified || event_add(s->notified, NULL) < 0)) {
        r = -ENOMEM;
        goto fail;
    }
    close(sockets[0]);
    if (filtered)
        warn_of_stranger(s->command, argv[0]);
    return s;

fail:
    if (r == -ENOENT)
        *status = SUPERVISE_EXIT_NOT_FOUND;
    else if (s && s->handed_over)
        *status = SUPERVISE_EXIT_CANNOT_RUN;
    snprintf(error, SUPERVISE_ERROR_MAX, "%.200s: %s", argv[0], error_text(-r));
    if (sockets[0] >= 0)
        close(sockets[0]);
    supervise_free(s);
    return NULL;
}

void supervise_free(struct supervisor *s)
{
    if (!s)
        return;
    if (s->notified)
        event_free(s->notified);
    if (s->child)
        event_free(s->child);
    if (s->listener >= 0)
        close(s->listener);
    free(s);
}

bool supervise_stop(struct supervisor *s)
{
    return s->command > 0 && kill(s->command, SIGTERM) == 0;
}

void supervise_answer(struct supervisor *s, const struct supervise_call *call, int result)
{
    send_answer(s->listener, call->id, result, 0);
}

void supervise_continue(struct supervisor *s, const struct supervise_call *call)
{
    send_answer(s->listener, call->id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

bool supervise_is_waiting(struct supervisor *s, const struct supervise_call *call)
{
    return still_waits(s->listener, call->id);
}
