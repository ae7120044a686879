/*
 * ttytool - runs a list of actions on one open terminal device.
 *
 *   ttytool [-k] DEVICE ACTION...
 *
 * The device is opened without waiting for a carrier and made raw, with CLOCAL and what else it
 * had; -k leaves all its settings as they are.  "ttytool" alone lists the actions; actions.h tells
 * how to give them.
 */
#include "actions.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>
/* the kernel's own, in place of <termios.h>, which knows no speeds but its own list */
#include <asm/termbits.h>
#include <linux/serial.h>

#ifndef TIOCM_OUT1
#define TIOCM_OUT1 0x2000
#define TIOCM_OUT2 0x4000
#define TIOCM_LOOP 0x8000
#endif

static const char *device;
static bool keep;
static int fd = -1;

/* --- modem lines ----------------------------------------------------------------- */

static const struct {
    const char *name;
    int bit;
} lines[] = {
    {"dtr", TIOCM_DTR},   {"rts", TIOCM_RTS},   {"cts", TIOCM_CTS},
    {"dsr", TIOCM_DSR},   {"dcd", TIOCM_CAR},   {"ri", TIOCM_RNG},
    {"out1", TIOCM_OUT1}, {"out2", TIOCM_OUT2}, {"loop", TIOCM_LOOP},
};
#define LINES (sizeof lines / sizeof *lines)

static int bit_of(const char *name)
{
    for (size_t i = 0; i < LINES; i++)
        if (!strcmp(name, lines[i].name))
            return lines[i].bit;
    errx(2, "no line %s", name);
}

static int bits_of(char *names)
{
    int bits = 0;

    for (char *n = strtok(names, ","); n; n = strtok(NULL, ","))
        bits |= bit_of(n);
    return bits;
}

static void show_lines(const char *label, int bits)
{
    printf("%s:", label);
    for (size_t i = 0; i < LINES; i++)
        if (bits & lines[i].bit)
            printf(" %s", lines[i].name);
    putchar('\n');
}

static int system_call(const char *what, int result)
{
    return result < 0 ? action_failed("%s: %s", what, strerror(errno)) : 0;
}

static int do_mget(char **words)
{
    int bits;

    (void)words;
    if (ioctl(fd, TIOCMGET, &bits))
        return system_call("mget", -1);
    show_lines("mget", bits);
    return 0;
}

static int do_mset(char **words)
{
    int bits = bits_of(words[0]);

    return system_call("mset", ioctl(fd, TIOCMBIS, &bits));
}

static int do_mclear(char **words)
{
    int bits = bits_of(words[0]);

    return system_call("mclear", ioctl(fd, TIOCMBIC, &bits));
}

static int do_mput(char **words)
{
    int bits = !strcmp(words[0], "none") ? 0 : bits_of(words[0]);

    return system_call("mput", ioctl(fd, TIOCMSET, &bits));
}

static int do_line(char **words)
{
    double until = now_ms() + atof(words[1]);
    int on = 0, off = 0, bits;

    for (char *n = strtok(words[0], ","); n; n = strtok(NULL, ","))
        *(*n == '-' ? &off : &on) |= bit_of(n + (*n == '-' || *n == '+'));
    for (;;) {
        if (ioctl(fd, TIOCMGET, &bits))
            return system_call("line", -1);
        if ((bits & on) == on && !(bits & off))
            return 0;
        if (now_ms() > until)
            break;
        usleep(5000);
    }
    show_lines("line: still", bits);
    return 1;
}

static void on_alarm(int signal)
{
    (void)signal;
}

static int do_miwait(char **words)
{
    struct sigaction action = {.sa_handler = on_alarm};
    long ms = atol(words[0]);
    /* again and again, lest the first comes before the wait */
    struct itimerval timer = {{0, 100000}, {ms / 1000, ms % 1000 * 1000 + 1}}, none = {0};
    double from = now_ms();

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    int result = ioctl(fd, TIOCMIWAIT, TIOCM_CTS | TIOCM_DSR | TIOCM_CAR | TIOCM_RNG);
    int error = errno;
    setitimer(ITIMER_REAL, &none, NULL);
    if (result)
        return action_failed("miwait: %s", strerror(error));
    printf("miwait: changed after %.1f ms\n", now_ms() - from);
    return 0;
}

