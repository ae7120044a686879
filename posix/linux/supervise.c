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
 * included. So the supervisor stays until the listener hangs up, which is when no filtered process
 * is left. The front tells COMMAND's status as soon as it is known.
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
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/elf.h>
#include <linux/seccomp.h>

#include <event2/event.h>

#include "absent_command.h"
#include "error_text.h"
#include "log.h"
#include "os_ioctl.h"
#include "supervise_filter.h"
#include "supervise_front.h"
#include "supervise_listener.h"
#include "supervise_preload.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

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

/* Takes the status of COMMAND, and of processes that it has left to us as its subreaper. */
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
        if (supervise_listener_take(fd, &call) == 0) {
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

/*
 * A parent in another group of the same session keeps a group from being orphaned. As COMMAND ends
 * the kernel would find that the group has lost such a parent. Where anything in the group is
 * stopped, the kernel hangs all of it up (kill_orphaned_pgrp in kernel/exit.c). That could be the
 * whole job of a CI runner. COMMAND stays in the session that it was forked in.
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
        supervise_preload_set();
    if (how == SUPERVISE_FILTER)
        supervise_listener_install(socket);
    if (read(socket, &go, 1) != 1)
        _exit(SUPERVISE_EXIT_FAILED);
    execvp(argv[0], argv);
    int error = errno;
    (void)!send(socket, &error, sizeof error, MSG_NOSIGNAL);
    _exit(error == ENOENT ? SUPERVISE_EXIT_NOT_FOUND : SUPERVISE_EXIT_CANNOT_RUN);
}

/* Receives the listener, lets the child continue, and learns whether it has become COMMAND. */
static int hand_over(struct supervisor *s, int socket, bool filtered)
{
    int error = 0;

    s->listener = filtered ? supervise_listener_receive(socket) : -1;
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
    snprintf(error, SUPERVISE_ERROR_MAX, "%.200s: %s%s%s", argv[0], error_text(-r),
             r == -ENOENT ? ": " : "", r == -ENOENT ? absent_command_advice(argv[0]) : "");
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
    supervise_listener_answer(s->listener, call->id, result, 0);
}

void supervise_continue(struct supervisor *s, const struct supervise_call *call)
{
    supervise_listener_answer(s->listener, call->id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

bool supervise_is_waiting(struct supervisor *s, const struct supervise_call *call)
{
    return supervise_listener_has(s->listener, call->id);
}
