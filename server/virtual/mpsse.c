#include "mpsse.h"

/* Bits of a command that shifts. */
enum {
    SHIFT_BITS = 0x02, /* up to 8 bits in place of bytes */
    SHIFT_LSB = 0x08,
    SHIFT_WRITE = 0x10,
    SHIFT_READ = 0x20,
    SHIFT_TMS = 0x40,
    SHIFT_MASK = 0x70,
};

enum {
    SET_LOW = 0x80,
    GET_LOW = 0x81,
    SET_HIGH = 0x82,
    GET_HIGH = 0x83,
    LOOPBACK_ON = 0x84,
    LOOPBACK_OFF = 0x85,
    SET_DIVISOR = 0x86,
    SEND_NOW = 0x87,
    WAIT_HIGH = 0x88,
    WAIT_LOW = 0x89,
    DIVIDE_OFF = 0x8a,
    DIVIDE_ON = 0x8b,
    THREE_PHASE_ON = 0x8c,
    THREE_PHASE_OFF = 0x8d,
    CLOCK_BITS = 0x8e,
    CLOCK_BYTES = 0x8f,
    CLOCK_UNTIL_HIGH = 0x94,
    CLOCK_UNTIL_LOW = 0x95,
    ADAPTIVE_ON = 0x96,
    ADAPTIVE_OFF = 0x97,
    CLOCK_BYTES_UNTIL_HIGH = 0x9c,
    CLOCK_BYTES_UNTIL_LOW = 0x9d,
    OPEN_DRAIN = 0x9e,
    BAD_COMMAND = 0xfa, /* what it answers, with the command */
};

static bool is_shift(uint8_t command)
{
    return command < 0x80 && (command & SHIFT_MASK) != 0;
}

/* Bytes of a command before data to shift. */
static unsigned head_size(uint8_t command)
{
    if (is_shift(command)) {
        if (command & SHIFT_TMS)
            return 3; /* length, bits */
        if (command & SHIFT_BITS)
            return command & SHIFT_WRITE ? 3 : 2;
        return 3; /* length */
    }
    switch (command) {
    case SET_LOW:
    case SET_HIGH:
    case SET_DIVISOR:
    case CLOCK_BYTES:
    case CLOCK_BYTES_UNTIL_HIGH:
    case CLOCK_BYTES_UNTIL_LOW:
    case OPEN_DRAIN:
        return 3;
    case CLOCK_BITS:
        return 2;
    default:
        return 1;
    }
}

static bool clock_bit(struct mpsse *m, bool bit)
{
    bool in = m->pins->clock(m->ctx, bit);

    return m->loopback ? bit : in;
}

/* Shifts up to 8 bits. Input bits are shifted in as well: at the low end for the most significant
 * bit first, at the high end otherwise. */
static uint8_t shift(struct mpsse *m, uint8_t out, unsigned bits, bool lsb)
{
    uint8_t in = 0;

    for (unsigned i = 0; i < bits; i++) {
        bool bit = lsb ? out >> i & 1 : out & 0x80 >> i;

        if (lsb)
            in = (uint8_t)(in >> 1 | (clock_bit(m, bit) ? 0x80 : 0));
        else
            in = (uint8_t)(in << 1 | (clock_bit(m, bit) ? 1 : 0));
    }
    return in;
}

static void answer(struct mpsse *m, uint8_t byte)
{
    m->answer(m->ctx, &byte, 1);
}

static void clock_idle(struct mpsse *m, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++)
        m->pins->clock(m->ctx, false);
}

/* A command that shifts, with its head. */
static void begin_shift(struct mpsse *m)
{
    const uint8_t command = m->head[0];

    if (command & (SHIFT_TMS | SHIFT_BITS)) {
        unsigned bits = 1u + (m->head[1] & 7);
        uint8_t in = shift(m, command & (SHIFT_WRITE | SHIFT_TMS) ? m->head[2] : 0, bits,
                           command & SHIFT_LSB);

        if (command & SHIFT_READ)
            answer(m, in);
        return;
    }
    m->left = 1u + m->head[1] + ((unsigned)m->head[2] << 8);
    if (command & SHIFT_WRITE)
        return; /* with the data */
    for (; m->left > 0; m->left--) {
        uint8_t in = shift(m, 0, 8, command & SHIFT_LSB);

        if (command & SHIFT_READ)
            answer(m, in);
    }
}

static void carry_out(struct mpsse *m)
{
    const uint8_t *h = m->head;
    const uint8_t bad[] = {BAD_COMMAND, h[0]};

    if (is_shift(h[0])) {
        begin_shift(m);
        return;
    }
    switch (h[0]) {
    case SET_LOW:
    case SET_HIGH:
        m->pins->set(m->ctx, h[0] == SET_HIGH, h[1], h[2]);
        break;
    case GET_LOW:
    case GET_HIGH:
        answer(m, m->pins->get(m->ctx, h[0] == GET_HIGH));
        break;
    case LOOPBACK_ON:
    case LOOPBACK_OFF:
        m->loopback = h[0] == LOOPBACK_ON;
        break;
    case SEND_NOW:
        m->flush(m->ctx);
        break;
    case CLOCK_BITS:
        clock_idle(m, 1u + (h[1] & 7));
        break;
    case CLOCK_BYTES:
        clock_idle(m, 8 * (1u + h[1] + ((unsigned)h[2] << 8)));
        break;
    case SET_DIVISOR:
    case WAIT_HIGH: /* nothing here makes it wait */
    case WAIT_LOW:
    case DIVIDE_OFF:
    case DIVIDE_ON:
    case THREE_PHASE_ON:
    case THREE_PHASE_OFF:
    case CLOCK_UNTIL_HIGH:
    case CLOCK_UNTIL_LOW:
    case ADAPTIVE_ON:
    case ADAPTIVE_OFF:
    case CLOCK_BYTES_UNTIL_HIGH:
    case CLOCK_BYTES_UNTIL_LOW:
    case OPEN_DRAIN:
        break;
    default: /* programs find out by this that it is an MPSSE, and in step */
        m->answer(m->ctx, bad, sizeof bad);
        m->flush(m->ctx);
        break;
    }
}

void mpsse_reset(struct mpsse *m)
{
    m->have = 0;
    m->left = 0;
    m->loopback = false;
}

void mpsse_take(struct mpsse *m, const uint8_t *data, size_t len)
{
    for (; len > 0; data++, len--) {
        if (m->left > 0) { /* data of a command that shifts bytes */
            uint8_t in = shift(m, *data, 8, m->head[0] & SHIFT_LSB);

            if (m->head[0] & SHIFT_READ)
                answer(m, in);
            m->left--;
            continue;
        }
        m->head[m->have++] = *data;
        if (m->have < head_size(m->head[0]))
            continue;
        m->have = 0;
        carry_out(m);
    }
}