static int do_icount(char **words)
{
    struct serial_icounter_struct c;

    (void)words;
    if (ioctl(fd, TIOCGICOUNT, &c))
        return system_call("icount", -1);
    printf("icount: cts %d dsr %d ri %d dcd %d rx %d tx %d brk %d frame %d parity %d overrun %d "
           "buf_overrun %d\n",
           c.cts, c.dsr, c.rng, c.dcd, c.rx, c.tx, c.brk, c.frame, c.parity, c.overrun,
           c.buf_overrun);
    return 0;
}

static int do_brk(char **words)
{
    return system_call("brk", ioctl(fd, atoi(words[0]) ? TIOCSBRK : TIOCCBRK));
}

static int do_break(char **words)
{
    if (ioctl(fd, TIOCSBRK))
        return system_call("break", -1);
    usleep((useconds_t)atoi(words[0]) * 1000);
    return system_call("break", ioctl(fd, TIOCCBRK));
}

/* --- settings ---------------------------------------------------------------------- */

static int get_settings(struct termios2 *t)
{
    return system_call("settings", ioctl(fd, TCGETS2, t));
}

static int put_settings(const struct termios2 *t)
{
    return system_call("settings", ioctl(fd, TCSETS2, t));
}

/* Sets or clears bits of c_cflag. */
static int change_cflag(tcflag_t clear, tcflag_t set)
{
    struct termios2 t;

    if (get_settings(&t))
        return 1;
    t.c_cflag = (t.c_cflag & ~clear) | set;
    return put_settings(&t);
}

static int change_iflag(tcflag_t clear, tcflag_t set)
{
    struct termios2 t;

    if (get_settings(&t))
        return 1;
    t.c_iflag = (t.c_iflag & ~clear) | set;
    return put_settings(&t);
}

static int do_baud(char **words)
{
    struct termios2 t;

    if (get_settings(&t))
        return 1;
    t.c_cflag = (t.c_cflag & ~(CBAUD | CBAUD << IBSHIFT)) | BOTHER;
    t.c_ispeed = t.c_ospeed = (speed_t)atoi(words[0]);
    return put_settings(&t);
}

static int do_format(char **words)
{
    static const tcflag_t sizes[] = {CS5, CS6, CS7, CS8};
    static const struct {
        char name;
        tcflag_t flags;
    } parities[] = {
        {'N', 0},
        {'E', PARENB},
        {'O', PARENB | PARODD},
        {'S', PARENB | CMSPAR},
        {'M', PARENB | CMSPAR | PARODD},
    };
    const char *f = words[0];
    tcflag_t set = f[2] == '2' ? CSTOPB : 0;
    size_t i = 0;

    if (strlen(f) != 3 || f[0] < '5' || f[0] > '8')
        return action_failed("format %s", f);
    while (i < 5 && parities[i].name != f[1])
        i++;
    if (i == 5)
        return action_failed("format %s", f);
    set |= sizes[f[0] - '5'] | parities[i].flags;
    return change_cflag(CSIZE | PARENB | PARODD | CMSPAR | CSTOPB, set);
}

static int do_settings(char **words)
{
    struct termios2 t;

    (void)words;
    if (get_settings(&t))
        return 1;
    tcflag_t c = t.c_cflag;
    char parity = !(c & PARENB)  ? 'N'
                  : c & CMSPAR   ? (c & PARODD ? 'M' : 'S')
                  : (c & PARODD) ? 'O'
                                 : 'E';
    printf("settings: %u %u%c%d flow=%s%s%s hupcl=%d clocal=%d\n", t.c_ospeed,
           5 + (c & CSIZE) / CS6, parity, c & CSTOPB ? 2 : 1, c & CRTSCTS ? "rtscts" : "",
           t.c_iflag & (IXON | IXOFF) ? "xon" : "",
           !(c & CRTSCTS) && !(t.c_iflag & (IXON | IXOFF)) ? "none" : "", !!(c & HUPCL),
           !!(c & CLOCAL));
    return 0;
}

static int do_crtscts(char **words)
{
    return change_cflag(CRTSCTS, atoi(words[0]) ? CRTSCTS : 0);
}

static int do_hupcl(char **words)
{
    return change_cflag(HUPCL, atoi(words[0]) ? HUPCL : 0);
}

static int do_clocal(char **words)
{
    return change_cflag(CLOCAL, atoi(words[0]) ? CLOCAL : 0);
}

static int do_xonxoff(char **words)
{
    return change_iflag(IXON | IXOFF, atoi(words[0]) ? IXON | IXOFF : 0);
}

