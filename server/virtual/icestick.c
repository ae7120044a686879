/*
 * Theory of operation. The flash memory and the FPGA share channel A's low pins:
 *
 *   0 SCK   1 MOSI   2 MISO   4 chip select (low)   6 CDONE   7 CRESET (low)
 *
 * Chip select and CRESET have pull-ups: pins that the host does not drive are high. After a reset
 * the FPGA loads itself from the flash memory. If chip select is low when the reset ends, it takes
 * its image from the host instead. CDONE rises once it has an image, known by its preamble.
 *
 * Each channel has an engine of its own. Nothing is at the other pins: they are pulled up.
 */
#include "icestick.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ftdi.h"
#include "mpsse.h"
#include "spi_flash.h"

enum {
    PIN_SELECT = 0x10,
    PIN_DONE = 0x40,
    PIN_RESET = 0x80,
    RX_FULL = 4096,         /* answers; then no more commands are carried out */
    RX_ROOM = 3 * 65536,    /* one command has up to 65536 more, and a step may end two */
    STEP = 3,               /* bytes of commands between two looks at that */
    IMAGE_SEARCHED = 65536, /* bytes that a preamble is looked for in */
};

static const uint32_t preamble = 0x7eaa997e;

struct icestick;

/* A channel's engine, and its low and high pins. */
struct side {
    struct icestick *icestick;
    struct mpsse mpsse;
    uint8_t values[2], direction[2];
    bool flush;
};

struct icestick {
    struct ftdi ftdi;
    struct side side[FTDI_CHANNELS_MAX];
    struct spi_flash *flash;
    bool resetting;
    bool from_host; /* the FPGA takes its image from the host */
    bool done;
    uint32_t last; /* 32 bits that were clocked */
    bool real_times;
};

static const uint8_t device_descriptor[] = {
    18, USB_DESC_DEVICE, 0x00, 0x02, 0, 0, 0, 64, 0x03, 0x04, 0x10, 0x60, 0x00, 0x07, 1, 2, 0, 1};

static const uint8_t configuration[] = {
    9, USB_DESC_CONFIGURATION, 55,   0,        2, 1,    0,    0x80, 250, /**/
    9, USB_DESC_INTERFACE,     0,    0,        2, 0xff, 0xff, 0xff, 2,   /**/
    7, USB_DESC_ENDPOINT,      0x81, USB_BULK, 0, 2,    0,               /**/
    7, USB_DESC_ENDPOINT,      0x02, USB_BULK, 0, 2,    0,               /**/
    9, USB_DESC_INTERFACE,     1,    0,        2, 0xff, 0xff, 0xff, 2,   /**/
    7, USB_DESC_ENDPOINT,      0x83, USB_BULK, 0, 2,    0,               /**/
    7, USB_DESC_ENDPOINT,      0x04, USB_BULK, 0, 2,    0,               /**/
};

static const struct gadget_descriptors descriptors = {
    .device = device_descriptor,
    .configuration = configuration,
    .configuration_len = sizeof configuration,
    .strings = {NULL, "Lattice", "Lattice FTUSB Interface Cable"},
    .speed = USBIP_SPEED_HIGH,
};

/* --- the board ----------------------------------------------------------------------------------
 */

static bool has_image(const struct spi_flash *flash)
{
    const uint8_t *content = spi_flash_content(flash);
    uint32_t last = 0;

    for (size_t i = 0; i < IMAGE_SEARCHED; i++) {
        last = last << 8 | content[i];
        if (last == preamble)
            return true;
    }
    return false;
}

static bool is_board(const struct side *side, int byte)
{
    return side == &side->icestick->side[0] && byte == 0;
}

static bool is_low(const struct icestick *s, uint8_t pin)
{
    return (s->side[0].direction[0] & pin) && !(s->side[0].values[0] & pin);
}

static void set_pins(void *ctx, int byte, uint8_t values, uint8_t direction)
{
    struct side *side = ctx;
    struct icestick *s = side->icestick;
    bool was_resetting = s->resetting, was_selected = is_low(s, PIN_SELECT);

    side->values[byte] = values;
    side->direction[byte] = direction;
    if (!is_board(side, byte))
        return;
    s->resetting = is_low(s, PIN_RESET);
    spi_flash_select(s->flash, is_low(s, PIN_SELECT));
    if (s->resetting) {
        s->done = s->from_host = false;
    } else if (was_resetting) {
        s->from_host = is_low(s, PIN_SELECT);
        s->done = !s->from_host && has_image(s->flash);
        s->last = 0;
    } else if (s->from_host && was_selected && !is_low(s, PIN_SELECT)) {
        s->from_host = false;
    }
}

static uint8_t get_pins(void *ctx, int byte)
{
    const struct side *side = ctx;
    const bool board = is_board(side, byte);
    const uint8_t pulled = board ? PIN_SELECT | PIN_RESET : 0xff; /* and CDONE is the FPGA's */
    const uint8_t direction = side->direction[byte];

    return (uint8_t)((side->values[byte] & direction) | (pulled & ~direction) |
                     (board && side->icestick->done ? PIN_DONE : 0));
}

