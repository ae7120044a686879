#include "rfc2217.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "bytes.h"

enum payload {
    PAYLOAD_NONE,
    PAYLOAD_BYTE,
    PAYLOAD_BAUD,
    PAYLOAD_TEXT,
    PAYLOAD_LINES,
};

static const enum payload payloads[] = {
    [RFC2217_SIGNATURE] = PAYLOAD_TEXT,           [RFC2217_SET_BAUDRATE] = PAYLOAD_BAUD,
    [RFC2217_SET_DATASIZE] = PAYLOAD_BYTE,        [RFC2217_SET_PARITY] = PAYLOAD_BYTE,
    [RFC2217_SET_STOPSIZE] = PAYLOAD_BYTE,        [RFC2217_SET_CONTROL] = PAYLOAD_BYTE,
    [RFC2217_NOTIFY_LINESTATE] = PAYLOAD_BYTE,    [RFC2217_NOTIFY_MODEMSTATE] = PAYLOAD_BYTE,
    [RFC2217_FLOWCONTROL_SUSPEND] = PAYLOAD_NONE, [RFC2217_FLOWCONTROL_RESUME] = PAYLOAD_NONE,
    [RFC2217_SET_LINESTATE_MASK] = PAYLOAD_BYTE,  [RFC2217_SET_MODEMSTATE_MASK] = PAYLOAD_BYTE,
    [RFC2217_PURGE_DATA] = PAYLOAD_BYTE,
};

/* The payload after the code of a command. Returns -ENOTSUP for one that nobody has. */
static int payload_of(uint8_t command)
{
    if (command == RFC2217_SET_LINES)
        return PAYLOAD_LINES;
    if (command >= RFC2217_SELECT && command < RFC2217_COMMANDS)
        return PAYLOAD_TEXT;
    return command <= RFC2217_PURGE_DATA ? (int)payloads[command] : -ENOTSUP;
}

/* The draft of RFC 2217 numbered the speeds; old Cisco IOS still does. */
static const uint32_t draft_bauds[] = {0,    50,    75,    300,   600,   1200,  2400,   4800,
                                       9600, 14400, 19200, 28800, 38400, 57600, 115200, 230400};

static int decode_baud(const uint8_t *payload, size_t len, struct rfc2217_message *m)
{
    if (len == 4 || (len > 4 && m->from_server)) {
        m->value = get_be32(payload);
        return 0;
    }
    if (len == 1 && payload[0] < sizeof draft_bauds / sizeof *draft_bauds) {
        m->draft_baud = true;
        m->value = draft_bauds[payload[0]];
        return 0;
    }
    return -EBADMSG;
}

static int decode_lines(const uint8_t *payload, size_t len, struct rfc2217_message *m)
{
    if (m->from_server)
        return -ENOTSUP;
    if (len != 6)
        return -EBADMSG;
    m->value = get_be32(payload);
    m->mask = payload[4] & LINE_OUTPUTS;
    m->lines = payload[5] & m->mask;
    return 0;
}

int rfc2217_decode(const uint8_t *body, size_t len, struct rfc2217_message *m)
{
    *m = (struct rfc2217_message){0};
    if (len == 0)
        return -ENOTSUP;

    uint8_t code = body[0];
    m->from_server = code >= RFC2217_FROM_SERVER;
    m->command = m->from_server ? (uint8_t)(code - RFC2217_FROM_SERVER) : code;

    const uint8_t *payload = body + 1;
    len--;
    switch (payload_of(m->command)) {
    case PAYLOAD_NONE:
        return 0;
    case PAYLOAD_BYTE:
        if (len != 1)
            return -EBADMSG;
        m->value = payload[0];
        return 0;
    case PAYLOAD_BAUD:
        return decode_baud(payload, len, m);
    case PAYLOAD_TEXT:
        m->text = payload;
        m->text_len = len < RFC2217_TEXT_MAX ? len : RFC2217_TEXT_MAX;
        return 0;
    case PAYLOAD_LINES:
        return decode_lines(payload, len, m);
    }
    return -ENOTSUP;
}

/* Index of a speed in the draft's table; the nearest below if it has none. */
static uint8_t draft_index(uint32_t baud)
{
    uint8_t index = 0;

    for (uint8_t i = 0; i < sizeof draft_bauds / sizeof *draft_bauds; i++)
        if (draft_bauds[i] <= baud)
            index = i;
    return index;
}

size_t rfc2217_encode(const struct rfc2217_message *m, uint8_t body[static RFC2217_BODY_MAX])
{
    int payload = payload_of(m->command);

    assert(payload >= 0);
    body[0] = (uint8_t)(m->command + (m->from_server ? RFC2217_FROM_SERVER : 0));

    switch (payload) {
    case PAYLOAD_NONE:
        break;
    case PAYLOAD_BYTE:
        body[1] = (uint8_t)m->value;
        return 2;
    case PAYLOAD_BAUD:
        if (m->draft_baud) {
            body[1] = draft_index(m->value);
            return 2;
        }
        put_be32(body + 1, m->value);
        return 5;
    case PAYLOAD_TEXT: {
        size_t len = m->text_len < RFC2217_TEXT_MAX ? m->text_len : RFC2217_TEXT_MAX;
        if (len > 0)
            memcpy(body + 1, m->text, len);
        return 1 + len;
    }
    case PAYLOAD_LINES:
        put_be32(body + 1, m->value);
        body[5] = m->mask;
        body[6] = m->lines;
        return 7;
    }
    return 1;
}

/* Flow control and its codes; 0 where RFC 2217 has none. */
static const struct {
    uint8_t out, in;
} flow_codes[] = {
    [LINE_FLOW_NONE] = {RFC2217_CONTROL_FLOW_NONE, RFC2217_CONTROL_IN_NONE},
    [LINE_FLOW_XONXOFF] = {RFC2217_CONTROL_FLOW_XONXOFF, RFC2217_CONTROL_IN_XONXOFF},
    [LINE_FLOW_HARDWARE] = {RFC2217_CONTROL_FLOW_HARDWARE, RFC2217_CONTROL_IN_HARDWARE},
    [LINE_FLOW_DCD] = {RFC2217_CONTROL_FLOW_DCD, 0},
    [LINE_FLOW_DTR] = {0, RFC2217_CONTROL_IN_DTR},
    [LINE_FLOW_DSR] = {RFC2217_CONTROL_FLOW_DSR, 0},
};

enum { FLOWS = sizeof flow_codes / sizeof *flow_codes };

uint8_t rfc2217_flow_out_code(unsigned flow)
{
    return flow < FLOWS ? flow_codes[flow].out : 0;
}

uint8_t rfc2217_flow_in_code(unsigned flow)
{
    return flow < FLOWS ? flow_codes[flow].in : 0;
}

int rfc2217_flow_of_code(uint32_t code, bool *inbound)
{
    for (int flow = 0; flow < FLOWS && code != 0; flow++) {
        if (flow_codes[flow].out == code || flow_codes[flow].in == code) {
            *inbound = flow_codes[flow].in == code;
            return flow;
        }
    }
    return -EINVAL;
}