static int do_marks(char **words)
{
    return change_iflag(INPCK | PARMRK, atoi(words[0]) ? INPCK | PARMRK : 0);
}

static int do_lowlat(char **words)
{
    struct serial_struct s;

    if (ioctl(fd, TIOCGSERIAL, &s))
        return system_call("lowlat", -1);
    s.flags = atoi(words[0]) ? s.flags | ASYNC_LOW_LATENCY : s.flags & ~ASYNC_LOW_LATENCY;
    return system_call("lowlat", ioctl(fd, TIOCSSERIAL, &s));
}

static int do_serial(char **words)
{
    struct serial_struct s;

    (void)words;
    if (ioctl(fd, TIOCGSERIAL, &s))
        return system_call("serial", -1);
    printf("serial: low_latency=%d fifo=%d\n", !!(s.flags & ASYNC_LOW_LATENCY), s.xmit_fifo_size);
    return 0;
}

static int do_loop(char **words)
{
    int bit = TIOCM_LOOP;

    return system_call("loop", ioctl(fd, atoi(words[0]) ? TIOCMBIS : TIOCMBIC, &bit));
}

/* --- bytes --------------------------------------------------------------------------- */

static int write_all(const void *bytes, size_t len)
{
    const char *b = bytes;

    while (len) {
        ssize_t n = write(fd, b, len);

        if (n <= 0)
            return system_call("write", -1);
        b += n;
        len -= (size_t)n;
    }
    return 0;
}

static int do_write(char **words)
{
    return write_all(words[0], action_text(words[0]));
}

static int do_writen(char **words)
{
    size_t n = strtoul(words[0], NULL, 10);
    unsigned char block[4096];

    for (size_t done = 0; done < n;) {
        size_t len = n - done < sizeof block ? n - done : sizeof block;

        for (size_t i = 0; i < len; i++)
            block[i] = pattern_byte(done + i);
        if (write_all(block, len))
            return 1;
        done += len;
    }
    return 0;
}

/* Reads once; false if nothing came by @until. */
static bool receive(double until)
{
    struct pollfd p = {fd, POLLIN, 0};
    char buffer[4096];
    double left = until - now_ms();

    if (poll(&p, 1, left > 0 ? (int)left + 1 : 0) <= 0)
        return false;
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n <= 0)
        return false;
    inbox_add(buffer, (size_t)n);
    return true;
}

static int do_read(char **words)
{
    double until = now_ms() + atof(words[0]);

    while (receive(until))
        ;
    printf("read: %zu: ", inbox_len);
    action_show(inbox, inbox_len > 512 ? 512 : inbox_len);
    putchar('\n');
    inbox_len = 0;
    return 0;
}

static int do_hex(char **words)
{
    double until = now_ms() + atof(words[0]);

    while (receive(until))
        ;
    printf("hex: %zu: ", inbox_len);
    for (size_t i = 0; i < inbox_len && i < 512; i++)
        printf("%02x", inbox[i]);
    putchar('\n');
    inbox_len = 0;
    return 0;
}

static int do_drain(char **words)
{
    double from = now_ms();

    (void)words;
    if (ioctl(fd, TCSBRK, 1))
        return system_call("drain", -1);
    printf("drain: %.0f ms\n", now_ms() - from);
    return 0;
}

static int do_outq(char **words)
{
    int n;

    (void)words;
    if (ioctl(fd, TIOCOUTQ, &n))
        return system_call("outq", -1);
    printf("outq: %d\n", n);
    return 0;
}

static int do_flush(char **words)
{
    bool i = strchr(words[0], 'i'), o = strchr(words[0], 'o');

    if (i)
        inbox_len = 0;
    return system_call("flush", ioctl(fd, TCFLSH, i && o ? TCIOFLUSH : i ? TCIFLUSH : TCOFLUSH));
}

static int do_flow(char **words)
{
    return system_call("flow", ioctl(fd, TCXONC, atoi(words[0]) ? TCOON : TCOOFF));
}

static int do_rtt(char **words)
{
    int n = atoi(words[0]);
    double from = now_ms(), worst = 0;

    for (int i = 0; i < n; i++) {
        char c = (char)i;
        double start = now_ms();

        if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
            return system_call("rtt", -1);
        if (now_ms() - start > worst)
            worst = now_ms() - start;
    }
    printf("rtt: %d rounds, mean %.0f us, worst %.0f us\n", n, (now_ms() - from) / n * 1e3,
           worst * 1e3);
    return 0;
}

