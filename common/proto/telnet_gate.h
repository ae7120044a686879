/*
 * The gate in front of libtelnet: cuts a Telnet stream into pieces, knowing nothing but the IAC
 * state. Data never enters libtelnet, and of subnegotiations only complete ones of the COM-PORT
 * option with a bounded size do. Without it a peer can use holes of libtelnet 0.21 and 0.23. 0.23
 * turns `FF FA 55 FB` at the end of a segment into data of size SIZE_MAX. 0.21 starts to inflate on
 * an un-negotiated `IAC SB 86`. Both deliver the rest of an oversize subnegotiation as data.
 */
#ifndef COMMON_PROTO_TELNET_GATE_H
#define COMMON_PROTO_TELNET_GATE_H

#include <stddef.h>
#include <stdint.h>

/* RFC 854 */
enum {
    TELNET_BYTE_SE = 240,
    TELNET_BYTE_NOP = 241,
    TELNET_BYTE_BRK = 243,
    TELNET_BYTE_AYT = 246,
    TELNET_BYTE_SB = 250,
    TELNET_BYTE_WILL = 251,
    TELNET_BYTE_WONT = 252,
    TELNET_BYTE_DO = 253,
    TELNET_BYTE_DONT = 254,
    TELNET_BYTE_IAC = 255,
};

enum {
    TELNET_GATE_SB_MAX = 1024, /* body of a subnegotiation, escaped; longer ones are swallowed */
};

enum telnet_gate_state {
    TELNET_GATE_DATA,
    TELNET_GATE_IAC,       /* after IAC */
    TELNET_GATE_VERB,      /* after IAC WILL, WONT, DO or DONT */
    TELNET_GATE_SB_OPTION, /* after IAC SB */
    TELNET_GATE_SB,        /* inside a subnegotiation */
    TELNET_GATE_SB_IAC,    /* after an IAC inside one */
};

struct telnet_gate {
    enum telnet_gate_state state;
    uint8_t verb;
    uint8_t option; /* of the subnegotiation */
    size_t sb_len;  /* bytes in sb, framing included; more than fits: swallow */
    uint8_t sb[TELNET_GATE_SB_MAX + 8];
};

enum telnet_piece_kind {
    TELNET_PIECE_NONE,        /* the input is used up inside something unfinished */
    TELNET_PIECE_DATA,        /* data: `data`, `len`, pointing into the input */
    TELNET_PIECE_COMMAND,     /* IAC `verb`, not one of those below */
    TELNET_PIECE_NEGOTIATION, /* IAC `verb` `option` */
    TELNET_PIECE_SUBNEG,      /* a whole `IAC SB option ... IAC SE`, escaped: `data`, `len`,
                                 pointing into the gate */
};

struct telnet_piece {
    enum telnet_piece_kind kind;
    uint8_t verb;
    uint8_t option;
    const uint8_t *data;
    size_t len;
};

/* Readies a gate for a new stream. A zeroed gate is ready too. */
void telnet_gate_init(struct telnet_gate *gate);

/*
 * Takes the next piece off the stream. Returns the bytes used, at least 1 when len > 0. The piece
 * is valid until the next call and as long as the input is. Subnegotiations of other options than
 * `wanted` and oversize ones give no piece.
 */
size_t telnet_gate_next(struct telnet_gate *gate, uint8_t wanted, const uint8_t *in, size_t len,
                        struct telnet_piece *piece);

#endif
