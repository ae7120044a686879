/*
 * For LD_PRELOAD under Wine: gives PTYs what a COM port has and they have not. In a Windows
 * program, modem lines, break, character formats, and a driver that takes its time; in the
 * wineserver, which opens them, refusals and a count.
 *
 * $PTY_LINES/N, of /dev/pts/N, is the state that a test reads and writes, see struct state.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <linux/serial.h>

enum { REFUSE_NOTHING, REFUSE_BUSY, REFUSE_FORBIDDEN };

struct state {
    int lines;                   /* TIOCM_..., outputs and inputs */
    int brk, cts, dsr, rng, dcd; /* counts of TIOCGICOUNT */
    int format;                  /* c_cflag's part that a PTY forgets */
    int has_format;
    int settings; /* how often they were made */
    int moves;    /* how often the outputs have changed */
    int broken;   /* a break is on */
    int refuse;   /* an open */
    int opens;    /* how often somebody has tried */
    int no_watch; /* the events cannot be waited for */
    int hangs;    /* changes do not return */
    int waits;    /* how many of them */
};

enum { PTYS = 4096, OUTPUTS = TIOCM_DTR | TIOCM_RTS };

static const unsigned format_mask = CSIZE | PARENB | PARODD | CSTOPB | CMSPAR | CRTSCTS;

static struct state *state_of_number(unsigned n)
{
    static struct state *states[PTYS];
    const char *folder = getenv("PTY_LINES");
    char path[512];

    if (!folder || n >= PTYS)
        return NULL;
    if (states[n])
        return states[n];
    snprintf(path, sizeof path, "%s/%u", folder, n);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    void *at = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        return NULL;
    states[n] = at;
    return at;
}

static struct state *state_of(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || major(st.st_rdev) < 136 ||
        major(st.st_rdev) > 143)
        return NULL;
    return state_of_number(minor(st.st_rdev));
}

/* What a driver does whose device does not answer. */
static void hang(struct state *s)
{
    if (!s || !__atomic_load_n(&s->hangs, __ATOMIC_ACQUIRE))
        return;
    __atomic_add_fetch(&s->waits, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&s->hangs, __ATOMIC_ACQUIRE))
        usleep(1000);
    __atomic_sub_fetch(&s->waits, 1, __ATOMIC_ACQ_REL);
}

static int move(struct state *s, int outputs)
{
    if ((s->lines & OUTPUTS) != outputs)
        s->moves++;
    s->lines = (s->lines & ~OUTPUTS) | outputs;
    return 0;
}

static int get_counts(const struct state *s, struct serial_icounter_struct *counts)
{
    memset(counts, 0, sizeof *counts);
    counts->brk = s->brk;
    counts->cts = s->cts;
    counts->dsr = s->dsr;
    counts->rng = s->rng;
    counts->dcd = s->dcd;
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    static int (*real)(int, unsigned long, ...);
    static __thread int counts;
    struct state *s = NULL;
    va_list args;

    if (!real)
        real = dlsym(RTLD_NEXT, "ioctl");
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    switch (request) {
    case TIOCMGET:
    case TIOCMSET:
    case TIOCMBIS:
    case TIOCMBIC:
    case TIOCGICOUNT:
    case TIOCSBRK:
    case TIOCCBRK:
        s = state_of(fd);
        break;
    }
    if (!s)
        return real(fd, request, arg);
    /* Wine's WaitCommEvent asks from a thread of its own, and for the counts first; com2net.exe
     * opens a port on one, too, which does not ask for them */
    counts = counts || request == TIOCGICOUNT;
    if (s->no_watch && counts && gettid() != getpid()) {
        errno = ENOTTY;
        return -1;
    }
    if (request != TIOCMGET && request != TIOCGICOUNT)
        hang(s);
    switch (request) {
    case TIOCMGET:
        *(int *)arg = s->lines;
        return 0;
    case TIOCMSET:
        return move(s, *(int *)arg & OUTPUTS);
    case TIOCMBIS:
        return move(s, (s->lines | *(int *)arg) & OUTPUTS);
    case TIOCMBIC:
        return move(s, s->lines & ~*(int *)arg & OUTPUTS);
    case TIOCGICOUNT:
        return get_counts(s, arg);
    default:
        s->broken = request == TIOCSBRK;
        return 0;
    }
}

int tcsetattr(int fd, int when, const struct termios *t)
{
    static int (*real)(int, int, const struct termios *);
    struct state *s = state_of(fd);
    struct termios kept = *t;

    if (!real)
        real = dlsym(RTLD_NEXT, "tcsetattr");
    if (!s)
        return real(fd, when, t);
    hang(s);
    kept.c_cflag = (kept.c_cflag & ~(unsigned)(CSIZE | PARENB)) | CS8;
    int r = real(fd, when, &kept);
    if (r == 0) {
        s->format = (int)(t->c_cflag & format_mask);
        s->has_format = 1;
        s->settings++;
    }
    return r;
}

int tcgetattr(int fd, struct termios *t)
{
    static int (*real)(int, struct termios *);
    struct state *s = state_of(fd);

    if (!real)
        real = dlsym(RTLD_NEXT, "tcgetattr");
    int r = real(fd, t);
    if (r == 0 && s && s->has_format)
        t->c_cflag = (t->c_cflag & ~format_mask) | (unsigned)s->format;
    return r;
}

int tcflush(int fd, int queue)
{
    static int (*real)(int, int);

    if (!real)
        real = dlsym(RTLD_NEXT, "tcflush");
    hang(state_of(fd));
    return real(fd, queue);
}

/* Counts an open, and refuses as Windows's drivers do: who has the port lets nobody open it; a
 * right that lacks, for writing only. */
static int refuses(const char *path, int flags)
{
    char real[4096];
    unsigned n;

    if (!strstr(path, "/com") && strncmp(path, "/dev/pts/", 9) != 0)
        return 0;
    if (!realpath(path, real) || sscanf(real, "/dev/pts/%u", &n) != 1)
        return 0;
    struct state *s = state_of_number(n);
    if (!s)
        return 0;
    s->opens++;
    return s->refuse == REFUSE_BUSY ||
           (s->refuse == REFUSE_FORBIDDEN && (flags & O_ACCMODE) != O_RDONLY);
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        static int (*real)(const char *, int, ...);                                                \
        va_list args;                                                                              \
                                                                                                   \
        if (!real)                                                                                 \
            real = dlsym(RTLD_NEXT, #name);                                                        \
        va_start(args, flags);                                                                     \
        unsigned mode = va_arg(args, unsigned);                                                    \
        va_end(args);                                                                              \
        if (refuses(path, flags)) {                                                                \
            errno = EACCES;                                                                        \
            return -1;                                                                             \
        }                                                                                          \
        return real(path, flags, mode);                                                            \
    }

OPEN(open)
OPEN(open64)
