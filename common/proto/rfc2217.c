#include "rfc2217.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"

enum payload {
    PAYLOAD_NONE,
    PAYLOAD_BYTE,
    PAYLOAD_BAUD,
    PAYLOAD_TEXT,
};

static const struct {
    const char *name;
    enum payload payload;
} commands[] = {
    [RFC2217_SIGNATURE] = {"SIGNATURE", PAYLOAD_TEXT},
    [RFC2217_SET_BAUDRATE] = {"SET-BAUDRATE", PAYLOAD_BAUD},
    [RFC2217_SET_DATASIZE] = {"SET-DATASIZE", PAYLOAD_BYTE},
    [RFC2217_SET_PARITY] = {"SET-PARITY", PAYLOAD_BYTE},
    [RFC2217_SET_STOPSIZE] = {"SET-STOPSIZE", PAYLOAD_BYTE},
    [RFC2217_SET_CONTROL] = {"SET-CONTROL", PAYLOAD_BYTE},
    [RFC2217_NOTIFY_LINESTATE] = {"NOTIFY-LINESTATE", PAYLOAD_BYTE},
    [RFC2217_NOTIFY_MODEMSTATE] = {"NOTIFY-MODEMSTATE", PAYLOAD_BYTE},
    [RFC2217_FLOWCONTROL_SUSPEND] = {"FLOWCONTROL-SUSPEND", PAYLOAD_NONE},
    [RFC2217_FLOWCONTROL_RESUME] = {"FLOWCONTROL-RESUME", PAYLOAD_NONE},
    [RFC2217_SET_LINESTATE_MASK] = {"SET-LINESTATE-MASK", PAYLOAD_BYTE},
    [RFC2217_SET_MODEMSTATE_MASK] = {"SET-MODEMSTATE-MASK", PAYLOAD_BYTE},
    [RFC2217_PURGE_DATA] = {"PURGE-DATA", PAYLOAD_BYTE},
};

/* The draft of RFC 2217 numbered the speeds; old Cisco IOS still does. */
static const uint32_t draft_bauds[] = {0,    50,    75,    300,   600,   1200,  2400,   4800,
                                       9600, 14400, 19200, 28800, 38400, 57600, 115200, 230400};

static const char *const control_names[] = {
    "flow?",
    "flow none",
    "flow xonxoff",
    "flow rtscts",
    "break?",
    "break on",
    "break off",
    "DTR?",
    "DTR on",
    "DTR off",
    "RTS?",
    "RTS on",
    "RTS off",
    "inbound flow?",
    "inbound flow none",
    "inbound flow xonxoff",
    "inbound flow rtscts",
    "flow dcd",
    "inbound flow dtr",
    "flow dsr",
};

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

int rfc2217_decode(const uint8_t *body, size_t len, struct rfc2217_message *m)
{
    *m = (struct rfc2217_message){0};
    if (len == 0)
        return -ENOTSUP;

    uint8_t code = body[0];
    m->from_server = code >= RFC2217_FROM_SERVER;
    m->command = m->from_server ? (uint8_t)(code - RFC2217_FROM_SERVER) : code;
    if (m->command > RFC2217_PURGE_DATA)
        return -ENOTSUP;

    const uint8_t *payload = body + 1;
    len--;
    switch (commands[m->command].payload) {
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
    assert(m->command <= RFC2217_PURGE_DATA);
    body[0] = (uint8_t)(m->command + (m->from_server ? RFC2217_FROM_SERVER : 0));

    switch (commands[m->command].payload) {
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
    }
    return 1;
}

static void describe_text(const struct rfc2217_message *m, char *out, size_t room)
{
    size_t n = 0;

    if (m->text_len == 0) {
        snprintf(out, room, "?");
        return;
    }
    for (size_t i = 0; i < m->text_len && n + 2 < room; i++)
        out[n++] = m->text[i] >= ' ' && m->text[i] < 0x7f ? (char)m->text[i] : '.';
    out[n] = '\0';
}

static void describe_bits(uint32_t value, const char *const names[8], char *out, size_t room)
{
    size_t n = (size_t)snprintf(out, room, "%u", (unsigned)value);

    for (int bit = 7; bit >= 0 && n < room; bit--)
        if (value & 1u << bit)
            n += (size_t)snprintf(out + n, room - n, " %s", names[bit]);
}

void rfc2217_describe(const struct rfc2217_message *m, char text[static RFC2217_DESCRIPTION_MAX])
{
    static const char *const modem[8] = {"dCTS", "dDSR", "tRI", "dCD", "CTS", "DSR", "RI", "CD"};
    static const char *const state[8] = {"data",  "overrun",   "parity",    "framing",
                                         "break", "thr-empty", "tsr-empty", "timeout"};
    static const char *const parity[] = {"?", "none", "odd", "even", "mark", "space"};
    static const char *const stop[] = {"?", "1", "2", "1.5"};
    const char *name = m->command <= RFC2217_PURGE_DATA ? commands[m->command].name : "unknown";
    size_t n = (size_t)snprintf(text, RFC2217_DESCRIPTION_MAX, "%s ", name);
    size_t room = RFC2217_DESCRIPTION_MAX - n;
    char *out = text + n;

    switch (m->command) {
    case RFC2217_SIGNATURE:
        describe_text(m, out, room);
        break;
    case RFC2217_SET_PARITY:
        snprintf(out, room, "%s", m->value < 6 ? parity[m->value] : "invalid");
        break;
    case RFC2217_SET_STOPSIZE:
        snprintf(out, room, "%s", m->value < 4 ? stop[m->value] : "invalid");
        break;
    case RFC2217_SET_CONTROL:
        if (m->value < sizeof control_names / sizeof *control_names)
            snprintf(out, room, "%s", control_names[m->value]);
        else
            snprintf(out, room, "%u", (unsigned)m->value);
        break;
    case RFC2217_NOTIFY_LINESTATE:
    case RFC2217_SET_LINESTATE_MASK:
        describe_bits(m->value, state, out, room);
        break;
    case RFC2217_NOTIFY_MODEMSTATE:
    case RFC2217_SET_MODEMSTATE_MASK:
        describe_bits(m->value, modem, out, room);
        break;
    case RFC2217_FLOWCONTROL_SUSPEND:
    case RFC2217_FLOWCONTROL_RESUME:
        text[n - 1] = '\0';
        break;
    default:
        snprintf(out, room, "%u", (unsigned)m->value);
    }
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
