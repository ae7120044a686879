#include "far_port.h"

#include <stdio.h>

#include "clock.h"
#include "line_text.h"
#include "log.h"
#include "log_peer.h"
#include "rfc2217_text.h"

/* Settings that the first session still has to learn. */
enum learning {
    LEARN_BAUD = 1,
    LEARN_SIZE = 2,
    LEARN_PARITY = 4,
    LEARN_STOP = 8,
    LEARN_FLOW = 16,
    LEARN_ALL = 31,
};

enum { DELTAS = 0x0f }; /* of a modem state */

static const uint8_t errors_mask =
    LINE_STATE_BREAK | LINE_STATE_FRAMING | LINE_STATE_PARITY | LINE_STATE_OVERRUN;

void far_port_attach(struct far_port *f, struct comport *comport)
{
    f->comport = comport;
    f->ready = false;
    f->greeted = false;
    f->learning = 0;
    f->inputs = 0;
    f->lines_told = f->lines_awaited = false;
    f->polls = 0;
    f->counted = 0;
    f->asked = (struct asked){0};
    f->resetting = false;
    f->suspended = false;
    f->proven = false;
    f->refusal = NULL;
    f->ext = 0;
    f->state = SERIAL_EXT_YOURS;
    f->state_text[0] = '\0';
    f->peer = peer_of_signature(NULL, 0);
    f->stops_answered = f->stops_told; /* nobody will answer them any more */
    if (comport)
        f->signature[0] = '\0';
}

/* --- telling ---------------------------------------------------------------------------------- */

static void tell(struct far_port *f, const struct rfc2217_message *m)
{
    if (log_enabled(LOG_LEVEL_DEBUG)) {
        char text[RFC2217_DESCRIPTION_MAX];

        rfc2217_describe(m, text);
        log_debug("%s: > %s", f->name, text);
    }
    if (m->command == RFC2217_SET_STOPSIZE)
        f->stops_told++;
    asked_note(&f->asked, m);
    comport_send(f->comport, *m);
}

void far_port_tell(struct far_port *f, enum rfc2217_command command, uint32_t value)
{
    tell(f, &(struct rfc2217_message){.command = (uint8_t)command, .value = value});
}

void far_port_introduce(struct far_port *f)
{
    comport_send_text(f->comport, "net2pty/" COM2NET_VERSION " ext=1");
}

void far_port_greet(struct far_port *f)
{
    comport_send_text(f->comport, "");
    far_port_tell(f, RFC2217_SET_BAUDRATE, 0);
    f->greeted = true;
}

static void tell_flow(struct far_port *f, const struct line_settings *line)
{
    far_port_tell(f, RFC2217_SET_CONTROL, rfc2217_flow_out_code(line->flow_out));
    if (line->flow_in != line->flow_out)
        far_port_tell(f, RFC2217_SET_CONTROL, rfc2217_flow_in_code(line->flow_in));
}

void far_port_tell_settings(struct far_port *f, const struct line_settings *line, bool all)
{
    struct line_settings *told = &f->told;

    if (!f->ready || line->baud == 0)
        return;
    f->learning = 0;
    /* the order that RFC 2217 recommends */
    if (all || line->baud != told->baud)
        far_port_tell(f, RFC2217_SET_BAUDRATE, line->baud);
    if (all || line->data_bits != told->data_bits)
        far_port_tell(f, RFC2217_SET_DATASIZE, line->data_bits);
    if (all || line->parity != told->parity)
        far_port_tell(f, RFC2217_SET_PARITY, line->parity);
    if (all || line->stop != told->stop)
        far_port_tell(f, RFC2217_SET_STOPSIZE, line->stop);
    if (all || line->flow_out != told->flow_out || line->flow_in != told->flow_in)
        tell_flow(f, line);
    f->told = *line;
    f->has_told = true;
}

/* Tells the outputs of `mask`. */
static void tell_lines(struct far_port *f, unsigned mask)
{
    struct rfc2217_message m = {.command = RFC2217_SET_LINES,
                                .value = (uint32_t)clock_now_us(),
                                .mask = (uint8_t)mask,
                                .lines = (uint8_t)(f->outputs & mask)};

    if (!f->ready)
        return;
    f->lines_told = true;
    if (f->peer->is_ours) {
        tell(f, &m);
        return;
    }
    if (mask & LINE_DTR)
        far_port_tell(f, RFC2217_SET_CONTROL,
                      f->outputs & LINE_DTR ? RFC2217_CONTROL_DTR_ON : RFC2217_CONTROL_DTR_OFF);
    if (mask & LINE_RTS)
        far_port_tell(f, RFC2217_SET_CONTROL,
                      f->outputs & LINE_RTS ? RFC2217_CONTROL_RTS_ON : RFC2217_CONTROL_RTS_OFF);
}

