#include "supervise_listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/seccomp.h>

#include "os_ioctl.h"
#include "supervise_filter.h"

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

void supervise_listener_install(int socket)
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

int supervise_listener_receive(int socket)
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

int supervise_listener_take(int listener, struct supervise_call *call)
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

void supervise_listener_answer(int listener, uint64_t id, int result, unsigned flags)
{
    struct seccomp_notif_resp answer = {
        .id = id, .val = result > 0 ? result : 0, .error = result < 0 ? result : 0, .flags = flags};

    /* fails if the caller has gone, which is its right */
    (void)os_ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

bool supervise_listener_has(int listener, uint64_t id)
{
    return os_ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}
