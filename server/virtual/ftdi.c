#include "ftdi.h"

#include <errno.h>
#include <string.h>

#include "clock.h"

enum {
    RX_MAX = 4096, /* the FT2232H's; others have less */
    STATUS = 2,    /* bytes at the start of each packet */
    LATENCY_MS = 16,
    TURN_US = 10000,  /* of work for the host's bytes; then others have their turn */
    LINE_IDLE = 0x60, /* nothing to send, nothing being sent */
    MODEM_IDLE = 0x01,
};

/* bRequest */
enum {
    RESET = 0x00,
    MODEM_CTRL = 0x01,
    SET_FLOW = 0x02,
    SET_BAUD = 0x03,
    SET_DATA = 0x04,
    GET_MODEM = 0x05,
    SET_EVENT_CHAR = 0x06,
    SET_ERROR_CHAR = 0x07,
    SET_LATENCY = 0x09,
    GET_LATENCY = 0x0a,
    SET_BITMODE = 0x0b,
    READ_PINS = 0x0c,
    READ_EEPROM = 0x90,
    WRITE_EEPROM = 0x91,
    ERASE_EEPROM = 0x92,
    RESET_SIO = 0,
    RESET_PURGE_OUT = 1, /* what has come from the host; names that say RX mean the chip's */
    RESET_PURGE_IN = 2,
    DATA_BREAK = 1 << 14,
};

static uint8_t in_address(const struct ftdi_channel *c)
{
    return (uint8_t)(0x81 + 2 * c->number);
}

static uint8_t out_address(const struct ftdi_channel *c)
{
    return (uint8_t)(0x02 + 2 * c->number);
}

/* --- to the host -------------------------------------------------------------------------------
 */

static void restart_latency(struct ftdi_channel *c)
{
    c->now = false;
    c->deadline_us = clock_now_us() + c->latency_ms * 1000u;
}

static void wait_for_deadline(struct ftdi_channel *c)
{
    uint64_t now = clock_now_us();
    uint64_t us = c->deadline_us > now ? c->deadline_us - now : 0;

    if (!timer_is_set(&c->deadline))
        timer_in_us(&c->deadline, us);
}

/* Puts one packet, with up to as many bytes as there is room for, at the end of a transfer. */
static void put_packet(struct ftdi_channel *c, struct usb_transfer *t)
{
    size_t room = t->length - t->actual, len = c->rx.len;

    if (room > c->ftdi->packet)
        room = c->ftdi->packet;
    if (len > room - STATUS)
        len = room - STATUS;
    t->data[t->actual] = c->inputs | MODEM_IDLE;
    t->data[t->actual + 1] = c->line_status | LINE_IDLE;
    c->line_status = 0;
    if (len > 0)
        memcpy(t->data + t->actual + STATUS, buf_head(&c->rx), len);
    buf_drain(&c->rx, len);
    t->actual += STATUS + len;
}

/* With pins as bits the chip takes samples of them all the time. Ours is so slow that a packet has
 * as many as fit when the latency timer has run out. */
static void sample(struct ftdi_channel *c)
{
    uint8_t samples[512];
    size_t len = c->ftdi->packet - STATUS;

    if (c->bit_mode != FTDI_BITBANG || c->rx.len > 0)
        return;
    memset(samples, c->ftdi->back->pins(c), len);
    (void)buf_add(&c->rx, samples, len);
}

/* A packet goes when it is full, when the latency timer has run out, or when it is wanted at once.
 * One that is not full ends the transfer. */
static int fill_in(struct ftdi_channel *c, struct usb_transfer *t)
{
    const size_t packet = c->ftdi->packet;

    for (;;) {
        bool full = c->rx.len >= packet - STATUS;

        if (t->length - t->actual <= STATUS)
            return (int)t->actual;
        if (!full && !c->now && clock_now_us() < c->deadline_us) {
            wait_for_deadline(c);
            return GADGET_WAIT;
        }
        if (!full && !c->now)
            sample(c);
        size_t before = t->actual;
        put_packet(c, t);
        if (c->rx.len == 0)
            restart_latency(c);
        if (t->actual - before < packet || t->actual == t->length)
            return (int)t->actual;
    }
}

static void on_deadline(void *ctx)
{
    struct ftdi_channel *c = ctx;

    gadget_kick(&c->ftdi->gadget, in_address(c));
}

static void on_more(void *ctx)
{
    struct ftdi_channel *c = ctx;

    gadget_kick(&c->ftdi->gadget, out_address(c));
}

