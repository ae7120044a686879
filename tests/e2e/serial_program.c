/*
 * Everything that a serial port has and a pseudo-terminal has not, in plain C, for compilers and
 * libraries that tests choose. The far port is a loop: RTS comes back at CTS, DTR at DSR and CD.
 *
 *     serial_program PORT
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    COUNTS = 20,   /* ints in struct serial_icounter_struct */
    COUNT_BRK = 9, /* of them, breaks */
    SERIAL_SIZE = sizeof(long) == 4 ? 60 : 72,
    PORT_16550A = 4,
    GUARD = 0xa5,
};

static int port;

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    printf("FAILED: %s (%s)\n", what, strerror(errno));
    exit(1);
}

static int lines(void)
{
    int bits = 0;

    need(ioctl(port, TIOCMGET, &bits) == 0, "TIOCMGET");
    return bits;
}

static int breaks(void)
{
    int counts[COUNTS] = {0};

    need(ioctl(port, TIOCGICOUNT, counts) == 0, "TIOCGICOUNT");
    return counts[COUNT_BRK];
}

static void nap(void)
{
    const struct timespec pause = {0, 5000000};

    nanosleep(&pause, NULL);
}

/* Waits until the lines of `mask` are `bits`: a change goes to the server and back. */
static void become(int mask, int bits, const char *what)
{
    for (int i = 0; i < 1000; i++) {
        if ((lines() & mask) == bits)
            return;
        nap();
    }
    need(false, what);
}

static void check_lines(void)
{
    const int inputs = TIOCM_CTS | TIOCM_DSR | TIOCM_CAR;
    int bits = TIOCM_RTS;

    become(inputs, inputs, "an open raises DTR and RTS");
    need(ioctl(port, TIOCMBIC, &bits) == 0, "TIOCMBIC");
    become(inputs, TIOCM_DSR | TIOCM_CAR, "RTS falls");
    need(ioctl(port, TIOCMSET, &bits) == 0, "TIOCMSET");
    become(inputs, TIOCM_CTS, "RTS rises and DTR falls");
    bits = TIOCM_DTR;
    need(ioctl(port, TIOCMBIS, &bits) == 0, "TIOCMBIS");
    become(inputs, inputs, "DTR rises");
}

static void *drop_rts(void *unused)
{
    int bits = TIOCM_RTS;

    for (int i = 0; i < 20; i++)
        nap();
    need(ioctl(port, TIOCMBIC, &bits) == 0, "TIOCMBIC in a thread");
    return unused;
}

static void check_wait(void)
{
    pthread_t thread;

    need(pthread_create(&thread, NULL, drop_rts, NULL) == 0, "a thread");
    need(ioctl(port, TIOCMIWAIT, TIOCM_CTS) == 0, "TIOCMIWAIT");
    need(!(lines() & TIOCM_CTS), "TIOCMIWAIT waits for the change");
    pthread_join(thread, NULL);
}

static void check_format(void)
{
    struct termios t;

    need(tcgetattr(port, &t) == 0, "tcgetattr");
    cfmakeraw(&t);
    cfsetspeed(&t, B57600);
    t.c_cflag = (t.c_cflag & ~(tcflag_t)CSIZE) | CS7 | PARENB | CSTOPB | CREAD | CLOCAL;
    need(tcsetattr(port, TCSADRAIN, &t) == 0, "tcsetattr 7E2");
    need(tcgetattr(port, &t) == 0, "tcgetattr again");
    need((t.c_cflag & (CSIZE | PARENB | PARODD | CSTOPB)) == (CS7 | PARENB | CSTOPB), "7E2 stays");
    need(cfgetospeed(&t) == B57600, "the speed stays");
    t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSIZE | PARENB | CSTOPB)) | CS8;
    need(tcsetattr(port, TCSAFLUSH, &t) == 0, "tcsetattr 8N1");
}

static void check_data(void)
{
    unsigned char out[256], in[256];
    size_t got = 0;
    int left = -1;

    for (int i = 0; i < 256; i++)
        out[i] = (unsigned char)i;
    need(write(port, out, sizeof out) == sizeof out, "write");
    need(tcdrain(port) == 0, "tcdrain");
    need(ioctl(port, TIOCOUTQ, &left) == 0 && left == 0, "nothing is left after a drain");
    while (got < sizeof in) {
        ssize_t n = read(port, in + got, sizeof in - got);

        need(n > 0, "read");
        got += (size_t)n;
    }
    need(memcmp(in, out, sizeof in) == 0, "bytes come back as they were");
}

static void check_break(void)
{
    int before = breaks();

    need(tcsendbreak(port, 0) == 0, "tcsendbreak");
    need(ioctl(port, TIOCSBRK) == 0, "TIOCSBRK");
    nap();
    need(ioctl(port, TIOCCBRK) == 0, "TIOCCBRK");
    for (int i = 0; i < 1000 && breaks() < before + 2; i++)
        nap();
    need(breaks() == before + 2, "breaks are counted");
}

/* The structure has another size for 32-bit programs. */
static void check_serial(void)
{
    unsigned char serial[SERIAL_SIZE + 16];
    int type;

    memset(serial, GUARD, sizeof serial);
    need(ioctl(port, TIOCGSERIAL, serial) == 0, "TIOCGSERIAL");
    memcpy(&type, serial, sizeof type);
    need(type == PORT_16550A, "a 16550A");
    for (size_t i = 0; i < sizeof serial; i++)
        need((serial[i] == GUARD) == (i >= SERIAL_SIZE),
             "struct serial_struct is as long as it is");
    need(ioctl(port, TIOCSSERIAL, serial) == 0, "TIOCSSERIAL");
}

int main(int argc, char **argv)
{
    need(argc == 2, "one argument");
    port = open(argv[1], O_RDWR | O_NOCTTY);
    need(port >= 0, "open");
    need(isatty(port), "isatty");
    check_lines();
    check_format();
    check_data();
    check_break();
    check_serial();
    check_wait();
    need(ioctl(port, TIOCMGET, (void *)8) < 0 && errno == EFAULT, "a bad address");
    printf("all is fine, with %d-bit addresses\n", (int)sizeof(long) * 8);
    return 0;
}
