#include "rfc2217_text.h"

#include <stdio.h>

#include "proto/serial_ext.h"

static const char *const command_names[] = {
    [RFC2217_SIGNATURE] = "SIGNATURE",
    [RFC2217_SET_BAUDRATE] = "SET-BAUDRATE",
    [RFC2217_SET_DATASIZE] = "SET-DATASIZE",
    [RFC2217_SET_PARITY] = "SET-PARITY",
    [RFC2217_SET_STOPSIZE] = "SET-STOPSIZE",
    [RFC2217_SET_CONTROL] = "SET-CONTROL",
    [RFC2217_NOTIFY_LINESTATE] = "NOTIFY-LINESTATE",
    [RFC2217_NOTIFY_MODEMSTATE] = "NOTIFY-MODEMSTATE",
    [RFC2217_FLOWCONTROL_SUSPEND] = "FLOWCONTROL-SUSPEND",
    [RFC2217_FLOWCONTROL_RESUME] = "FLOWCONTROL-RESUME",
    [RFC2217_SET_LINESTATE_MASK] = "SET-LINESTATE-MASK",
    [RFC2217_SET_MODEMSTATE_MASK] = "SET-MODEMSTATE-MASK",
    [RFC2217_PURGE_DATA] = "PURGE-DATA",
    [RFC2217_SET_LINES] = "SET-LINES",
    [RFC2217_SELECT] = "SELECT",
    [RFC2217_LIST] = "LIST",
    [RFC2217_STATE] = "STATE",
    [RFC2217_RESUME] = "RESUME",
    [RFC2217_IDENTITY] = "IDENTITY",
};

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

static void describe_lines(const struct rfc2217_message *m, char *out, size_t room)
{
    snprintf(out, room, "%s%sat %u us",
             !(m->mask & LINE_DTR) ? ""
             : m->lines & LINE_DTR ? "DTR on "
                                   : "DTR off ",
             !(m->mask & LINE_RTS) ? ""
             : m->lines & LINE_RTS ? "RTS on "
                                   : "RTS off ",
             (unsigned)m->value);
}

static void describe_bits(uint32_t value, const char *const names[8], char *out, size_t room)
{
    size_t n = (size_t)snprintf(out, room, "%u", (unsigned)value);

    for (int bit = 7; bit >= 0 && n < room; bit--)
        if (value & 1u << bit)
            n += (size_t)snprintf(out + n, room - n, " %s", names[bit]);
}

static void describe_state(const struct rfc2217_message *m, char *out, size_t room)
{
    static const char *const states[] = {"yours", "unknown", "busy", "away", "waiting", "failed"};
    struct serial_ext_port_state s;

    if (serial_ext_get_state(m->text, m->text_len, &s) < 0) {
        snprintf(out, room, "?");
        return;
    }
    size_t n = (size_t)snprintf(out, room, "%s%s",
                                s.state <= SERIAL_EXT_FAILED ? states[s.state] : "unknown",
                                s.text.len > 0 ? ": " : "");
    if (s.text.len > 0 && n < room)
        describe_text(&(struct rfc2217_message){.text = s.text.bytes, .text_len = s.text.len},
                      out + n, room - n);
}

/* Without the token, which is a secret. */
static void describe_resume(const struct rfc2217_message *m, char *out, size_t room)
{
    static const char *const kinds[] = {"begin", "resume", "grant", "refuse", "ack"};
    struct serial_ext_resume r;

    if (serial_ext_get_resume(m->text, m->text_len, &r) < 0)
        snprintf(out, room, "?");
    else
        snprintf(out, room, "%s %llu", kinds[r.kind], (unsigned long long)r.received);
}

void rfc2217_describe(const struct rfc2217_message *m, char text[static RFC2217_DESCRIPTION_MAX])
{
    static const char *const modem[8] = {"dCTS", "dDSR", "tRI", "dCD", "CTS", "DSR", "RI", "CD"};
    static const char *const state[8] = {"data",  "overrun",   "parity",    "framing",
                                         "break", "thr-empty", "tsr-empty", "timeout"};
    static const char *const parity[] = {"?", "none", "odd", "even", "mark", "space"};
    static const char *const stop[] = {"?", "1", "2", "1.5"};
    const char *name = m->command < RFC2217_COMMANDS ? command_names[m->command] : NULL;
    size_t n = (size_t)snprintf(text, RFC2217_DESCRIPTION_MAX, "%s ", name ? name : "unknown");
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
        else if (m->value == RFC2217_CONTROL_RESET)
            snprintf(out, room, "reset");
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
    case RFC2217_SET_LINES:
        describe_lines(m, out, room);
        break;
    case RFC2217_SELECT:
    case RFC2217_LIST:
    case RFC2217_IDENTITY:
        describe_text(m, out, room);
        break;
    case RFC2217_STATE:
        describe_state(m, out, room);
        break;
    case RFC2217_RESUME:
        describe_resume(m, out, room);
        break;
    default:
        snprintf(out, room, "%u", (unsigned)m->value);
    }
}
