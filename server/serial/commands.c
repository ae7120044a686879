#include "commands.h"

#include <errno.h>

#include "error_text.h"
#include "log.h"
#include "log_peer.h"
#include "device.h"
#include "rfc2217_text.h"

void commands_answer(struct commands *c, enum rfc2217_command command, uint32_t value)
{
    if (log_enabled(LOG_LEVEL_DEBUG)) {
        char text[RFC2217_DESCRIPTION_MAX];

        rfc2217_describe(&(struct rfc2217_message){.command = (uint8_t)command, .value = value},
                         text);
        log_debug("%s: < %s", c->who, text);
    }
    comport_send_value(c->comport, command, value);
}

/* Tells the client of the modem inputs. RFC 2217 sends the state ANDed with the mask when that is
 * not zero. A line that falls under a mask without delta bits is told all the same. */
void commands_notify_lines(struct commands *c, unsigned inputs, unsigned edges)
{
    const unsigned value = line_modem_state(inputs, edges) & c->modem_mask;
    const unsigned changed = (inputs ^ c->modem_told) & c->modem_mask;

    c->modem_told = inputs;
    if (changed || (value & ~(unsigned)LINE_INPUTS))
        commands_answer(c, RFC2217_NOTIFY_MODEMSTATE, value);
}

/* The answer to a SET-CONTROL: the code of the state that the command is about. */
static uint8_t control_in_force(struct commands *c, uint32_t control)
{
    const struct line_settings *line = device_line(c->device);
    unsigned lines = device_lines(c->device);

    switch (control) {
    case RFC2217_CONTROL_BREAK_QUERY:
    case RFC2217_CONTROL_BREAK_ON:
    case RFC2217_CONTROL_BREAK_OFF:
        return device_break(c->device) ? RFC2217_CONTROL_BREAK_ON : RFC2217_CONTROL_BREAK_OFF;
    case RFC2217_CONTROL_DTR_QUERY:
    case RFC2217_CONTROL_DTR_ON:
    case RFC2217_CONTROL_DTR_OFF:
        return lines & LINE_DTR ? RFC2217_CONTROL_DTR_ON : RFC2217_CONTROL_DTR_OFF;
    case RFC2217_CONTROL_RTS_QUERY:
    case RFC2217_CONTROL_RTS_ON:
    case RFC2217_CONTROL_RTS_OFF:
        return lines & LINE_RTS ? RFC2217_CONTROL_RTS_ON : RFC2217_CONTROL_RTS_OFF;
    case RFC2217_CONTROL_IN_QUERY:
    case RFC2217_CONTROL_IN_NONE:
    case RFC2217_CONTROL_IN_XONXOFF:
    case RFC2217_CONTROL_IN_HARDWARE:
    case RFC2217_CONTROL_IN_DTR:
        return rfc2217_flow_in_code(line->flow_in);
    case RFC2217_CONTROL_RESET:
        return 0;
    default:
        return rfc2217_flow_out_code(line->flow_out);
    }
}

/* Sets or queries one field of the settings: changes `want` to the value that a command asks for.
 * Returns -EINVAL for a value that RFC 2217 does not have. */
static int want_setting(const struct rfc2217_message *m, struct line_settings *want)
{
    switch (m->command) {
    case RFC2217_SET_BAUDRATE:
        want->baud = m->value;
        return 0;
    case RFC2217_SET_DATASIZE:
        want->data_bits = (uint8_t)m->value;
        if (want->stop == LINE_STOP_1_5 && m->value != 5) /* which only 5 bits can have */
            want->stop = LINE_STOP_2;
        return m->value >= 5 && m->value <= 8 ? 0 : -EINVAL;
    case RFC2217_SET_PARITY:
        want->parity = (uint8_t)m->value;
        return m->value <= LINE_PARITY_SPACE ? 0 : -EINVAL;
    default:
        want->stop = (uint8_t)m->value;
        return m->value <= LINE_STOP_1_5 ? 0 : -EINVAL;
    }
}

static uint32_t setting_in_force(const struct commands *c, uint8_t command)
{
    const struct line_settings *line = device_line(c->device);

    switch (command) {
    case RFC2217_SET_BAUDRATE:
        return line->baud;
    case RFC2217_SET_DATASIZE:
        return line->data_bits;
    case RFC2217_SET_PARITY:
        return line->parity;
    default:
        return line->stop;
    }
}

static void answer_setting(struct commands *c, const struct rfc2217_message *m)
{
    if (m->draft_baud) /* in kind: old Cisco knows no other */
        comport_send(c->comport, (struct rfc2217_message){.command = m->command,
                                                          .draft_baud = true,
                                                          .value = device_line(c->device)->baud});
    else
        commands_answer(c, m->command, setting_in_force(c, m->command));
}