static void ask_lines(struct far_port *f, unsigned mask)
{
    if (mask & LINE_DTR)
        far_port_tell(f, RFC2217_SET_CONTROL, RFC2217_CONTROL_DTR_QUERY);
    if (mask & LINE_RTS)
        far_port_tell(f, RFC2217_SET_CONTROL, RFC2217_CONTROL_RTS_QUERY);
}

void far_port_tell_outputs(struct far_port *f)
{
    tell_lines(f, LINE_OUTPUTS);
}

void far_port_ask_outputs(struct far_port *f)
{
    if (f->set)
        tell_lines(f, f->set);
    ask_lines(f, LINE_OUTPUTS & ~f->set);
}

void far_port_set_lines(struct far_port *f, unsigned mask, unsigned outputs)
{
    f->outputs = (f->outputs & ~mask) | (outputs & mask);
    f->set |= mask;
    tell_lines(f, mask);
}

void far_port_set_outputs(struct far_port *f, unsigned outputs)
{
    if (f->outputs != outputs || f->set != LINE_OUTPUTS)
        far_port_set_lines(f, LINE_OUTPUTS, outputs);
}

void far_port_suspend(struct far_port *f, bool on)
{
    const enum rfc2217_command command =
        on ? RFC2217_FLOWCONTROL_SUSPEND : RFC2217_FLOWCONTROL_RESUME;

    tell(f, &(struct rfc2217_message){.command = (uint8_t)command});
}

void far_port_poll_lines(struct far_port *f)
{
    f->polls++;
    far_port_tell(f, RFC2217_NOTIFY_MODEMSTATE, 0);
}

/* All is answered in order: the poll after the changes, and the question after the poll. */
bool far_port_knows_lines(struct far_port *f)
{
    if (!f->ready || !f->peer->is_ours)
        return true;
    if (f->lines_told) {
        far_port_poll_lines(f);
        far_port_tell(f, RFC2217_SET_STOPSIZE, 0);
        f->lines_ticket = f->stops_told;
        f->lines_told = false;
        f->lines_awaited = true;
    }
    if (f->lines_awaited)
        f->lines_awaited = (int)(f->stops_answered - f->lines_ticket) < 0;
    return !f->lines_awaited;
}

void far_port_forgo_lines(struct far_port *f)
{
    f->lines_awaited = false;
}

unsigned far_port_ask_drain(struct far_port *f)
{
    /* com2net answers a setting, also one that changes nothing, when the bytes before it are out */
    far_port_tell(f, RFC2217_SET_STOPSIZE, f->told.stop);
    return f->stops_told;
}

void far_port_count_errors(struct far_port *f)
{
    far_port_tell(f, RFC2217_SET_LINESTATE_MASK, errors_mask);
}

void far_port_ask_settings(struct far_port *f)
{
    /* the greeting has asked for the speed */
    f->learning = f->greeted ? LEARN_ALL : LEARN_ALL & ~LEARN_BAUD;
    far_port_tell(f, RFC2217_SET_DATASIZE, 0);
    far_port_tell(f, RFC2217_SET_PARITY, 0);
    far_port_tell(f, RFC2217_SET_STOPSIZE, 0);
    far_port_tell(f, RFC2217_SET_CONTROL, RFC2217_CONTROL_FLOW_QUERY);
}

void far_port_reset(struct far_port *f)
{
    f->resetting = true;
    far_port_tell(f, RFC2217_SET_CONTROL, RFC2217_CONTROL_RESET);
}

/* --- being answered ----------------------------------------------------------------------------
 */

static enum far_port_news learnt(struct far_port *f, enum learning what)
{
    char text[LINE_TEXT_MAX];

    f->learning &= ~(unsigned)what;
    if (f->learning)
        return FAR_PORT_NO_NEWS;
    line_text(&f->told, text);
    log_debug("%s: the server's port is at %s", f->name, text);
    return FAR_PORT_LEARNT;
}

static enum far_port_news learn(struct far_port *f, enum learning what, uint32_t value)
{
    struct line_settings *told = &f->told;

    if (what == LEARN_SIZE && value >= 5 && value <= 8)
        told->data_bits = (uint8_t)value;
    else if (what == LEARN_PARITY && value >= LINE_PARITY_NONE && value <= LINE_PARITY_SPACE)
        told->parity = (uint8_t)value;
    else if (what == LEARN_STOP && value >= LINE_STOP_1 && value <= LINE_STOP_1_5)
        told->stop = (uint8_t)value;
    return learnt(f, what);
}

