#define _GNU_SOURCE
#include "supervise_filter.h"

#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Not here: TCFLSH and TCXONC, of which packet mode tells in time. */
static const uint32_t requests[] = {
    TCGETS,   TCSETS,   TCSETSW,    TCSETSF,     TCGETS2,       TCSETS2,     TCSETSW2,
    TCSETSF2, TCGETA,   TCSETA,     TCSETAW,     TCSETAF,       TIOCMGET,    TIOCMSET,
    TIOCMBIS, TIOCMBIC, TIOCMIWAIT, TIOCGICOUNT, TIOCGSERIAL,   TIOCSSERIAL, TIOCSBRK,
    TIOCCBRK, TCSBRK,   TCSBRKP,    TIOCOUTQ,    TIOCSERGETLSR, TIOCGRS485,  TIOCSRS485,
};

/* The numbers of ioctl(2) in each kind of program that this system runs. */
static const struct {
    uint32_t arch, number;
    bool compat;
} calls[] = {
#if defined(__x86_64__)
    {AUDIT_ARCH_X86_64, __NR_ioctl, false},
    {AUDIT_ARCH_X86_64, 0x40000000 | 514, false}, /* x32 */
    {AUDIT_ARCH_I386, 54, true},
#elif defined(__aarch64__)
    {AUDIT_ARCH_AARCH64, __NR_ioctl, false},
    {AUDIT_ARCH_ARM, 54, true},
#elif defined(__i386__)
    {AUDIT_ARCH_I386, __NR_ioctl, false},
#elif defined(__arm__)
    {AUDIT_ARCH_ARM, __NR_ioctl, false},
#elif defined(__riscv) && __riscv_xlen == 64
    {AUDIT_ARCH_RISCV64, __NR_ioctl, false},
#else
#error "which number ioctl(2) has on this architecture is not known here"
#endif
};

enum {
    REQUESTS = sizeof requests / sizeof *requests,
    CALLS = sizeof calls / sizeof *calls,
    FILTER_MAX = 4 * CALLS + REQUESTS + 8,
};

/* Writes the filter and returns its length. */
static unsigned short write_filter(struct sock_filter f[static FILTER_MAX])
{
    const uint32_t arch = offsetof(struct seccomp_data, arch);
    const uint32_t number = offsetof(struct seccomp_data, nr);
    /* the low word: the kernel looks at no more of a request */
    const uint32_t request =
        offsetof(struct seccomp_data, args[1]) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0);
    const unsigned check = 4 * CALLS + 1; /* where the requests are looked at */
    const unsigned notify = check + 1 + REQUESTS + 1;
    unsigned n = 0;

    for (unsigned i = 0; i < CALLS; i++) {
        f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arch);
        f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].arch, 0, 2);
        f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number);
        f[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number,
                                            (uint8_t)(check - n - 1), 0);
        n++;
    }
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, request);
    for (unsigned i = 0; i < REQUESTS; i++) {
        f[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, requests[i],
                                            (uint8_t)(notify - n - 1), 0);
        n++;
    }
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    return (unsigned short)n;
}

int supervise_filter_install(void)
{
    /* the best first; an older kernel answers what it does not know with EINVAL */
    static const unsigned long flags[] = {
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW |
            SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
        SECCOMP_FILTER_FLAG_NEW_LISTENER,
    };
    struct sock_filter filter[FILTER_MAX];
    const struct sock_fprog program = {.len = write_filter(filter), .filter = filter};
    long listener = -1;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    for (unsigned i = 0; i < sizeof flags / sizeof *flags && listener < 0; i++) {
        listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags[i], &program);
        if (listener < 0 && errno != EINVAL)
            break;
    }
    return listener < 0 ? -errno : (int)listener;
}

bool supervise_filter_knows(uint16_t machine)
{
    for (unsigned i = 0; i < CALLS; i++)
        if ((calls[i].arch & 0xffff) == machine) /* which is how linux/audit.h makes them */
            return true;
    return false;
}

bool supervise_filter_is_compat(uint32_t arch)
{
    for (unsigned i = 0; i < CALLS; i++)
        if (calls[i].arch == arch)
            return calls[i].compat;
    return false;
}
