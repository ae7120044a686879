/*
 * libnet2pty-preload.so: loaded into a program by LD_PRELOAD. It sends the program's serial-port
 * requests on pseudo-terminals to its net2pty (NET2PTY_SOCKET). There they have the same meaning as
 * those of supervised programs (calls.h). Only for systems that forbid supervision: it serves
 * dynamically linked programs, and costs them a connection for each request.
 *
 * It is a guest. It keeps no state and no descriptor between calls. So forks, threads, signal
 * handlers and programs that close unknown descriptors are no matter. It has no thread, no handler,
 * and prints nothing; errno is the program's. It is linked to no C library and uses what all of
 * them have, so that one file serves programs of glibc and of musl.
 *
 * A connection for each request also gives signals their meaning. A waiting program is in recv(2),
 * which the kernel restarts or interrupts as the program has asked. Closing the socket tells
 * net2pty.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <asm/ioctls.h>
#include <asm/stat.h>

#include "ioctl_wire.h"

#ifndef __GLIBC__ /* musl has the same structure, with names that are not for us */
#define c_ispeed __c_ispeed
#define c_ospeed __c_ospeed
#endif

/* The same function under its real name: that of C libraries has other types in each of them. */
#define EXPORT(name) __asm__(name) __attribute__((visibility("default")))

int preload_ioctl(int fd, unsigned long request, ...) EXPORT("ioctl");
int preload_ioctl_time64(int fd, unsigned long request, ...) EXPORT("__ioctl_time64");
int preload_tcgetattr(int fd, struct termios *t) EXPORT("tcgetattr");
int preload_tcsetattr(int fd, int when, const struct termios *t) EXPORT("tcsetattr");
int preload_tcsendbreak(int fd, int duration) EXPORT("tcsendbreak");
int preload_tcdrain(int fd) EXPORT("tcdrain");

/* The kernel's struct termios, as TCGETS has it: c_cc is shorter than a C library's. */
enum { KERNEL_NCCS = 19 };

struct kernel_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line;
    uint8_t cc[KERNEL_NCCS];
};

struct kernel_termios2 {
    struct kernel_termios old;
    uint32_t ispeed, ospeed;
};

/* TCSETS2; <asm/termbits.h>, which has its structure, cannot be included beside <termios.h>. */
static const unsigned set_termios2 = _IOW('T', 0x2B, struct kernel_termios2);

enum { ANSWER_LIMIT_S = 10 }; /* for what never takes long */

enum { BOTHER_SPEED = 0010000 }; /* BOTHER of the kernel, which has no name in C libraries */

/* The settings that a pseudo-terminal does not keep. */
static const tcflag_t format_flags = CSIZE | PARENB | PARODD | CMSPAR;

/* --- asking net2pty ----------------------------------------------------------------------------
 */

/* Whether the socket's other end is of this process's user, or root's: the name may be anybody's by
 * now. */
