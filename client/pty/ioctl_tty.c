#include "ioctl_tty.h"

#include <errno.h>
#include <string.h>

#include <asm/ioctls.h>
#include <asm/termios.h>
#include <linux/serial.h>
#include <linux/tty_flags.h>

#include "proto/line.h"

enum {
    BREAK_MS = 250,        /* TCSBRK, tcsendbreak(3) */
    BREAKP_UNIT_MS = 100,  /* TCSBRKP counts tenths of a second */
    TERMIOS_SIZE_MAX = 64, /* the largest of the family is 44 */
};

/* struct serial_struct of a 32-bit program: its addresses have 4 bytes (include/linux/compat.h). */
struct serial_struct_32 {
    int32_t type, line;
    uint32_t port;
    int32_t irq, flags, xmit_fifo_size, custom_divisor, baud_base;
    uint16_t close_delay;
    char io_type, reserved_char;
    int32_t hub6;
    uint16_t closing_wait, closing_wait2;
    uint32_t iomem_base;
    uint16_t iomem_reg_shift;
    uint16_t unused;
    uint32_t port_high;
    int32_t reserved;
};

static const struct {
    int tiocm;
    unsigned line;
} lines[] = {
    {TIOCM_DTR, LINE_DTR}, {TIOCM_RTS, LINE_RTS}, {TIOCM_CTS, LINE_CTS},
    {TIOCM_DSR, LINE_DSR}, {TIOCM_RNG, LINE_RI},  {TIOCM_CAR, LINE_CD},
};

static int tiocm_of_lines(unsigned set)
{
    int bits = 0;

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        bits |= set & lines[i].line ? lines[i].tiocm : 0;
    return bits;
}

static unsigned outputs_of_tiocm(int bits)
{
    return (bits & TIOCM_DTR ? (unsigned)LINE_DTR : 0) |
           (bits & TIOCM_RTS ? (unsigned)LINE_RTS : 0);
}

static int set_lines(struct ioctl_tty *t, const struct ioctl_call *call,
                     const struct ioctl_memory *memory)
{
    int bits;
    int r = memory->read(memory->ctx, call->argument, &bits, sizeof bits);

    if (r < 0)
        return r;
    unsigned outputs = outputs_of_tiocm(bits);
    if (call->request == TIOCMSET)
        t->port->set_lines(t->ctx, LINE_OUTPUTS, outputs);
    else if (outputs != 0)
        t->port->set_lines(t->ctx, outputs, call->request == TIOCMBIS ? outputs : 0);
    return 0;
}

static int get_lines(struct ioctl_tty *t, const struct ioctl_call *call,
                     const struct ioctl_memory *memory)
{
    int bits = tiocm_of_lines(t->port->lines(t->ctx));

    return memory->write(memory->ctx, call->argument, &bits, sizeof bits);
}

static int do_termios(struct ioctl_tty *t, const struct ioctl_call *call,
                      const struct ioctl_memory *memory)
{
    unsigned char data[TERMIOS_SIZE_MAX] = {0};
    size_t size = t->port->termios_size(call->request);
    bool get =
        call->request == TCGETS || call->request == TCGETA || call->request == (unsigned)TCGETS2;
    int r = get ? 0 : memory->read(memory->ctx, call->argument, data, size);

    if (r == 0)
        r = t->port->termios(t->ctx, call->request, data);
    if (r == 0 && get)
        r = memory->write(memory->ctx, call->argument, data, size);
    return r;
}

static int get_counts(struct ioctl_tty *t, const struct ioctl_call *call,
                      const struct ioctl_memory *memory)
{
    struct ioctl_counts now;
    struct serial_icounter_struct c = {0};

    t->port->counts(t->ctx, &now);
    c.cts = (int)now.cts;
    c.dsr = (int)now.dsr;
    c.rng = (int)now.rng;
    c.dcd = (int)now.dcd;
    c.rx = (int)now.rx;
    c.tx = (int)now.tx;
    c.frame = (int)now.frame;
    c.overrun = (int)now.overrun;
    c.parity = (int)now.parity;
    c.brk = (int)now.brk;
    c.buf_overrun = (int)now.buf_overrun;
    return memory->write(memory->ctx, call->argument, &c, sizeof c);
}

/* A 16550A, as setserial(8) and libraries expect something to be. */
static int get_serial(struct ioctl_tty *t, const struct ioctl_call *call,
                      const struct ioctl_memory *memory)
{
    struct serial_struct s = {.type = PORT_16550A,
                              .flags = t->flags,
                              .xmit_fifo_size = 16,
                              .custom_divisor = t->custom_divisor,
                              .baud_base = 115200,
                              .close_delay = 50,
                              .closing_wait = 3000};
    struct serial_struct_32 s32 = {.type = s.type,
                                   .flags = s.flags,
                                   .xmit_fifo_size = s.xmit_fifo_size,
                                   .custom_divisor = s.custom_divisor,
                                   .baud_base = s.baud_base,
                                   .close_delay = s.close_delay,
                                   .closing_wait = s.closing_wait};

    return call->compat ? memory->write(memory->ctx, call->argument, &s32, sizeof s32)
                        : memory->write(memory->ctx, call->argument, &s, sizeof s);
}

/* Keeps what a program may set of it; the far port's driver has its own. */
static int set_serial(struct ioctl_tty *t, const struct ioctl_call *call,
                      const struct ioctl_memory *memory)
{
    struct serial_struct s;
    struct serial_struct_32 s32;
    int r = call->compat ? memory->read(memory->ctx, call->argument, &s32, sizeof s32)
                         : memory->read(memory->ctx, call->argument, &s, sizeof s);

    if (r < 0)
        return r;
    t->flags = call->compat ? s32.flags : s.flags;
    t->custom_divisor = call->compat ? s32.custom_divisor : s.custom_divisor;
    return 0;
}

