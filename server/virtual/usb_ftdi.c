#include "usb_ftdi.h"

#include <stdlib.h>

#include "ftdi.h"

enum { LINE_BREAK = 0x10 };

static const uint8_t device_descriptor[] = {
    18, USB_DESC_DEVICE, 0x00, 0x02, 0, 0, 0, 8, 0x03, 0x04, 0x01, 0x60, 0x00, 0x06, 1, 2, 3, 1};

static const uint8_t configuration[] = {
    9,
    USB_DESC_CONFIGURATION,
    32,
    0,
    1,
    1,
    0,
    0xa0,
    45, /* 90 mA */
    9,
    USB_DESC_INTERFACE,
    0,
    0,
    2,
    0xff,
    0xff,
    0xff,
    2,
    7,
    USB_DESC_ENDPOINT,
    0x81,
    USB_BULK,
    64,
    0,
    0,
    7,
    USB_DESC_ENDPOINT,
    0x02,
    USB_BULK,
    64,
    0,
    0,
};

static const struct gadget_descriptors descriptors = {
    .device = device_descriptor,
    .configuration = configuration,
    .configuration_len = sizeof configuration,
    .strings = {NULL, "FTDI", "FT232R USB UART", "C2NDEMO1"},
    .speed = USBIP_SPEED_FULL,
};

static size_t sent(struct ftdi_channel *c, const uint8_t *data, size_t len)
{
    size_t room = ftdi_room(c);

    if (len > room)
        len = room;
    if (len > 0)
        ftdi_give(c, data, len, false);
    return len;
}

/* A break is received as a byte with an error, in one packet. ftdi_sio looks for no error in a
 * packet without bytes. In another packet it takes the error for one of all its bytes. */
static void receive_break(struct ftdi_channel *c)
{
    static const uint8_t nothing;

    if (c->rx.len > 0)
        ftdi_give(c, NULL, 0, true);
    c->line_status |= LINE_BREAK;
    if (ftdi_room(c) > 0)
        ftdi_give(c, &nothing, 1, true);
}

static void changed(struct ftdi_channel *c, bool broken)
{
    ftdi_show(c, (uint8_t)((c->outputs & FTDI_RTS ? FTDI_CTS : 0) |
                           (c->outputs & FTDI_DTR ? FTDI_DSR | FTDI_DCD : 0)));
    if (broken)
        receive_break(c);
}

/* TXD, RXD, RTS, CTS, DTR, DSR, DCD, RI: the loop has each of the inputs follow an output. Pins
 * that are not driven are pulled up, and the modem lines are high when they are off. */
static uint8_t pins(const struct ftdi_channel *c)
{
    enum { TXD = 0x01, RXD = 0x02, RTS = 0x04, CTS = 0x08, DTR = 0x10, DSR = 0x20, DCD = 0x40 };
    const bool banging = c->bit_mode == FTDI_BITBANG || c->bit_mode == FTDI_SYNC_BITBANG;
    const uint8_t serial =
        (uint8_t)(TXD | (c->outputs & FTDI_RTS ? 0 : RTS) | (c->outputs & FTDI_DTR ? 0 : DTR));
    const uint8_t driven = banging ? c->bit_mask : TXD | RTS | DTR;
    const uint8_t levels = (uint8_t)(((banging ? c->bits : serial) & driven) | ~driven);
    const uint8_t looped = (uint8_t) ~((levels & TXD ? 0 : RXD) | (levels & RTS ? 0 : CTS) |
                                       (levels & DTR ? 0 : DSR | DCD));

    return (levels & driven) | (levels & looped & ~driven);
}

static void driven(struct ftdi_channel *c)
{
    (void)c; /* there is nothing but the loop */
}

static void purged(struct ftdi_channel *c, bool tx)
{
    (void)c;
    (void)tx;
}

static void free_ftdi(struct ftdi *f)
{
    ftdi_end(f);
    free(f);
}

static const struct ftdi_back back = {
    .sent = sent,
    .changed = changed,
    .pins = pins,
    .driven = driven,
    .purged = purged,
    .free = free_ftdi,
};

static struct usb_device *make(const struct usb_making *m, char error[static CLI_ERROR_MAX])
{
    struct ftdi *f = calloc(1, sizeof *f);

    (void)error;
    if (!f)
        return NULL;
    ftdi_init(f, m->base, &back, &descriptors, 1, m->name, m->number);
    return &f->gadget.device;
}

const struct usb_kind usb_ftdi_kind = {.name = "ftdi", .forms = "ftdi", .make = make};