static void log_refusal(struct commands *c, const struct rfc2217_message *m, int error)
{
    char text[RFC2217_DESCRIPTION_MAX];

    rfc2217_describe(m, text);
    log_peer_warn(c->who, "%s: the port refuses %s: %s", c->who, text, error_text(-error));
}

static int do_setting(struct commands *c, const struct rfc2217_message *m)
{
    struct line_settings want = *device_line(c->device);
    struct line_settings got;

    if (m->value == 0 || want_setting(m, &want) < 0)
        return 0;
    return device_configure(c->device, &want, &got);
}

/* Flow control: an outbound value sets both directions, an inbound one refines. */
static int do_flow(struct commands *c, int flow, bool inbound)
{
    struct line_settings want = *device_line(c->device);
    struct line_settings got;

    want.flow_in = (uint8_t)flow;
    if (!inbound)
        want.flow_out = (uint8_t)flow;
    else if (want.flow_out == LINE_FLOW_HARDWARE && flow == LINE_FLOW_NONE)
        want.flow_in = LINE_FLOW_HARDWARE; /* RTS/CTS cannot be split: it stays unchanged */
    return device_configure(c->device, &want, &got);
}

static void log_lines_refusal(const struct commands *c, int error)
{
    log_peer_warn(c->who, "%s: the port refuses to set its lines: %s", c->who, error_text(-error));
}

void commands_end_group(struct commands *c, int error)
{
    const struct line_group group = c->group;

    c->group = (struct line_group){0};
    if (error < 0)
        log_lines_refusal(c, error);
    for (unsigned i = 0; i < group.count; i++)
        commands_answer(c, RFC2217_SET_CONTROL,
                        control_in_force(c, group.order[i] == LINE_DTR
                                                ? RFC2217_CONTROL_DTR_QUERY
                                                : RFC2217_CONTROL_RTS_QUERY));
}

void commands_apply_group(struct commands *c)
{
    if (c->group.count == 0 || c->group.is_applied)
        return;
    c->group.is_applied = true;
    const int r = device_set_outputs(c->device, c->group.mask, c->group.values);
    if (!device_is_busy(c->device))
        commands_end_group(c, r);
}

unsigned commands_line_set(const struct rfc2217_message *m)
{
    if (m->command != RFC2217_SET_CONTROL)
        return 0;
    if (m->value == RFC2217_CONTROL_DTR_ON || m->value == RFC2217_CONTROL_DTR_OFF)
        return LINE_DTR;
    if (m->value == RFC2217_CONTROL_RTS_ON || m->value == RFC2217_CONTROL_RTS_OFF)
        return LINE_RTS;
    return 0;
}

static void add_to_group(struct commands *c, unsigned line, const struct rfc2217_message *m)
{
    bool on = m->value == RFC2217_CONTROL_DTR_ON || m->value == RFC2217_CONTROL_RTS_ON;

    c->group.mask |= line;
    c->group.values |= on ? line : 0;
    c->group.order[c->group.count++] = (uint8_t)line;
}

static int do_control(struct commands *c, const struct rfc2217_message *m)
{
    bool inbound;
    const int flow = rfc2217_flow_of_code(m->value, &inbound);

    if (m->value == RFC2217_CONTROL_BREAK_ON || m->value == RFC2217_CONTROL_BREAK_OFF)
        return device_set_break(c->device, m->value == RFC2217_CONTROL_BREAK_ON);
    return flow >= 0 ? do_flow(c, flow, inbound) : 0; /* a query, or a value without a meaning */
}

static void answer_lines(struct commands *c, const struct rfc2217_message *m)
{
    if (m->mask & LINE_DTR)
        commands_answer(c, RFC2217_SET_CONTROL, control_in_force(c, RFC2217_CONTROL_DTR_QUERY));
    if (m->mask & LINE_RTS)
        commands_answer(c, RFC2217_SET_CONTROL, control_in_force(c, RFC2217_CONTROL_RTS_QUERY));
}

static int do_purge(struct commands *c, const struct rfc2217_message *m)
{
    bool rx = m->value == RFC2217_PURGE_RX || m->value == RFC2217_PURGE_BOTH;
    bool tx = m->value == RFC2217_PURGE_TX || m->value == RFC2217_PURGE_BOTH;

    return device_purge(c->device, rx, tx);
}

/* What a command changes of the device. Returns 0 or -errno. */
static int change(struct commands *c, const struct rfc2217_message *m)
{
    switch (m->command) {
    case RFC2217_SET_BAUDRATE:
    case RFC2217_SET_DATASIZE:
    case RFC2217_SET_PARITY:
    case RFC2217_SET_STOPSIZE:
        return do_setting(c, m);
    case RFC2217_SET_CONTROL:
        return do_control(c, m);
    case RFC2217_PURGE_DATA:
        return do_purge(c, m);
    case RFC2217_SET_LINES:
        return device_set_outputs(c->device, m->mask, m->lines);
    default:
        return 0;
    }
}

