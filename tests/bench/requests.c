/*
 * What a request costs, in nanoseconds each:
 *
 *     requests calls [DEVICE]   system calls of this process: getppid, a one-byte write, and on
 * DEVICE, if it is given, TIOCMGET, TIOCMBIS, TCGETS2; TCGETS on a foreign tty requests bare a bare
 * notification: a filter on one ioctl, a supervisor that answers at once
 *
 * Each figure is the median of 21 batches.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { BATCHES = 21, BATCH = 200, OWN_REQUEST = 0x7b7b };

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#endif

static int device = -1, foreign = -1, null = -1;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void measure(const char *name, void (*call)(void))
{
    uint64_t times[BATCHES];

    for (int i = 0; i < BATCH; i++)
        call();
    for (int b = 0; b < BATCHES; b++) {
        uint64_t from = now_ns();

        for (int i = 0; i < BATCH; i++)
            call();
        times[b] = (now_ns() - from) / BATCH;
    }
    qsort(times, BATCHES, sizeof *times, compare);
    printf("%s %llu\n", name, (unsigned long long)times[BATCHES / 2]);
}

static void call_getppid(void)
{
    syscall(SYS_getppid);
}

static void call_write(void)
{
    if (write(null, "x", 1) != 1)
        die("write");
}

static void call_mget(void)
{
    int bits;

    if (ioctl(device, TIOCMGET, &bits) < 0)
        die("TIOCMGET");
}

static void call_mbis(void)
{
    int bits = TIOCM_DTR;

    if (ioctl(device, TIOCMBIS, &bits) < 0)
        die("TIOCMBIS");
}

static void call_tcgets(void)
{
    struct termios t;

    if (tcgetattr(device, &t) < 0)
        die("tcgetattr");
}

static void call_foreign(void)
{
    struct termios t;

    if (tcgetattr(foreign, &t) < 0)
        die("tcgetattr of a foreign tty");
}

static void call_own(void)
{
    if (syscall(SYS_ioctl, -1, OWN_REQUEST, 0) != 0)
        die("bare notification");
}

static int calls(const char *path)
{
    null = open("/dev/null", O_WRONLY);
    foreign = posix_openpt(O_RDWR | O_NOCTTY);
    if (null < 0 || foreign < 0)
        die("open");
    measure("getppid", call_getppid);
    measure("write", call_write);
    measure("foreign-TCGETS", call_foreign);
    if (!path)
        return 0;
    device = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (device < 0)
        die(path);
    measure("TIOCMGET", call_mget);
    measure("TIOCMBIS", call_mbis);
    measure("TCGETS", call_tcgets);
    return 0;
}

static int install(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_REQUEST, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, filter};

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}

/* The child shares our descriptors until it has measured: the listener needs no passing. */
static int bare(void)
{
    int pair[2], listener;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        die("socketpair");
    pid_t child = (pid_t)syscall(SYS_clone, 0x400 /* CLONE_FILES */ | SIGCHLD, 0, 0, 0, 0);
    if (child < 0)
        die("clone");
    if (child == 0) {
        listener = install();
        if (write(pair[1], &listener, sizeof listener) < 0 || listener < 0)
            _exit(1);
        measure("bare", call_own);
        fflush(stdout);
        _exit(0);
    }
    if (read(pair[0], &listener, sizeof listener) < 0 || listener < 0)
        die("seccomp");
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 1ul);
    for (int i = 0; i < BATCH * (BATCHES + 1); i++) {
        struct seccomp_notif n;
        struct seccomp_notif_resp r = {0};

        memset(&n, 0, sizeof n);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
            die("receive");
        r.id = n.id;
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r) < 0)
            die("send");
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "bare") == 0)
        return bare();
    if (argc >= 2 && strcmp(argv[1], "calls") == 0)
        return calls(argv[2]);
    fprintf(stderr, "usage: requests calls [DEVICE] | requests bare\n");
    return 2;
}