bool ftdi_is_late(const struct ftdi_channel *c)
{
    return clock_now_us() >= c->turn_end_us;
}

size_t ftdi_room(const struct ftdi_channel *c)
{
    return c->rx.max - c->rx.len;
}

void ftdi_give(struct ftdi_channel *c, const uint8_t *data, size_t len, bool now)
{
    if (buf_add(&c->rx, data, len) < 0)
        return;
    c->now = c->now || now;
    gadget_kick(&c->ftdi->gadget, in_address(c));
}

void ftdi_show(struct ftdi_channel *c, uint8_t inputs)
{
    if (c->inputs == inputs)
        return;
    c->inputs = inputs;
    c->now = true;
    gadget_kick(&c->ftdi->gadget, in_address(c));
}

/* --- from the host -----------------------------------------------------------------------------
 */

/* Each byte is the next state of the pins; the synchronous mode answers each with the one before.
 */
static size_t drive(struct ftdi_channel *c, const uint8_t *data, size_t len)
{
    const struct ftdi_back *back = c->ftdi->back;
    size_t taken = 0;

    for (; taken < len && !ftdi_is_late(c); taken++) {
        if (c->bit_mode == FTDI_SYNC_BITBANG) {
            const uint8_t before = back->pins(c);

            if (ftdi_room(c) == 0)
                break;
            ftdi_give(c, &before, 1, false);
        }
        c->bits = data[taken];
        back->driven(c);
    }
    return taken;
}

static bool is_banging(const struct ftdi_channel *c)
{
    return c->bit_mode == FTDI_BITBANG || c->bit_mode == FTDI_SYNC_BITBANG;
}

/* Its results may go to the host at once, and make room for more. */
static int take_out(struct ftdi_channel *c, struct usb_transfer *t)
{
    size_t part = 1;

    c->turn_end_us = clock_now_us() + TURN_US;
    while (part > 0 && t->actual < t->length) {
        const uint8_t *data = t->data + t->actual;
        size_t len = t->length - t->actual;

        part = is_banging(c) ? drive(c, data, len) : c->ftdi->back->sent(c, data, len);
        t->actual += part;
    }
    if (t->actual == t->length)
        return (int)t->actual;
    if (ftdi_is_late(c))
        timer_in_us(&c->more, 0);
    return GADGET_WAIT;
}

static int transfer(struct gadget *g, struct usb_transfer *t)
{
    struct ftdi *f = (struct ftdi *)g;
    struct ftdi_channel *c = &f->channel[((t->address & 15) - 1) / 2];

    return t->address & 0x80 ? fill_in(c, t) : take_out(c, t);
}

/* Room for the host's bytes has come about. */
static void moved(struct gadget *g, uint8_t address)
{
    struct ftdi *f = (struct ftdi *)g;

    if (address & 0x80)
        gadget_kick(g, out_address(&f->channel[((address & 15) - 1) / 2]));
}

/* --- requests ----------------------------------------------------------------------------------
 */

static void purge(struct ftdi_channel *c, bool tx)
{
    if (!tx)
        buf_drain(&c->rx, c->rx.len);
    c->ftdi->back->purged(c, tx);
}

/* The latency timer stays: Linux's driver sets it once, and sends this at each open. */
static void reset_channel(struct ftdi_channel *c)
{
    timer_stop(&c->deadline);
    buf_drain(&c->rx, c->rx.len);
    c->line_status = c->bit_mode = c->bit_mask = c->bits = 0;
    restart_latency(c);
    c->ftdi->back->purged(c, true);
}

static void set_outputs(struct ftdi_channel *c, uint16_t value)
{
    uint8_t mask = (uint8_t)(value >> 8);

    c->outputs = (uint8_t)((c->outputs & ~mask) | (value & mask & (FTDI_DTR | FTDI_RTS)));
    c->ftdi->back->changed(c, false);
}