static bool is_trusted(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

/* Bounds what the socket waits for. On 32 bits C libraries differ in the structure. */
static void limit_waits(int fd, bool answer)
{
    const struct timeval limit = {ANSWER_LIMIT_S, 0};

    if (sizeof(long) < 8)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (answer)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

/* The number of a pseudo-terminal: its minor number, by new_decode_dev of linux/kdev_t.h. */
static unsigned number_of(uint64_t special)
{
    return (unsigned)(special & 0xff) | ((unsigned)(special >> 12) & 0xfff00);
}

/* Writes "/.pts-N". Returns its length. */
static size_t put_number(char *to, unsigned number)
{
    static const char front[] = "/.pts-";
    char digits[12];
    size_t count = 0, len = sizeof front - 1;

    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    memcpy(to, front, len);
    while (count > 0)
        to[len++] = digits[--count];
    return len;
}

/* The address of the net2pty of NET2PTY_SOCKET, an abstract name, or of the one that serves this
 * port, in the folder NET2PTY_LINKS. Returns its length, 0 if there is none. */
static size_t find_net2pty(uint64_t special, struct sockaddr_un *un)
{
    enum { NUMBER_MAX = 20 };
    const char *name = secure_getenv("NET2PTY_SOCKET"), *folder = secure_getenv("NET2PTY_LINKS");
    size_t len = name ? strlen(name) : 0;

    *un = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len >= 2 && name[0] == '@' && len <= sizeof un->sun_path) {
        memcpy(un->sun_path + 1, name + 1, len - 1);
        return len;
    }
    len = folder ? strlen(folder) : 0;
    if (name || len == 0 || len + NUMBER_MAX > sizeof un->sun_path)
        return 0;
    memcpy(un->sun_path, folder, len);
    return len + put_number(un->sun_path + len, number_of(special)) + 1;
}

/* Connects to it, for a request whose answer may take long or not. Returns a socket or -1. */
static int connect_to_net2pty(uint64_t special, bool waits)
{
    struct sockaddr_un un;
    const size_t len = find_net2pty(special, &un);

    if (len == 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    limit_waits(fd, !waits);
    while (connect(fd, (const struct sockaddr *)&un,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0) {
        if (errno == EINTR)
            continue;
        close(fd);
        return -1;
    }
    if (is_trusted(fd))
        return fd;
    close(fd);
    return -1;
}

/* Receives so many bytes. Returns 0 or an errno: EINTR only if `waits`. */
static int receive(int fd, void *data, size_t len, bool waits)
{
    for (size_t have = 0; have < len;) {
        ssize_t n = recv(fd, (char *)data + have, len - have, 0);

        if (n < 0 && errno == EAGAIN) /* it is stopped, like a port whose device has gone */
            return EIO;
        if (n < 0 && (errno != EINTR || waits))
            return errno;
        if (n == 0)
            return EIO;
        have += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Sends the question and receives its answer, with the data of both in the program's memory at
 * `argument`. The kernel finds out whether that memory is there. Returns 0 or an errno. */
static int exchange(int fd, const struct ioctl_wire_question *q, void *argument,
                    const struct ioctl_shape *shape, struct ioctl_wire_answer *a)
{
    static const char opening[] = IOCTL_WIRE_OPENING;
    uint8_t frame[IOCTL_WIRE_QUESTION_MAX], head[IOCTL_WIRE_ANSWER_HEAD];
    struct iovec parts[] = {{(void *)(uintptr_t)opening, sizeof opening - 1},
                            {frame, ioctl_wire_put_question(q, frame) - q->len},
                            {argument, q->len}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = q->len > 0 ? 3 : 2};
    const size_t len = sizeof opening - 1 + IOCTL_WIRE_QUESTION_HEAD + q->len;
    ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);

    if (n != (ssize_t)len)
        return n < 0 ? errno : EIO;
    int error = receive(fd, head, sizeof head, shape->waits);
    if (error)
        return error;
    if (ioctl_wire_get_answer_head(head, a) < 0)
        return EIO;
    bool gives = a->kind == IOCTL_WIRE_ANSWER && a->result >= 0;
    if (a->len != (gives ? shape->out : 0)) /* the program has no room for more */
        return EIO;                         /* of another version */
    return a->len > 0 ? receive(fd, argument, a->len, false) : 0;
}

/* Looks which file a descriptor is, and whether it may be a link: the end of a pseudo-terminal that
 * programs have. By system call: the names of fstat differ between C libraries. */
static bool may_be_link(int fd, struct ioctl_wire_question *q)
{
    enum { FIRST_MAJOR = 136, LAST_MAJOR = 143, FORMAT = 0170000, CHARACTER_DEVICE = 0020000 };
#ifdef SYS_fstat64
    struct stat64 st;
    long r = syscall(SYS_fstat64, fd, &st);
#else
    struct stat st;
    long r = syscall(SYS_fstat, fd, &st);
#endif
    if (r < 0 || (st.st_mode & FORMAT) != CHARACTER_DEVICE)
        return false;
    q->device = st.st_dev;
    q->inode = st.st_ino;
    q->special = st.st_rdev;
    unsigned major = (unsigned)(q->special >> 8) & 0xfff; /* new_encode_dev of linux/kdev_t.h */
    return major >= FIRST_MAJOR && major <= LAST_MAJOR;
}

/* Has net2pty carry out a request, if it is one on a link. Returns false if it is the kernel's;
 * otherwise `*result` is that of ioctl(2), a negative number being an errno. */
static bool ask(int fd, unsigned request, unsigned long argument, int *result)
{
    struct ioctl_wire_question q = {.kind = IOCTL_WIRE_CALL,
                                    .compat = sizeof(long) == 4,
                                    .id = 1,
                                    .request = request,
                                    .argument = argument};
    struct ioctl_wire_answer a = {0};
    struct ioctl_shape shape;

    if (!ioctl_shape_find(request, false, &shape) || !may_be_link(fd, &q))
        return false;
    q.len = shape.in;
    int net2pty = connect_to_net2pty(q.special, shape.waits);
    if (net2pty < 0)
        return false;
    int error = exchange(net2pty, &q, (void *)argument, &shape, &a);
    close(net2pty);
    *result = error ? -error : a.result;
    return error || a.kind == IOCTL_WIRE_ANSWER;
}

/* The same; a failure is -1 with errno, which is otherwise left alone. */
static bool answered(int fd, unsigned request, unsigned long argument, int *result)
{
    int error = errno;
    bool ours = ask(fd, request, argument, result);
    bool failed = ours && *result < 0;

    errno = failed ? -*result : error;
    if (failed)
        *result = -1;
    return ours;
}

/* --- in the place of the C library's -----------------------------------------------------------
 */

/* ISO C has no conversion between the two kinds of pointers. */
union symbol {
    void *address;
    int (*getattr)(int fd, struct termios *t);
    int (*setattr)(int fd, int when, const struct termios *t);
};

/* Before glibc 2.34 dlsym is only there if the program links libdl. */
#pragma weak dlsym

/* The C library's own, or NULL. */
static union symbol next(const char *name)
{
    return (union symbol){.address = dlsym ? dlsym(RTLD_NEXT, name) : NULL};
}

static int kernel_ioctl(int fd, unsigned request, unsigned long argument)
{
    return (int)syscall(SYS_ioctl, fd, request, argument);
}

static int do_ioctl(int fd, unsigned request, unsigned long argument)
{
    int result;

    return answered(fd, request, argument, &result) ? result : kernel_ioctl(fd, request, argument);
}

int preload_ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;

    va_start(arguments, request);
    unsigned long argument = va_arg(arguments, unsigned long);
    va_end(arguments);
    return do_ioctl(fd, (unsigned)request, argument);
}

int preload_ioctl_time64(int fd, unsigned long request, ...)
{
    va_list arguments;

    va_start(arguments, request);
    unsigned long argument = va_arg(arguments, unsigned long);
    va_end(arguments);
    return do_ioctl(fd, (unsigned)request, argument);
}

static void from_kernel(const struct kernel_termios *kernel, struct termios *t)
{
    *t = (struct termios){.c_iflag = kernel->iflag,
                          .c_oflag = kernel->oflag,
                          .c_cflag = kernel->cflag,
                          .c_lflag = kernel->lflag,
                          .c_line = kernel->line,
                          .c_ispeed = kernel->cflag & CBAUD,
                          .c_ospeed = kernel->cflag & CBAUD};
    memcpy(t->c_cc, kernel->cc, sizeof kernel->cc);
}

static void to_kernel(const struct termios *t, struct kernel_termios *kernel)
{
    *kernel = (struct kernel_termios){.iflag = t->c_iflag,
                                      .oflag = t->c_oflag,
                                      .cflag = t->c_cflag,
                                      .lflag = t->c_lflag,
                                      .line = t->c_line};
    memcpy(kernel->cc, t->c_cc, sizeof kernel->cc);
}

/* The C library knows what speeds look like to the program; parity and size it gets from us. */
int preload_tcgetattr(int fd, struct termios *t)
{
    union symbol native = next("tcgetattr");
    struct kernel_termios kernel;
    int ignored;

    if (!native.address) {
        int result = do_ioctl(fd, TCGETS, (unsigned long)&kernel);

        if (result == 0)
            from_kernel(&kernel, t);
        return result;
    }
    int result = native.getattr(fd, t);
    if (result == 0 && answered(fd, TCGETS, (unsigned long)&kernel, &ignored) && ignored == 0)
        t->c_cflag = (t->c_cflag & ~format_flags) | (kernel.cflag & format_flags);
    return result;
}

/* Whether the structure has a speed in bits per second. It can with glibc since 2.42, which brought
 * cfsetbaud, if c_cflag has no code for it. A program made with an older glibc has the code for "no
 * code" there. */
static bool has_speed(const struct termios *t)
{
    return (t->c_cflag & CBAUD) == BOTHER_SPEED && t->c_ospeed != BOTHER_SPEED &&
           next("cfsetbaud").address;
}

int preload_tcsetattr(int fd, int when, const struct termios *t)
{
    struct kernel_termios2 kernel = {.ispeed = t->c_ispeed, .ospeed = t->c_ospeed};
    union symbol native;
    int result;

    if (when < TCSANOW || when > TCSAFLUSH) {
        errno = EINVAL;
        return -1;
    }
    to_kernel(t, &kernel.old);
    unsigned request = (unsigned)when + (has_speed(t) ? set_termios2 : TCSETS);
    if (answered(fd, request, (unsigned long)&kernel, &result))
        return result;
    native = next("tcsetattr");
    return native.address ? native.setattr(fd, when, t)
                          : kernel_ioctl(fd, request, (unsigned long)&kernel);
}

/* A duration is in milliseconds for glibc; musl does not look at it. */
int preload_tcsendbreak(int fd, int duration)
{
    unsigned tenths = duration > 0 ? ((unsigned)duration + 99) / 100 : 0;

    return do_ioctl(fd, tenths ? TCSBRKP : TCSBRK, tenths);
}

int preload_tcdrain(int fd)
{
    return do_ioctl(fd, TCSBRK, 1);
}