static enum asked_verdict answered(struct far_port *f, enum asked_about about, uint32_t value,
                                   uint32_t *wish)
{
    return asked_answered(&f->asked, about, value, f->peer->is_ours, wish);
}

/* Whether an answer says that something else is in force than was wished. The wish is the request
 * it answers or, if there is none, the value told last. */
static bool is_news(const struct far_port *f, enum asked_verdict verdict, enum asked_about about,
                    uint32_t told, uint32_t value, uint32_t *wish)
{
    if (verdict != ASKED_NOT || !f->has_told)
        return verdict == ASKED_NOT_DONE;
    *wish = told;
    return !asked_fits(about, told, value);
}

/* An answer to a setting: the value now in force. */
static enum far_port_news on_setting(struct far_port *f, enum learning what, enum asked_about about,
                                     uint32_t told, const struct rfc2217_message *m)
{
    char text[RFC2217_DESCRIPTION_MAX], wished[RFC2217_DESCRIPTION_MAX];
    uint32_t wish;
    enum asked_verdict verdict = answered(f, about, m->value, &wish);

    if (what == LEARN_BAUD && f->greeted) { /* from before anything was set on this connection */
        f->greeted = false;
        if (!f->has_told && m->value > 0)
            f->told.baud = m->value;
        return f->learning & what ? learnt(f, what) : FAR_PORT_NO_NEWS;
    }
    if (f->learning & what)
        return learn(f, what, m->value);
    if (is_news(f, verdict, about, told, m->value, &wish)) {
        rfc2217_describe(m, text);
        rfc2217_describe(&(struct rfc2217_message){.command = m->command, .value = wish}, wished);
        log_peer_warn(f->name, "%s: the server does not do what a program set, %s; it has now: %s",
                      f->name, wished, text);
    }
    return FAR_PORT_NO_NEWS;
}

/* An answer about DTR or RTS: counts if it was asked for and nothing is to be set since. */
static void on_output(struct far_port *f, unsigned line, bool on)
{
    const enum asked_about about = line == LINE_DTR ? ASKED_DTR : ASKED_RTS;
    uint32_t wish;

    if (answered(f, about, on, &wish) == ASKED_HOW && !asked_has_wish(&f->asked, about))
        f->outputs = on ? f->outputs | line : f->outputs & ~line;
}

/* An answer about the flow control of one direction. */
static enum far_port_news on_flow(struct far_port *f, bool inbound, unsigned flow)
{
    uint32_t wish;
    enum asked_verdict verdict = answered(f, inbound ? ASKED_FLOW_IN : ASKED_FLOW_OUT, flow, &wish);

    if (!inbound && (f->learning & LEARN_FLOW)) {
        f->told.flow_out = (uint8_t)flow;
        f->told.flow_in = (uint8_t)flow;
        return learnt(f, LEARN_FLOW);
    }
    const uint32_t told = inbound ? f->told.flow_in : f->told.flow_out;
    if (!f->peer->control_answers_lie &&
        is_news(f, verdict, inbound ? ASKED_FLOW_IN : ASKED_FLOW_OUT, told, flow, &wish))
        log_peer_warn(
            f->name,
            "%s: the server does not do the flow control that a program set, %s; it has now: %s",
            f->name, line_flow_name(wish), line_flow_name(flow));
    return FAR_PORT_NO_NEWS;
}

static enum far_port_news on_purge(struct far_port *f, const struct rfc2217_message *m)
{
    uint32_t wish;

    answered(f, ASKED_PURGE, m->value, &wish);
    return asked_has_wish(&f->asked, ASKED_PURGE) ? FAR_PORT_NO_NEWS : FAR_PORT_PURGED;
}

/* A reset leaves the lines as its recipe says: the server is asked how. */
static enum far_port_news on_reset(struct far_port *f, bool done)
{
    f->resetting = false;
    if (done)
        ask_lines(f, LINE_OUTPUTS);
    return done ? FAR_PORT_RESET : FAR_PORT_NOT_RESET;
}

static enum far_port_news on_control(struct far_port *f, const struct rfc2217_message *m)
{
    bool inbound;
    int flow = rfc2217_flow_of_code(m->value, &inbound);
    uint32_t wish;