static int put_int(const struct ioctl_call *call, const struct ioctl_memory *memory, int value)
{
    return memory->write(memory->ctx, call->argument, &value, sizeof value);
}

static void begin_break(struct ioctl_tty *t, uint64_t now_ms, uint64_t ms, struct ioctl_wait *wait)
{
    t->port->set_break(t->ctx, true);
    *wait = (struct ioctl_wait){.kind = IOCTL_WAIT_BREAK, .until_ms = now_ms + ms};
}

/* The calls that wait. Returns whether it is one. */
static bool begin_wait(struct ioctl_tty *t, const struct ioctl_call *call, uint64_t now_ms,
                       struct ioctl_wait *wait)
{
    switch (call->request) {
    case TIOCMIWAIT:
        *wait = (struct ioctl_wait){.kind = IOCTL_WAIT_LINES, .lines = (unsigned)call->argument};
        t->port->counts(t->ctx, &wait->counts);
        return true;
    case TCSBRK:
        if (call->argument != 0) /* tcdrain(3) */
            *wait = (struct ioctl_wait){.kind = IOCTL_WAIT_DRAIN,
                                        .ticket = t->port->begin_drain(t->ctx)};
        else
            begin_break(t, now_ms, BREAK_MS, wait);
        return true;
    case TCSBRKP: {
        uint64_t tenths = (uint32_t)call->argument;

        begin_break(t, now_ms, tenths ? tenths * BREAKP_UNIT_MS : BREAK_MS, wait);
        return true;
    }
    default:
        return false;
    }
}

enum ioctl_order ioctl_tty_order(unsigned request)
{
    switch (request) {
    case TCGETS:
    case TCGETA:
    case (unsigned)TCGETS2:
    case TIOCMGET:
    case TIOCMIWAIT:
    case TIOCGICOUNT:
    case TIOCGSERIAL:
    case TIOCSERGETLSR:
    case TIOCOUTQ:
        return IOCTL_ORDER_NONE;
    case TCSETSW:
    case TCSETSF:
    case TCSETAW:
    case TCSETAF:
    case (unsigned)TCSETSW2:
    case (unsigned)TCSETSF2:
    case TCSBRK:
    case TCSBRKP:
        return IOCTL_ORDER_DRAIN;
    default:
        return IOCTL_ORDER_BEHIND;
    }
}

enum ioctl_verdict ioctl_tty_call(struct ioctl_tty *t, const struct ioctl_call *call,
                                  const struct ioctl_memory *memory, uint64_t now_ms, int *result,
                                  struct ioctl_wait *wait)
{
    *result = 0;
    if (t->port->termios_size(call->request) > 0) {
        *result = do_termios(t, call, memory);
        return IOCTL_ANSWER;
    }
    if (begin_wait(t, call, now_ms, wait))
        return ioctl_tty_is_over(t, wait, now_ms, result) ? IOCTL_ANSWER : IOCTL_WAIT;

    switch (call->request) {
    case TIOCMGET:
        *result = get_lines(t, call, memory);
        break;
    case TIOCMSET:
    case TIOCMBIS:
    case TIOCMBIC:
        *result = set_lines(t, call, memory);
        break;
    case TIOCGICOUNT:
        *result = get_counts(t, call, memory);
        break;
    case TIOCGSERIAL:
        *result = get_serial(t, call, memory);
        break;
    case TIOCSSERIAL:
        *result = set_serial(t, call, memory);
        break;
    case TIOCSBRK:
    case TIOCCBRK:
        t->port->set_break(t->ctx, call->request == TIOCSBRK);
        break;
    case TIOCSERGETLSR:
        *result = put_int(call, memory, t->port->unsent(t->ctx) == 0 ? TIOCSER_TEMT : 0);
        break;
    case TIOCOUTQ: {
        size_t bytes = t->port->unsent(t->ctx);

        *result = put_int(call, memory, bytes < INT32_MAX ? (int)bytes : INT32_MAX);
        break;
    }
    case TIOCGRS485:
    case TIOCSRS485: /* RFC 2217 has no way to ask for it */
        *result = -ENOTTY;
        break;
    default:
        return IOCTL_CONTINUE;
    }
    return IOCTL_ANSWER;
}

static bool lines_changed(const struct ioctl_wait *wait, const struct ioctl_counts *now)
{
    const struct ioctl_counts *was = &wait->counts;

    return ((wait->lines & TIOCM_CTS) && now->cts != was->cts) ||
           ((wait->lines & TIOCM_DSR) && now->dsr != was->dsr) ||
           ((wait->lines & TIOCM_RNG) && now->rng != was->rng) ||
           ((wait->lines & TIOCM_CAR) && now->dcd != was->dcd);
}

bool ioctl_tty_is_over(struct ioctl_tty *t, const struct ioctl_wait *wait, uint64_t now_ms,
                       int *result)
{
    struct ioctl_counts now;

    *result = 0;
    switch (wait->kind) {
    case IOCTL_WAIT_LINES:
        t->port->counts(t->ctx, &now);
        return lines_changed(wait, &now);
    case IOCTL_WAIT_BREAK:
        if (now_ms < wait->until_ms)
            return false;
        t->port->set_break(t->ctx, false);
        return true;
    case IOCTL_WAIT_DRAIN:
        return t->port->is_drained(t->ctx, wait->ticket);
    }
    return true;
}

void ioctl_tty_abandon(struct ioctl_tty *t, const struct ioctl_wait *wait)
{
    if (wait->kind == IOCTL_WAIT_BREAK)
        t->port->set_break(t->ctx, false);
}
