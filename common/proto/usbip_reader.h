/*
 * A stream of USB/IP, taken apart into records as its bytes come, however they are cut. Either
 * side's: a server reads requests and commands, a client their answers. Pure: it reads no socket;
 * but where a large payload is next, it says where the owner may put the bytes directly.
 */
#ifndef COMMON_PROTO_USBIP_READER_H
#define COMMON_PROTO_USBIP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usbip.h"
#include "usbip_ext.h"

enum usbip_read {
    USBIP_READ_NOTHING,   /* all bytes are used, and more are needed */
    USBIP_READ_OP,        /* `op`, with its request (below), or `count` if it is an answer */
    USBIP_READ_DEVICE,    /* `device`: an import's, with its `grant`; or the next of a list, with
                             its `entry`; these two in com2net's extensions only */
    USBIP_READ_INTERFACE, /* `interface`: the next of `device`, in a list */
    USBIP_READ_URB,       /* `urb`; usbip_reader_body or _skip has to follow */
    USBIP_READ_BODY,      /* what the owner has given is filled */
    USBIP_READ_BAD,       /* no record of this protocol; nothing after it can be read */
};

struct usbip_reader {
    struct usbip_op op;
    uint32_t count;                 /* devices of a list; bytes of descriptors, read as a body */
    char busid[USBIP_BUSID_SIZE];   /* of USBIP_OP_REQ_IMPORT and _EXT_DESCRIPTORS */
    uint32_t flags;                 /* of USBIP_OP_REQ_EXT_LIST */
    struct usbip_ext_import import; /* of USBIP_OP_REQ_EXT_IMPORT */
    struct usbip_device device;
    struct usbip_ext_entry entry;
    struct usbip_ext_grant grant;
    struct usbip_interface interface;
    struct usbip_urb urb;
    /* the rest is the reader's own */
    enum usbip_reader_state {
        USBIP_READER_OP,
        USBIP_READER_REQUEST, /* what it asks for */
        USBIP_READER_COUNT,
        USBIP_READER_DEVICE,
        USBIP_READER_INTERFACE,
        USBIP_READER_URB,
        USBIP_READER_ASKED, /* for the body */
        USBIP_READER_PAYLOAD,
        USBIP_READER_PACKETS,
        USBIP_READER_BAD,
    } state;
    bool urbs;                    /* the second phase */
    bool list;                    /* of devices, with interfaces */
    unsigned left;                /* interfaces */
    size_t have;                  /* bytes in `record`, or of the payload */
    uint8_t *payload;             /* NULL: dropped */
    size_t len, room;             /* of what comes; of what is kept of it */
    struct usbip_packet *packets; /* NULL: dropped */
    size_t packet, packet_count;
    uint8_t record[USBIP_DEVICE_SIZE + USBIP_EXT_ENTRY_SIZE];
};

/* Begins with the first phase. */
void usbip_reader_init(struct usbip_reader *r);

/* An import is done: URBs follow. */
void usbip_reader_begin_urbs(struct usbip_reader *r);

/* Takes bytes off the start of `*data` up to the next record, and says what it is. Call it until it
 * needs more. */
enum usbip_read usbip_reader_next(struct usbip_reader *r, const uint8_t **data, size_t *len);

/* After USBIP_READ_URB: where to put what follows (usbip_urb_body has said how much). The memory is
 * the reader's until USBIP_READ_BODY, which comes even if nothing follows. So it is after the
 * USBIP_READ_OP of USBIP_OP_REP_EXT_DESCRIPTORS, unless it is a refusal: `count` bytes. */
void usbip_reader_body(struct usbip_reader *r, uint8_t *payload, struct usbip_packet *packets,
                       const struct usbip_body *body);
/* After that, only the first `room` bytes of the payload are kept. */
void usbip_reader_cut(struct usbip_reader *r, size_t room);
/* The same, dropping it. */
void usbip_reader_skip(struct usbip_reader *r, const struct usbip_body *body);

/* How many bytes, at least one, it may be given so that it takes none after the record under way.
 * It is for owners that hand the connection on. */
size_t usbip_reader_wants(const struct usbip_reader *r);

/* The memory of the body that is being read is wanted back: the rest is dropped. */
void usbip_reader_drop(struct usbip_reader *r);

/* Where payload is next, which the owner may read into place: how many bytes at `*into`, or 0. */
size_t usbip_reader_room(const struct usbip_reader *r, uint8_t **into);

/* The owner has put `len` bytes there. */
void usbip_reader_filled(struct usbip_reader *r, size_t len);

#endif