static bool clock_board(void *ctx, bool bit)
{
    const struct side *side = ctx;
    struct icestick *s = side->icestick;

    if (side != &s->side[0])
        return true;
    s->last = s->last << 1 | bit;
    if (s->from_host && s->last == preamble)
        s->done = true;
    return spi_flash_clock(s->flash, bit);
}

static const struct mpsse_pins pins = {
    .set = set_pins,
    .get = get_pins,
    .clock = clock_board,
};

/* --- the chip -----------------------------------------------------------------------------------
 */

static void answer(void *ctx, const uint8_t *data, size_t len)
{
    const struct side *side = ctx;
    struct icestick *s = side->icestick;

    (void)buf_add(&s->ftdi.channel[side - s->side].rx, data, len); /* there is room: see `sent` */
}

static void flush(void *ctx)
{
    ((struct side *)ctx)->flush = true;
}

static size_t sent(struct ftdi_channel *c, const uint8_t *data, size_t len)
{
    struct icestick *s = (struct icestick *)c->ftdi;
    struct side *side = &s->side[c->number];
    size_t taken = 0;

    if (c->bit_mode != FTDI_MPSSE)
        return len; /* to nowhere */
    while (taken < len && c->rx.len < RX_FULL && !ftdi_is_late(c)) {
        size_t step = len - taken < STEP ? len - taken : STEP;

        mpsse_take(&side->mpsse, data + taken, step);
        taken += step;
    }
    ftdi_give(c, NULL, 0, side->flush || (!s->real_times && c->rx.len > 0));
    side->flush = false;
    return taken;
}

static struct side *side_of(const struct ftdi_channel *c)
{
    return &((struct icestick *)c->ftdi)->side[c->number];
}

static void changed(struct ftdi_channel *c, bool broken)
{
    struct side *side = side_of(c);
    const bool banging = c->bit_mode == FTDI_BITBANG || c->bit_mode == FTDI_SYNC_BITBANG;

    (void)broken;
    if (c->bit_mode == FTDI_MPSSE)
        return;
    mpsse_reset(&side->mpsse);
    set_pins(side, 0, c->bits, banging ? c->bit_mask : 0); /* nothing else is driven any more */
    set_pins(side, 1, 0, 0);
}

static void driven(struct ftdi_channel *c)
{
    set_pins(side_of(c), 0, c->bits, c->bit_mask);
}

static uint8_t levels(const struct ftdi_channel *c)
{
    return get_pins(side_of(c), 0);
}

static void purged(struct ftdi_channel *c, bool tx)
{
    if (tx)
        mpsse_reset(&side_of(c)->mpsse);
}

static void free_icestick(struct ftdi *f)
{
    struct icestick *s = (struct icestick *)f;

    spi_flash_free(s->flash);
    ftdi_end(f);
    free(s);
}

static const struct ftdi_back back = {
    .sent = sent,
    .changed = changed,
    .pins = levels,
    .driven = driven,
    .purged = purged,
    .free = free_icestick,
};

/* --- the kind -----------------------------------------------------------------------------------
 */

static int take_file(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct icestick_options *)ctx)->file = value;
    return 0;
}

static int take_times(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    if (strcmp(value, "real") != 0) {
        snprintf(error, CLI_ERROR_MAX, "it is real, or left out");
        return -EINVAL;
    }
    ((struct icestick_options *)ctx)->real_times = true;
    return 0;
}

static const struct cli_option options[] = {
    {"file", 0, "PATH", take_file, "where its flash memory (4 MiB) is kept; without it in memory"},
    {"times", 0, "real", take_times, "it takes as long as a real one to answer, write and erase"},
    {0},
};

static struct usb_device *make(const struct usb_making *m, char error[static CLI_ERROR_MAX])
{
    const struct icestick_options *o = m->options;
    struct icestick *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->real_times = o->real_times;
    for (int i = 0; i < FTDI_CHANNELS_MAX; i++) {
        struct side *side = &s->side[i];

        side->icestick = s;
        side->mpsse = (struct mpsse){.pins = &pins, .ctx = side, .answer = answer, .flush = flush};
    }
    s->flash = spi_flash_new(o->file, o->real_times, error);
    if (!s->flash) {
        free_icestick(&s->ftdi);
        return NULL;
    }
    ftdi_init(&s->ftdi, m->base, &back, &descriptors, 2, m->name, m->number);
    for (int i = 0; i < FTDI_CHANNELS_MAX; i++)
        s->ftdi.channel[i].rx.max = RX_ROOM;
    s->done = has_image(s->flash);
    return &s->ftdi.gadget.device;
}

const struct usb_kind icestick_kind = {
    .name = "icestick",
    .forms = "icestick",
    .options = options,
    .options_size = sizeof(struct icestick_options),
    .make = make,
};
