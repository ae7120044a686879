#include "telnet_gate.h"

#include <stdbool.h>
#include <string.h>

void telnet_gate_init(struct telnet_gate *gate)
{
    gate->state = TELNET_GATE_DATA;
    gate->sb_len = 0;
}

/* The run of data at the start of the input. With `quoted` its first byte is an IAC that came
 * doubled, and belongs to the run whatever it is. */
static size_t data_run(const uint8_t *in, size_t len, bool quoted, struct telnet_piece *piece)
{
    size_t from = quoted ? 1 : 0;
    const uint8_t *iac = memchr(in + from, TELNET_BYTE_IAC, len - from);

    piece->kind = TELNET_PIECE_DATA;
    piece->data = in;
    piece->len = iac ? (size_t)(iac - in) : len;
    return piece->len;
}

static void sb_put(struct telnet_gate *gate, uint8_t byte)
{
    if (gate->sb_len < sizeof gate->sb)
        gate->sb[gate->sb_len++] = byte;
}

static void sb_begin(struct telnet_gate *gate, uint8_t option)
{
    gate->option = option;
    gate->sb_len = 0;
    sb_put(gate, TELNET_BYTE_IAC);
    sb_put(gate, TELNET_BYTE_SB);
    sb_put(gate, option);
    /* `IAC SB IAC SE`, without an option, ends here too */
    gate->state = option == TELNET_BYTE_IAC ? TELNET_GATE_SB_IAC : TELNET_GATE_SB;
}

/* At IAC SE: whether the subnegotiation may pass. */
static void sb_end(struct telnet_gate *gate, uint8_t wanted, struct telnet_piece *piece)
{
    gate->state = TELNET_GATE_DATA;
    if (gate->option != wanted || gate->sb_len > TELNET_GATE_SB_MAX + 3)
        return;
    sb_put(gate, TELNET_BYTE_IAC);
    sb_put(gate, TELNET_BYTE_SE);
    *piece = (struct telnet_piece){
        .kind = TELNET_PIECE_SUBNEG, .option = gate->option, .data = gate->sb, .len = gate->sb_len};
}

/* A byte after IAC, outside a subnegotiation. */
static void after_iac(struct telnet_gate *gate, uint8_t byte, struct telnet_piece *piece)
{
    gate->state = TELNET_GATE_DATA;
    switch (byte) {
    case TELNET_BYTE_WILL:
    case TELNET_BYTE_WONT:
    case TELNET_BYTE_DO:
    case TELNET_BYTE_DONT:
        gate->verb = byte;
        gate->state = TELNET_GATE_VERB;
        break;
    case TELNET_BYTE_SB:
        gate->state = TELNET_GATE_SB_OPTION;
        break;
    case TELNET_BYTE_SE: /* a stray one: ignored */
        break;
    default:
        piece->kind = TELNET_PIECE_COMMAND;
        piece->verb = byte;
    }
}

/* A byte after an IAC inside a subnegotiation. */
static void after_sb_iac(struct telnet_gate *gate, uint8_t wanted, uint8_t byte,
                         struct telnet_piece *piece)
{
    if (byte == TELNET_BYTE_SE) {
        sb_end(gate, wanted, piece);
    } else if (byte == TELNET_BYTE_IAC) {
        sb_put(gate, TELNET_BYTE_IAC);
        sb_put(gate, TELNET_BYTE_IAC);
        gate->state = TELNET_GATE_SB;
    } else { /* never closed: it is dropped, and what ended it counts */
        after_iac(gate, byte, piece);
    }
}

size_t telnet_gate_next(struct telnet_gate *gate, uint8_t wanted, const uint8_t *in, size_t len,
                        struct telnet_piece *piece)
{
    size_t used = 0;

    *piece = (struct telnet_piece){.kind = TELNET_PIECE_NONE};
    while (used < len && piece->kind == TELNET_PIECE_NONE) {
        uint8_t byte = in[used];

        switch (gate->state) {
        case TELNET_GATE_DATA:
            if (byte != TELNET_BYTE_IAC)
                return used + data_run(in + used, len - used, false, piece);
            gate->state = TELNET_GATE_IAC;
            break;
        case TELNET_GATE_IAC:
            if (byte == TELNET_BYTE_IAC) {
                gate->state = TELNET_GATE_DATA;
                return used + data_run(in + used, len - used, true, piece);
            }
            after_iac(gate, byte, piece);
            break;
        case TELNET_GATE_VERB:
            gate->state = TELNET_GATE_DATA;
            piece->kind = TELNET_PIECE_NEGOTIATION;
            piece->verb = gate->verb;
            piece->option = byte;
            break;
        case TELNET_GATE_SB_OPTION:
            sb_begin(gate, byte);
            break;
        case TELNET_GATE_SB:
            if (byte == TELNET_BYTE_IAC)
                gate->state = TELNET_GATE_SB_IAC;
            else
                sb_put(gate, byte);
            break;
        case TELNET_GATE_SB_IAC:
            after_sb_iac(gate, wanted, byte, piece);
            break;
        }
        used++;
    }
    return used;
}
