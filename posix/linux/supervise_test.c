/*
 * Whether programs can be supervised here, found out with a scratch process; see
 * common/seam/supervise.h.
 */
#include "supervise.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error_text.h"
#include "os_ioctl.h"
#include "supervise_listener.h"

enum {
    TEST_MS = 2000,
    TEST_FD = 1000, /* of the self-test's request; need not be open */
    TEST_VALUE = 0x5e7f,
};

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
    supervise_listener_install(socket);
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
    int r = supervise_listener_take(listener, &call);
    if (r < 0)
        return r;
    r = supervise_write(&call, call.argument, &value, sizeof value);
    supervise_listener_answer(listener, call.id, 0, 0);
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
    int listener = pid < 0 ? -errno : supervise_listener_receive(sockets[0]);
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
