/*
 * A serial line as data: its settings, its modem lines, its errors. Values that RFC 2217 numbers
 * have those numbers, so no table is needed between the wire and these enums.
 */
#ifndef COMMON_PROTO_LINE_H
#define COMMON_PROTO_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_parity {
    LINE_PARITY_NONE = 1,
    LINE_PARITY_ODD = 2,
    LINE_PARITY_EVEN = 3,
    LINE_PARITY_MARK = 4,
    LINE_PARITY_SPACE = 5,
};

enum line_stop {
    LINE_STOP_1 = 1,
    LINE_STOP_2 = 2,
    LINE_STOP_1_5 = 3,
};

/* Flow control of one direction. The numbers are ours: RFC 2217 has two sets of codes for them. */
enum line_flow {
    LINE_FLOW_NONE,
    LINE_FLOW_XONXOFF,
    LINE_FLOW_HARDWARE, /* RTS/CTS */
    LINE_FLOW_DCD,
    LINE_FLOW_DTR,
    LINE_FLOW_DSR,
};

/* Modem lines, outputs and inputs in one set; the inputs where NOTIFY-MODEMSTATE has them. */
enum line_modem {
    LINE_DTR = 0x01,
    LINE_RTS = 0x02,
    LINE_CTS = 0x10,
    LINE_DSR = 0x20,
    LINE_RI = 0x40,
    LINE_CD = 0x80,
    LINE_OUTPUTS = LINE_DTR | LINE_RTS,
    LINE_INPUTS = LINE_CTS | LINE_DSR | LINE_RI | LINE_CD,
};

/* Line state of NOTIFY-LINESTATE, RFC 2217 section 3. */
enum line_state {
    LINE_STATE_DATA_READY = 0x01,
    LINE_STATE_OVERRUN = 0x02,
    LINE_STATE_PARITY = 0x04,
    LINE_STATE_FRAMING = 0x08,
    LINE_STATE_BREAK = 0x10,
    LINE_STATE_THR_EMPTY = 0x20,
    LINE_STATE_TSR_EMPTY = 0x40,
    LINE_STATE_TIMEOUT = 0x80,
};

struct line_settings {
    uint32_t baud;     /* bits per second, at least 1 */
    uint8_t data_bits; /* 5 to 8 */
    uint8_t parity;    /* enum line_parity */
    uint8_t stop;      /* enum line_stop */
    uint8_t flow_out;  /* enum line_flow: the way to stop our sending */
    uint8_t flow_in;   /* enum line_flow: how we stop the other end */
};

/* 9600 8N1 without flow control, the default of a port. */
extern const struct line_settings line_default;

bool line_settings_equal(const struct line_settings *a, const struct line_settings *b);

/* Reads a format such as "8n1", "7E2" or "5o1.5" into data_bits, parity and stop of `to`.
 * Returns 0, or -EINVAL with `to` untouched. */
int line_parse_format(const char *text, struct line_settings *to);

/* Reads a speed, decimal digits from 1 to 4294967295. Returns 0 or -EINVAL. */
int line_parse_baud(const char *text, uint32_t *baud);

/* Time that `bytes` take on the wire, in microseconds, rounded up. */
uint64_t line_wire_time_us(const struct line_settings *line, size_t bytes);

/* Modem inputs that have an edge between `before` and `now`; of RI that is the trailing one only,
 * as in RFC 2217 section 3. */
unsigned line_edges(unsigned before, unsigned now);

/* The value of NOTIFY-MODEMSTATE: inputs, and in the low four bits a delta for each edge (CTS 1,
 * DSR 2, RI 4, CD 8). */
uint8_t line_modem_state(unsigned inputs, unsigned edges);

/* The modem inputs `now`, and in the low four bits the deltas of NOTIFY-MODEMSTATE against
 * `before`. These are CTS 1, DSR 2, trailing edge of RI 4, CD 8 (RFC 2217 section 3). */
uint8_t line_modem_delta(unsigned before, unsigned now);

/* Whether a real speed is near enough to the one asked (2.5 %) to be acknowledged as that one.
 * UARTs round, and pyserial insists on reading back the speed it set. */
bool line_baud_near(uint32_t asked, uint32_t real);

#endif