bool commands_do(struct commands *c, const struct rfc2217_message *m)
{
    const unsigned line = commands_line_set(m);

    if (line) {
        add_to_group(c, line, m);
        return true;
    }
    const int r = change(c, m);
    if (device_is_busy(c->device))
        return false;
    commands_end(c, m, r);
    return true;
}

void commands_end(struct commands *c, const struct rfc2217_message *m, int error)
{
    if (error < 0 && m->command == RFC2217_SET_LINES)
        log_lines_refusal(c, error);
    else if (error < 0)
        log_refusal(c, m, error);
    commands_observe(c, m);
}

bool commands_changes_line(const struct rfc2217_message *m)
{
    bool inbound;

    if (m->command >= RFC2217_SET_BAUDRATE && m->command <= RFC2217_SET_STOPSIZE)
        return m->value != 0;
    if (m->command == RFC2217_SET_LINES)
        return true;
    return m->command == RFC2217_SET_CONTROL &&
           (commands_line_set(m) || m->value == RFC2217_CONTROL_BREAK_ON ||
            m->value == RFC2217_CONTROL_BREAK_OFF || m->value == RFC2217_CONTROL_RESET ||
            rfc2217_flow_of_code(m->value, &inbound) >= 0);
}

void commands_observe(struct commands *c, const struct rfc2217_message *m)
{
    switch (m->command) {
    case RFC2217_SIGNATURE:
        if (m->text_len == 0)
            comport_send_text(c->comport, c->signature);
        break;
    case RFC2217_SET_BAUDRATE:
    case RFC2217_SET_DATASIZE:
    case RFC2217_SET_PARITY:
    case RFC2217_SET_STOPSIZE:
        answer_setting(c, m);
        break;
    case RFC2217_SET_CONTROL:
        commands_answer(c, RFC2217_SET_CONTROL, control_in_force(c, m->value));
        break;
    case RFC2217_NOTIFY_LINESTATE: /* not in the RFC: a poll */
        commands_answer(
            c, RFC2217_NOTIFY_LINESTATE,
            device_untransmitted(c->device) == 0 ? LINE_STATE_THR_EMPTY | LINE_STATE_TSR_EMPTY : 0);
        break;
    case RFC2217_NOTIFY_MODEMSTATE: /* the same, pyserial's ?poll_modem */
        commands_answer(c, RFC2217_NOTIFY_MODEMSTATE, device_lines(c->device) & LINE_INPUTS);
        break;
    case RFC2217_FLOWCONTROL_SUSPEND:
        c->suspended = true;
        break;
    case RFC2217_FLOWCONTROL_RESUME:
        c->suspended = false;
        break;
    case RFC2217_SET_LINESTATE_MASK:
        c->line_mask = (uint8_t)m->value;
        commands_answer(c, RFC2217_SET_LINESTATE_MASK, c->line_mask);
        break;
    case RFC2217_SET_MODEMSTATE_MASK:
        c->modem_mask = (uint8_t)m->value;
        commands_answer(c, RFC2217_SET_MODEMSTATE_MASK, c->modem_mask);
        break;
    case RFC2217_PURGE_DATA:
        commands_answer(c, RFC2217_PURGE_DATA, m->value);
        break;
    case RFC2217_SET_LINES:
        answer_lines(c, m);
        break;
    }
}

void commands_answer_malformed(struct commands *c, const struct rfc2217_message *m)
{
    switch (m->command) {
    case RFC2217_SET_BAUDRATE:
    case RFC2217_SET_DATASIZE:
    case RFC2217_SET_PARITY:
    case RFC2217_SET_STOPSIZE:
        commands_answer(c, m->command, setting_in_force(c, m->command));
        break;
    case RFC2217_SET_CONTROL:
        commands_answer(c, RFC2217_SET_CONTROL, control_in_force(c, 0));
        break;
    case RFC2217_SET_LINESTATE_MASK:
        commands_answer(c, RFC2217_SET_LINESTATE_MASK, c->line_mask);
        break;
    case RFC2217_SET_MODEMSTATE_MASK:
        commands_answer(c, RFC2217_SET_MODEMSTATE_MASK, c->modem_mask);
        break;
    case RFC2217_NOTIFY_LINESTATE: /* pyserial's poll has no payload */
    case RFC2217_NOTIFY_MODEMSTATE:
        commands_observe(c, m);
        break;
    default:
        break;
    }
}
