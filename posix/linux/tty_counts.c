#include "tty_counts.h"

#include "os_ioctl.h"
#include "proto/line.h"

void tty_counts_begin(struct tty_counts *c, int fd)
{
    c->known = os_ioctl(fd, TIOCGICOUNT, &c->seen) == 0;
}

unsigned tty_counts_errors(struct tty_counts *c, int fd)
{
    struct serial_icounter_struct now;
    unsigned state = 0;

    if (!c->known || os_ioctl(fd, TIOCGICOUNT, &now) < 0)
        return 0;
    if (now.overrun != c->seen.overrun || now.buf_overrun != c->seen.buf_overrun)
        state |= LINE_STATE_OVERRUN;
    state |= now.parity != c->seen.parity ? LINE_STATE_PARITY : 0u;
    state |= now.frame != c->seen.frame ? LINE_STATE_FRAMING : 0u;
    state |= now.brk != c->seen.brk ? LINE_STATE_BREAK : 0u;
    c->seen.overrun = now.overrun;
    c->seen.buf_overrun = now.buf_overrun;
    c->seen.parity = now.parity;
    c->seen.frame = now.frame;
    c->seen.brk = now.brk;
    return state;
}

unsigned tty_counts_edges(struct tty_counts *c, int fd)
{
    struct serial_icounter_struct now;
    unsigned edges = 0;

    if (!c->known || os_ioctl(fd, TIOCGICOUNT, &now) < 0)
        return 0;
    edges |= now.cts != c->seen.cts ? (unsigned)LINE_CTS : 0;
    edges |= now.dsr != c->seen.dsr ? (unsigned)LINE_DSR : 0;
    edges |= now.rng != c->seen.rng ? (unsigned)LINE_RI : 0;
    edges |= now.dcd != c->seen.dcd ? (unsigned)LINE_CD : 0;
    c->seen.cts = now.cts;
    c->seen.dsr = now.dsr;
    c->seen.rng = now.rng;
    c->seen.dcd = now.dcd;
    return edges;
}
