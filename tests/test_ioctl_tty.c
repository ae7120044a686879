/* What each request means, with a byte array as the caller's memory. */
#include "ioctl_tty.h"

#include <errno.h>

#include <asm/ioctls.h>
#include <asm/termios.h>
#include <linux/serial.h>

#include "journal.h"
#include "proto/line.h"
#include "test.h"

enum { BASE = 0x1000, SIZE = 256, TERMIOS = 44 };

static uint8_t memory_bytes[SIZE]; /* at the address BASE */
static struct journal journal;
static struct ioctl_counts counts;
static unsigned outputs, inputs;
static size_t unsent;
static unsigned asked, answered;
static uint8_t termios_bytes[TERMIOS];
static struct ioctl_tty tty;

/* --- the memory and the port ------------------------------------------------------------------ */

static bool inside(uint64_t address, size_t len)
{
    return address >= BASE && address <= BASE + SIZE && len <= BASE + SIZE - address;
}

static int memory_read(void *ctx, uint64_t address, void *data, size_t len)
{
    (void)ctx;
    if (!inside(address, len))
        return -EFAULT;
    memcpy(data, memory_bytes + (address - BASE), len);
    return 0;
}

static int memory_write(void *ctx, uint64_t address, const void *data, size_t len)
{
    (void)ctx;
    if (!inside(address, len))
        return -EFAULT;
    memcpy(memory_bytes + (address - BASE), data, len);
    return 0;
}

static const struct ioctl_memory memory = {memory_read, memory_write, NULL};

static int port_termios(void *ctx, unsigned request, void *data)
{
    (void)ctx;
    journal_line(&journal, "termios %s", request == TCGETS ? "get" : "set");
    if (request == TCGETS)
        memcpy(data, termios_bytes, 36);
    else
        memcpy(termios_bytes, data, 36);
    return 0;
}

static size_t port_termios_size(unsigned request)
{
    return request == TCGETS || request == TCSETSW ? 36 : 0;
}

static unsigned port_lines(void *ctx)
{
    (void)ctx;
    return outputs | inputs;
}

static void port_set_lines(void *ctx, unsigned mask, unsigned values)
{
    (void)ctx;
    outputs = (outputs & ~mask) | (values & mask);
    journal_line(&journal, "lines %u of %u", values & mask, mask);
}

static void port_set_break(void *ctx, bool on)
{
    (void)ctx;
    journal_line(&journal, "break %s", on ? "on" : "off");
}

static void port_counts(void *ctx, struct ioctl_counts *c)
{
    (void)ctx;
    *c = counts;
}

static size_t port_unsent(void *ctx)
{
    (void)ctx;
    return unsent;
}

static unsigned port_begin_drain(void *ctx)
{
    (void)ctx;
    return ++asked;
}

static bool port_is_drained(void *ctx, unsigned ticket)
{
    (void)ctx;
    return answered >= ticket;
}

static const struct ioctl_port port = {
    .termios = port_termios,
    .termios_size = port_termios_size,
    .lines = port_lines,
    .set_lines = port_set_lines,
    .set_break = port_set_break,
    .counts = port_counts,
    .unsent = port_unsent,
    .begin_drain = port_begin_drain,
    .is_drained = port_is_drained,
};

static void begin(void)
{
    memset(memory_bytes, 0, sizeof memory_bytes);
    journal_clear(&journal);
    counts = (struct ioctl_counts){0};
    outputs = inputs = asked = answered = 0;
    unsent = 0;
    tty = (struct ioctl_tty){.port = &port};
}

static struct ioctl_wait wait;

/* Makes a call at time 1000; returns the verdict. */
static enum ioctl_verdict call(unsigned request, uint64_t argument, int *result)
{
    const struct ioctl_call c = {request, argument, false};

    return ioctl_tty_call(&tty, &c, &memory, 1000, result, &wait);
}

/* A call that is answered at once: its result. */
static int answer(unsigned request, uint64_t argument)
{
    int result = 12345;

    CHECK(call(request, argument, &result) == IOCTL_ANSWER);
    return result;
}

static void put_int(int value)
{
    memcpy(memory_bytes, &value, sizeof value);
}