/* --- the device and time --------------------------------------------------------------- */

static int open_device(void)
{
    struct termios2 t;

    fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return action_failed("%s: %s", device, strerror(errno));
    fcntl(fd, F_SETFL, 0);
    if (keep)
        return 0;
    if (get_settings(&t))
        return 1;
    t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | INPCK | ISTRIP | INLCR | IGNCR | ICRNL |
                             IXON | IXOFF | IXANY);
    t.c_oflag &= ~(tcflag_t)OPOST;
    t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t.c_cflag |= CLOCAL | CREAD;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    return put_settings(&t);
}

static int do_open(char **words)
{
    (void)words;
    return open_device();
}

static int do_close(char **words)
{
    (void)words;
    inbox_len = 0;
    return system_call("close", close(fd));
}

static int do_hup(char **words)
{
    struct pollfd p = {fd, 0, 0};

    if (poll(&p, 1, atoi(words[0])) == 1 && p.revents & POLLHUP)
        return 0;
    return action_failed("hup: no");
}

static int do_sleep(char **words)
{
    usleep((useconds_t)atoi(words[0]) * 1000);
    return 0;
}

static const struct action table[] = {
    {"baud", 1, do_baud, "N: any speed"},
    {"format", 1, do_format, "8N1: data bits 5-8, parity N E O M S, stop bits 1 2"},
    {"crtscts", 1, do_crtscts, "0|1"},
    {"xonxoff", 1, do_xonxoff, "0|1"},
    {"hupcl", 1, do_hupcl, "0|1"},
    {"clocal", 1, do_clocal, "0|1"},
    {"marks", 1, do_marks, "0|1: errors and breaks are read as \\xff\\x00 and a byte"},
    {"lowlat", 1, do_lowlat, "0|1: the low_latency flag"},
    {"settings", 0, do_settings, "shows them"},
    {"serial", 0, do_serial, "shows the low_latency flag and the size of the FIFO"},
    {"write", 1, do_write, "TEXT"},
    {"writen", 1, do_writen, "N: that many bytes of a pattern"},
    {"read", 1, do_read, "MS: shows, as a TEXT, what arrives within so long"},
    {"hex", 1, do_hex, "MS: the same in hex"},
    {"expect", 2, action_expect, "TEXT MS: waits for it, dropping what comes before"},
    {"quiet", 1, action_quiet, "MS: nothing arrives for so long"},
    {"pattern", 2, action_pattern, "N MS: waits for what \"writen N\" writes"},
    {"drain", 0, do_drain, "waits until all is sent"},
    {"outq", 0, do_outq, "shows the bytes not yet sent"},
    {"flush", 1, do_flush, "i|o|io"},
    {"flow", 1, do_flow, "0|1: stops and starts the output"},
    {"rtt", 1, do_rtt, "N: one-byte writes, each waiting for a byte to come back"},
    {"mget", 0, do_mget, "shows the modem lines"},
    {"mset", 1, do_mset, "NAME,...: raises them"},
    {"mclear", 1, do_mclear, "NAME,...: lowers them"},
    {"mput", 1, do_mput, "NAME,...|none: raises these, lowers the others, at once"},
    {"line", 2, do_line, "+NAME,-NAME,... MS: waits until these are on and off"},
    {"miwait", 1, do_miwait, "MS: waits for a change of CTS, DSR, RI or DCD"},
    {"icount", 0, do_icount, "shows the counts of TIOCGICOUNT"},
    {"break", 1, do_break, "MS"},
    {"brk", 1, do_brk, "0|1"},
    {"loop", 1, do_loop, "0|1"},
    {"close", 0, do_close, "the device"},
    {"open", 0, do_open, "the device again"},
    {"hup", 1, do_hup, "MS: waits until the device hangs up"},
    {"sleep", 1, do_sleep, "MS"},
    {0},
};

int main(int argc, char **argv)
{
    int at = 1;

    if (argc > at && !strcmp(argv[at], "-k")) {
        keep = true;
        at++;
    }
    if (argc - at < 2) {
        fputs("usage: ttytool [-k] DEVICE ACTION... | ttytool [-k] DEVICE -\nactions:\n", stderr);
        actions_help(table);
        return 2;
    }
    device = argv[at++];
    if (open_device())
        return 1;
    inbox_receive = receive;
    return actions_run(table, argc - at, argv + at);
}
