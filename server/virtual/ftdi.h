/*
 * FTDI's chips as a built-in device: the requests and status bytes that their drivers know, and
 * FIFOs. The far side of a channel (a loop, an engine) is its owner's. Source: Linux's
 * ftdi_sio.[ch], libftdi 1.5.
 */
#ifndef SERVER_VIRTUAL_FTDI_H
#define SERVER_VIRTUAL_FTDI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftdi_eeprom.h"
#include "gadget.h"
#include "proto/buf.h"
#include "timer.h"

struct ftdi;

enum { FTDI_CHANNELS_MAX = 2 };

/* The mode of a channel, by bRequest 0x0b. */
enum {
    FTDI_SERIAL = 0x00,
    FTDI_BITBANG = 0x01,
    FTDI_MPSSE = 0x02,
    FTDI_SYNC_BITBANG = 0x04,
    FTDI_CBUS = 0x20, /* serial, with four more pins to drive */
};

/* Modem lines as the chip's drivers set them, and as the first status byte shows them. */
enum {
    FTDI_DTR = 0x01,
    FTDI_RTS = 0x02,
    FTDI_CTS = 0x10,
    FTDI_DSR = 0x20,
    FTDI_RI = 0x40,
    FTDI_DCD = 0x80,
};

struct ftdi_channel {
    struct ftdi *ftdi;
    unsigned number; /* from 0 */
    struct buf rx;   /* bytes for the host */
    uint8_t outputs; /* FTDI_DTR, FTDI_RTS */
    uint8_t inputs;  /* FTDI_CTS and so on */
    uint8_t line_status;
    uint8_t bit_mode; /* FTDI_SERIAL and so on */
    uint8_t bit_mask; /* pins that are driven, in bit-bang modes */
    uint8_t bits;     /* how, in these */
    uint8_t latency_ms;
    bool now;             /* the queued bytes go out without waiting for the latency timer */
    uint64_t deadline_us; /* when a packet goes, full or not */
    struct timer deadline;
    uint64_t turn_end_us; /* of work for the host's bytes */
    struct timer more;    /* it continues with them in the next turn */
};

/* The far side of the channels; bytes come only if there is room for them. */
struct ftdi_back {
    /* The host has sent bytes, in no bit-bang mode. Returns how many are taken. The rest comes
     * again when the host has taken some of those for it. If the turn took too long, it comes in
     * the next one. */
    size_t (*sent)(struct ftdi_channel *c, const uint8_t *data, size_t len);
    /* outputs, bit_mode or a break (of the line) have changed. */
    void (*changed)(struct ftdi_channel *c, bool broken);
    /* The level of the channel's eight pins, D0 first; in bit-bang modes those of bit_mask are as
     * `bits` says. */
    uint8_t (*pins)(const struct ftdi_channel *c);
    /* `bits` have changed, in a bit-bang mode. */
    void (*driven)(struct ftdi_channel *c);
    /* Its FIFO is to be emptied: of the host's bytes (tx), of those for it. */
    void (*purged)(struct ftdi_channel *c, bool tx);
    void (*free)(struct ftdi *f);
};

/* The first member of a built-in device with such a chip. */
struct ftdi {
    struct gadget gadget;
    const struct ftdi_back *back;
    unsigned channels;
    size_t packet; /* bytes of one packet */
    struct ftdi_eeprom eeprom;
    struct ftdi_channel channel[FTDI_CHANNELS_MAX];
};

/* Readies one. The descriptors have a channel's IN endpoint at 0x81, 0x83 and its OUT endpoint at
 * 0x02, 0x04. */
void ftdi_init(struct ftdi *f, struct event_base *base, const struct ftdi_back *back,
               const struct gadget_descriptors *descriptors, unsigned channels, const char *name,
               unsigned number);

/* Ends one, also without an init. */
void ftdi_end(struct ftdi *f);

/* Whether the host's bytes have been worked at for so long that others are to have their turn. */
bool ftdi_is_late(const struct ftdi_channel *c);
/* Room for bytes to the host. */
size_t ftdi_room(const struct ftdi_channel *c);
/* Gives the host bytes, for which there is room; `now`: without waiting for more. */
void ftdi_give(struct ftdi_channel *c, const uint8_t *data, size_t len, bool now);
/* Shows the host modem lines. */
void ftdi_show(struct ftdi_channel *c, uint8_t inputs);

#endif