static int set(struct ftdi_channel *c, const struct usb_setup *s)
{
    switch (s->request) {
    case RESET:
        if (s->value == RESET_SIO)
            reset_channel(c);
        if (s->value == RESET_PURGE_OUT || s->value == RESET_PURGE_IN)
            purge(c, s->value == RESET_PURGE_OUT);
        return s->value <= RESET_PURGE_IN ? 0 : USBIP_EPIPE;
    case MODEM_CTRL:
        set_outputs(c, s->value);
        return 0;
    case SET_DATA:
        c->ftdi->back->changed(c, (s->value & DATA_BREAK) != 0);
        return 0;
    case SET_LATENCY:
        if (s->value < 1 || s->value > 255)
            return USBIP_EPIPE;
        c->latency_ms = (uint8_t)s->value;
        return 0;
    case SET_BITMODE:
        c->bit_mode = (uint8_t)(s->value >> 8);
        c->bit_mask = (uint8_t)s->value;
        c->ftdi->back->changed(c, false);
        return 0;
    case SET_FLOW:
    case SET_BAUD:
    case SET_EVENT_CHAR:
    case SET_ERROR_CHAR:
        return 0;
    case WRITE_EEPROM:
        ftdi_eeprom_write(&c->ftdi->eeprom, s->index, s->value);
        return 0;
    case ERASE_EEPROM:
        ftdi_eeprom_erase(&c->ftdi->eeprom);
        return 0;
    default:
        return USBIP_EPIPE;
    }
}

static int get(struct ftdi_channel *c, const struct usb_setup *s, uint8_t *data)
{
    uint8_t answer[2];
    uint16_t word;
    int len = 2;

    switch (s->request) {
    case GET_MODEM:
        answer[0] = c->inputs | MODEM_IDLE;
        answer[1] = LINE_IDLE;
        break;
    case GET_LATENCY:
        answer[0] = c->latency_ms;
        len = 1;
        break;
    case READ_PINS:
        answer[0] = c->ftdi->back->pins(c);
        if (c->bit_mode == FTDI_CBUS) /* free pins: the undriven ones are pulled up */
            answer[0] = (c->bit_mask & 0x0f) | (~c->bit_mask >> 4 & 0x0f);
        len = 1;
        break;
    case READ_EEPROM:
        word = ftdi_eeprom_read(&c->ftdi->eeprom, s->index);
        answer[0] = (uint8_t)word;
        answer[1] = (uint8_t)(word >> 8);
        break;
    default:
        return USBIP_EPIPE;
    }
    if (len > s->length)
        len = s->length;
    memcpy(data, answer, (size_t)len);
    return len;
}

static int control(struct gadget *g, const struct usb_setup *s, uint8_t *data)
{
    struct ftdi *f = (struct ftdi *)g;
    unsigned channel = s->index & 0xff; /* counted from 1; 0 is what single ones have */

    if ((s->type & 0x60) != 0x40) /* not a vendor's */
        return USBIP_EPIPE;
    if (s->request == READ_EEPROM || s->request == WRITE_EEPROM)
        channel = 0; /* the index is an address */
    if (channel > f->channels)
        return USBIP_EPIPE;
    struct ftdi_channel *c = &f->channel[channel ? channel - 1 : 0];
    if (s->type & 0x80)
        return get(c, s, data);
    int r = set(c, s);
    gadget_kick(g, out_address(c)); /* a purge or another mode may have made room for what waits */
    return r;
}

/* --- the device --------------------------------------------------------------------------------
 */

static void reset(struct gadget *g)
{
    struct ftdi *f = (struct ftdi *)g;

    for (unsigned i = 0; i < f->channels; i++) {
        f->channel[i].latency_ms = LATENCY_MS;
        reset_channel(&f->channel[i]);
        f->channel[i].outputs = 0;
        f->back->changed(&f->channel[i], false);
    }
}

static void free_device(struct gadget *g)
{
    struct ftdi *f = (struct ftdi *)g;

    f->back->free(f);
}

static const struct gadget_kind kind = {
    .control = control,
    .transfer = transfer,
    .moved = moved,
    .reset = reset,
    .free = free_device,
};

void ftdi_init(struct ftdi *f, struct event_base *base, const struct ftdi_back *back,
               const struct gadget_descriptors *descriptors, unsigned channels, const char *name,
               unsigned number)
{
    f->back = back;
    f->channels = channels;
    f->packet = descriptors->speed == USBIP_SPEED_HIGH ? 512 : 64;
    for (unsigned i = 0; i < channels; i++) {
        struct ftdi_channel *c = &f->channel[i];

        c->ftdi = f;
        c->number = i;
        buf_init(&c->rx, RX_MAX);
        c->latency_ms = LATENCY_MS;
        timer_make(&c->deadline, base, on_deadline, c);
        timer_make(&c->more, base, on_more, c);
    }
    ftdi_eeprom_init(&f->eeprom, descriptors);
    gadget_init(&f->gadget, base, &kind, descriptors, name, number);
}

void ftdi_end(struct ftdi *f)
{
    for (unsigned i = 0; i < f->channels; i++) {
        buf_free(&f->channel[i].rx);
        timer_stop(&f->channel[i].deadline);
        timer_stop(&f->channel[i].more);
    }
}