    if (m->value == RFC2217_CONTROL_RESET || m->value == 0) {
        /* one that was given up may still be answered, ahead of the one that we wait for */
        if (answered(f, ASKED_RESET, m->value, &wish) != ASKED_NOT && f->resetting &&
            !asked_has_wish(&f->asked, ASKED_RESET))
            return on_reset(f, m->value == RFC2217_CONTROL_RESET);
        return FAR_PORT_NO_NEWS;
    }
    if (m->value == RFC2217_CONTROL_DTR_ON || m->value == RFC2217_CONTROL_DTR_OFF)
        on_output(f, LINE_DTR, m->value == RFC2217_CONTROL_DTR_ON);
    if (m->value == RFC2217_CONTROL_RTS_ON || m->value == RFC2217_CONTROL_RTS_OFF)
        on_output(f, LINE_RTS, m->value == RFC2217_CONTROL_RTS_ON);
    return flow < 0 ? FAR_PORT_NO_NEWS : on_flow(f, inbound, (unsigned)flow);
}

/* Takes text of a server so far as it can be shown on a terminal. */
static void show(char *text, size_t size, const uint8_t *bytes, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len && n < size - 1; i++)
        if (bytes[i] >= ' ' && bytes[i] < 0x7f)
            text[n++] = (char)bytes[i];
    text[n] = '\0';
}

static enum far_port_news on_state(struct far_port *f, const struct rfc2217_message *m)
{
    struct serial_ext_port_state s;

    if (serial_ext_get_state(m->text, m->text_len, &s) < 0)
        return FAR_PORT_NO_NEWS;
    f->state = s.state;
    show(f->state_text, sizeof f->state_text, s.text.bytes, s.text.len);
    return FAR_PORT_STATE;
}

static void on_signature(struct far_port *f, const struct rfc2217_message *m)
{
    if (m->text_len == 0) {
        far_port_introduce(f);
        return;
    }
    f->refusal = peer_refusal(m->text, m->text_len);
    if (f->refusal)
        return;
    f->peer = peer_of_signature(m->text, m->text_len);
    f->ext = serial_ext_version(m->text, m->text_len);
    show(f->signature, sizeof f->signature, m->text, m->text_len);
}

/* Counts the edges that a notification tells, by its delta bits or, where a server sends none, by
 * the difference. */
static void on_modem_state(struct far_port *f, unsigned value)
{
    unsigned seen = line_modem_delta(f->inputs, value), deltas = value & DELTAS;
    unsigned told = seen | (deltas & ~f->counted);

    /* answers to polls have no deltas; the notifications that come later tell of the same edges */
    if (deltas)
        f->counted &= ~deltas;
    else if (f->polls > 0) {
        f->polls--;
        f->counted |= seen;
    }
    f->counts.cts += told & 1 ? 1 : 0;
    f->counts.dsr += told & 2 ? 1 : 0;
    f->counts.rng += told & 4 ? 1 : 0;
    f->counts.dcd += told & 8 ? 1 : 0;
    f->inputs = value & LINE_INPUTS;
}

static void on_line_state(struct far_port *f, unsigned value)
{
    if (f->peer->mask_answers_are_notices && value == errors_mask)
        return;
    f->counts.brk += value & LINE_STATE_BREAK ? 1 : 0;
    f->counts.frame += value & LINE_STATE_FRAMING ? 1 : 0;
    f->counts.parity += value & LINE_STATE_PARITY ? 1 : 0;
    f->counts.overrun += value & LINE_STATE_OVERRUN ? 1 : 0;
}

enum far_port_news far_port_message(struct far_port *f, const struct rfc2217_message *m)
{
    f->proven = true;
    switch (m->command) {
    case RFC2217_SIGNATURE:
        on_signature(f, m);
        break;
    case RFC2217_SET_BAUDRATE:
        return on_setting(f, LEARN_BAUD, ASKED_BAUD, f->told.baud, m);
    case RFC2217_SET_DATASIZE:
        return on_setting(f, LEARN_SIZE, ASKED_SIZE, f->told.data_bits, m);
    case RFC2217_SET_PARITY:
        return on_setting(f, LEARN_PARITY, ASKED_PARITY, f->told.parity, m);
    case RFC2217_SET_STOPSIZE:
        if (f->stops_answered != f->stops_told)
            f->stops_answered++;
        return on_setting(f, LEARN_STOP, ASKED_STOP, f->told.stop, m);
    case RFC2217_SET_CONTROL:
        return on_control(f, m);
    case RFC2217_PURGE_DATA:
        return on_purge(f, m);
    case RFC2217_NOTIFY_MODEMSTATE:
        on_modem_state(f, m->value);
        break;
    case RFC2217_NOTIFY_LINESTATE:
        on_line_state(f, m->value);
        break;
    case RFC2217_STATE:
        return on_state(f, m);
    case RFC2217_FLOWCONTROL_SUSPEND:
        f->suspended = true;
        break;
    case RFC2217_FLOWCONTROL_RESUME:
        f->suspended = false;
        break;
    default:
        break;
    }
    return FAR_PORT_NO_NEWS;
}