static int get_int(void)
{
    int value;

    memcpy(&value, memory_bytes, sizeof value);
    return value;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void lines_are_read(void)
{
    begin();
    outputs = LINE_DTR;
    inputs = LINE_CTS | LINE_CD | LINE_RI;
    CHECK(answer(TIOCMGET, BASE) == 0);
    CHECK(get_int() == (TIOCM_DTR | TIOCM_CTS | TIOCM_CAR | TIOCM_RNG));
}

static void lines_are_set_together(void)
{
    begin();
    put_int(TIOCM_DTR | TIOCM_OUT1);
    CHECK(answer(TIOCMSET, BASE) == 0);
    put_int(TIOCM_RTS);
    CHECK(answer(TIOCMBIS, BASE) == 0);
    put_int(TIOCM_DTR | TIOCM_RTS);
    CHECK(answer(TIOCMBIC, BASE) == 0);
    put_int(TIOCM_OUT2); /* not ours: no change */
    CHECK(answer(TIOCMBIS, BASE) == 0);
    CHECK_TEXT(journal.text, "lines 1 of 3\nlines 2 of 2\nlines 0 of 3\n");
}

static void bad_addresses_give_efault_and_change_nothing(void)
{
    static const unsigned requests[] = {TIOCMGET,    TIOCMSET,    TIOCMBIS,     TIOCMBIC,
                                        TIOCGICOUNT, TIOCGSERIAL, TIOCSSERIAL,  TCGETS,
                                        TCSETSW,     TIOCOUTQ,    TIOCSERGETLSR};
    static const uint64_t addresses[] = {0,           BASE - 1,   BASE + SIZE - 3,
                                         BASE + SIZE, UINT64_MAX, UINT64_MAX - 3};

    for (size_t r = 0; r < sizeof requests / sizeof *requests; r++) {
        for (size_t a = 0; a < sizeof addresses / sizeof *addresses; a++) {
            begin();
            CHECK(answer(requests[r], addresses[a]) == -EFAULT);
            CHECK(!strstr(journal.text, "lines") && !strstr(journal.text, "set"));
        }
    }
}

static void termios_pass_through_memory(void)
{
    begin();
    for (int i = 0; i < 36; i++)
        memory_bytes[i] = (uint8_t)(i + 1);
    CHECK(answer(TCSETSW, BASE) == 0);
    CHECK(termios_bytes[35] == 36);
    CHECK(answer(TCGETS, BASE + 100) == 0);
    CHECK(memcmp(memory_bytes + 100, termios_bytes, 36) == 0);
    CHECK(memory_bytes[136] == 0); /* no byte more */
}

static void counters_are_the_ports(void)
{
    struct serial_icounter_struct c;

    begin();
    counts = (struct ioctl_counts){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    CHECK(answer(TIOCGICOUNT, BASE) == 0);
    memcpy(&c, memory_bytes, sizeof c);
    CHECK(c.cts == 1 && c.dsr == 2 && c.rng == 3 && c.dcd == 4 && c.rx == 5 && c.tx == 6);
    CHECK(c.frame == 7 && c.overrun == 8 && c.parity == 9 && c.brk == 10 && c.buf_overrun == 11);
}

static void serial_struct_keeps_flags_in_both_sizes(void)
{
    const struct ioctl_call set32 = {TIOCSSERIAL, BASE, true};
    const struct ioctl_call get32 = {TIOCGSERIAL, BASE + 128, true};
    struct serial_struct s;
    int result;

    begin();
    CHECK(answer(TIOCGSERIAL, BASE) == 0);
    memcpy(&s, memory_bytes, sizeof s);
    CHECK(s.type == PORT_16550A && s.baud_base == 115200 && s.flags == 0);
    s.flags = 0x2000; /* ASYNC_LOW_LATENCY */
    s.custom_divisor = 3;
    memcpy(memory_bytes, &s, sizeof s);
    CHECK(answer(TIOCSSERIAL, BASE) == 0);

    CHECK(ioctl_tty_call(&tty, &get32, &memory, 0, &result, &wait) == IOCTL_ANSWER && result == 0);
    int flags, divisor;
    memcpy(&flags, memory_bytes + 128 + 16, 4);
    memcpy(&divisor, memory_bytes + 128 + 24, 4);
    CHECK(flags == 0x2000 && divisor == 3);
    CHECK(memory_bytes[128 + 60] == 0); /* 60 bytes, not 72 */
    memcpy(memory_bytes, memory_bytes + 128, 60);
    flags = 0;
    memcpy(memory_bytes + 16, &flags, 4);
    CHECK(ioctl_tty_call(&tty, &set32, &memory, 0, &result, &wait) == IOCTL_ANSWER && result == 0);
    CHECK(tty.flags == 0 && tty.custom_divisor == 3);
}

static void breaks_last_as_long_as_asked(void)
{
    int result;

    begin();
    CHECK(answer(TIOCSBRK, 0) == 0);
    CHECK(answer(TIOCCBRK, 0) == 0);
    CHECK_TEXT(journal.text, "break on\nbreak off\n");
    journal_clear(&journal);
    CHECK(call(TCSBRK, 0, &result) == IOCTL_WAIT);
    CHECK(!ioctl_tty_is_over(&tty, &wait, 1249, &result));
    CHECK_TEXT(journal.text, "break on\n");
    CHECK(ioctl_tty_is_over(&tty, &wait, 1250, &result) && result == 0);
    CHECK_TEXT(journal.text, "break on\nbreak off\n");
    CHECK(call(TCSBRKP, 7, &result) == IOCTL_WAIT);
    CHECK(!ioctl_tty_is_over(&tty, &wait, 1699, &result));
    CHECK(ioctl_tty_is_over(&tty, &wait, 1700, &result));
}

static void an_abandoned_break_ends(void)
{
    int result;

    begin();
    CHECK(call(TCSBRK, 0, &result) == IOCTL_WAIT);
    ioctl_tty_abandon(&tty, &wait);
    CHECK_TEXT(journal.text, "break on\nbreak off\n");
}

static void drain_waits_for_the_far_end(void)
{
    int result;

    begin();
    CHECK(call(TCSBRK, 1, &result) == IOCTL_WAIT);
    CHECK(!ioctl_tty_is_over(&tty, &wait, 99999, &result));
    answered = asked;
    CHECK(ioctl_tty_is_over(&tty, &wait, 99999, &result) && result == 0);
    unsent = 17;
    CHECK(answer(TIOCOUTQ, BASE) == 0 && get_int() == 17);
    CHECK(answer(TIOCSERGETLSR, BASE) == 0 && get_int() == 0);
    unsent = 0;
    CHECK(answer(TIOCSERGETLSR, BASE) == 0 && get_int() == TIOCSER_TEMT);
}

static void a_wait_for_lines_ends_with_one_of_them(void)
{
    int result;

    begin();
    counts.cts = 5;
    CHECK(call(TIOCMIWAIT, TIOCM_CTS | TIOCM_CAR, &result) == IOCTL_WAIT);
    counts.dsr++;
    counts.rng++;
    CHECK(!ioctl_tty_is_over(&tty, &wait, 0, &result));
    counts.dcd++;
    CHECK(ioctl_tty_is_over(&tty, &wait, 0, &result) && result == 0);
    CHECK(call(TIOCMIWAIT, TIOCM_RNG, &result) == IOCTL_WAIT);
    counts.rng++;
    CHECK(ioctl_tty_is_over(&tty, &wait, 0, &result));
}

static void rs485_is_not_there_and_strangers_are_the_kernels(void)
{
    int result;

    begin();
    CHECK(answer(TIOCGRS485, BASE) == -ENOTTY);
    CHECK(answer(TIOCSRS485, BASE) == -ENOTTY);
    CHECK(call(0x12345678, BASE, &result) == IOCTL_CONTINUE);
}

static const struct test tests[] = {
    TEST(lines_are_read),
    TEST(lines_are_set_together),
    TEST(bad_addresses_give_efault_and_change_nothing),
    TEST(termios_pass_through_memory),
    TEST(counters_are_the_ports),
    TEST(serial_struct_keeps_flags_in_both_sizes),
    TEST(breaks_last_as_long_as_asked),
    TEST(an_abandoned_break_ends),
    TEST(drain_waits_for_the_far_end),
    TEST(a_wait_for_lines_ends_with_one_of_them),
    TEST(rs485_is_not_there_and_strangers_are_the_kernels),
};

TEST_MAIN(tests)
