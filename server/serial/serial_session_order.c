/*
 * What a client asks and is told, in order with the data.
 *
 * A command that changes the line waits until the bytes before it are on the wire: the rest of the
 * client's input is then held, and its connection not read, until a timer of the time left on the
 * wire finds them gone (or two seconds without any progress have passed). Commands that directly
 * follow one that has waited in vain do not wait again. Settings of DTR and RTS
 * that directly follow each other collect in a group and are applied as one change. Those of
 * net2pty come as one message with its time, and wait in the same way until playout.h says that
 * they are due. What is behind a reset waits until that is over. What commands mean is in
 * commands.c.
 */
#include "serial_session_state.h"

#include <errno.h>
#include <stdio.h>

#include <event2/event.h>

#include "log.h"
#include "log_peer.h"
#include "os.h"
#include "port.h"
#include "proto/comport.h"
#include "rfc2217_text.h"
#include "stream.h"

enum {
    DRAIN_STUCK_MS = 2000,    /* pyserial gives up on an answer after 3 s */
    EMPTY_MIN_MS = 5,         /* a byte that is stuck is not asked for more often */
    ANSWERS_HIGH = 16 * 1024, /* send before taking more commands */
    BREAK_MS = 250,           /* of IAC BRK */
    TELNET_BREAK = 255,       /* IAC BRK where a command waits: no number of RFC 2217's */
};

/* --- modem lines and line errors -------------------------------------------------------------- */

void session_tell_late_lines(struct serial_session *s)
{
    if (s->state == SESSION_RFC2217 && s->late_lines && !s->commands.suspended &&
        stream_queued(s->stream) == 0) {
        unsigned edges = s->late_edges;

        s->late_lines = false;
        s->late_edges = 0;
        commands_notify_lines(&s->commands, port_lines(s->port) & LINE_INPUTS, edges);
        session_flush(s);
    }
}

void session_lines(struct serial_session *s, unsigned inputs, unsigned edges)
{
    unsigned all = edges | ((inputs ^ s->commands.modem_told) & ~(unsigned)LINE_RI) |
                   (s->commands.modem_told & ~inputs & LINE_RI);

    if (s->state != SESSION_RFC2217)
        return;
    if (s->commands.suspended || stream_queued(s->stream) > 0) {
        s->late_lines = true;
        s->late_edges |= all;
        return;
    }
    s->late_lines = false;
    s->late_edges = 0;
    commands_notify_lines(&s->commands, inputs, all);
    session_flush(s);
}

void session_errors(struct serial_session *s, unsigned state)
{
    if (s->state != SESSION_RFC2217 || !(state & s->commands.line_mask) || s->commands.suspended)
        return;
    commands_answer(&s->commands, RFC2217_NOTIFY_LINESTATE, state & s->commands.line_mask);
    session_flush(s);
}

/* --- an empty transmitter, for clients whose mask asks for it --------------------------------- */

static const unsigned empty_bits = LINE_STATE_THR_EMPTY | LINE_STATE_TSR_EMPTY;

/* The driver does not tell when its last byte is out: it is asked when that should be. */
static void look_again(struct serial_session *s, size_t left)
{
    uint64_t us = line_wire_time_us(port_line(s->port), left);

    us = us < EMPTY_MIN_MS * 1000 ? EMPTY_MIN_MS * 1000 : us;
    const struct timeval delay = {(long)(us / 1000000), (long)(us % 1000000)};
    event_add(s->empty, &delay);
}

void session_watch_transmitter(struct serial_session *s)
{
    /* before asking the driver, which for a USB adapter may mean to ask the adapter */
    if (!(s->commands.line_mask & empty_bits) || event_pending(s->empty, EV_TIMEOUT, NULL))
        return;
    look_again(s, port_untransmitted(s->port));
}

void session_on_empty(evutil_socket_t fd, short what, void *ctx)
{
    struct serial_session *s = ctx;

    (void)fd;
    (void)what;
    size_t left = port_untransmitted(s->port);
    if (left == 0)
        session_errors(s, empty_bits);
    else if (s->commands.line_mask & empty_bits)
        look_again(s, left);
}

bool session_wants_errors(const struct serial_session *s)
{
    const unsigned errors =
        LINE_STATE_BREAK | LINE_STATE_FRAMING | LINE_STATE_PARITY | LINE_STATE_OVERRUN;

    return s->state == SESSION_RFC2217 && (s->commands.line_mask & errors);
}

/* --- order with the data ---------------------------------------------------------------------- */

/* The answer comes now and not at the begin: like every other it tells what has been done, and what
 * the client sends next meets a board that is ready for it. */
static void on_reset_ended(void *ctx, bool done)
{
    struct serial_session *s = ctx;

    s->wait = WAIT_NOTHING;
    commands_answer(&s->commands, RFC2217_SET_CONTROL, done ? RFC2217_CONTROL_RESET : 0);
    session_take_held(s);
}

static void begin_reset(struct serial_session *s)
{
    int r = port_reset(s->port, on_reset_ended, s);

    if (r < 0) {
        log_peer_info(s->who, "%s: asks for a reset: %s", s->who,
                      r == -ENOTSUP ? "the port has no reset=" : os_error_text(-r));
        commands_answer(&s->commands, RFC2217_SET_CONTROL, 0);
        return;
    }
    s->wait = WAIT_RESET;
    comport_pause(s->comport);
}

static void begin_break(struct serial_session *s)
{
    const struct timeval length = {0, BREAK_MS * 1000};

    if (port_set_break(s->port, true) == 0)
        event_add(s->break_end, &length);
}

void session_on_break_end(evutil_socket_t fd, short what, void *ctx)
{
    struct serial_session *s = ctx;

    (void)fd;
    (void)what;
    port_set_break(s->port, false);
}

/* Carries a command out, with what it means for the session. */
static void do_command(struct serial_session *s, const struct rfc2217_message *m)
{
    if (m->command == TELNET_BREAK) {
        begin_break(s);
        return;
    }
    if (s->role == SESSION_OWNER && m->command == RFC2217_SET_CONTROL &&
        m->value == RFC2217_CONTROL_RESET)
        begin_reset(s);
    else if (s->role == SESSION_OWNER)
        commands_do(&s->commands, m);
    else
        commands_observe(&s->commands, m);
    switch (m->command) {
    case RFC2217_SET_CONTROL:
        if (m->value == RFC2217_CONTROL_BREAK_ON || m->value == RFC2217_CONTROL_BREAK_OFF)
            event_del(s->break_end); /* the client has it in hand now */
        break;
    case RFC2217_FLOWCONTROL_SUSPEND:
        port_update(s->port);
        break;
    case RFC2217_FLOWCONTROL_RESUME:
        session_send_late(s);
        session_tell_late_lines(s);
        port_update(s->port);
        break;
    case RFC2217_SET_LINESTATE_MASK:
        port_update(s->port);
        session_watch_transmitter(s);
        break;
    case RFC2217_SET_LINES:
        playout_done(&s->playout, os_now_us());
        break;
    default:
        break;
    }
}

/* Whether a drain has just found that these bytes do not get on: the commands of a client that sets
 * several things at once do not wait for that one after the other. */
static bool is_stuck(const struct serial_session *s, size_t left)
{
    return s->stuck_left > 0 && left >= s->stuck_left;
}

static void tell_stuck(struct serial_session *s, const struct rfc2217_message *m, size_t left)
{
    char text[RFC2217_DESCRIPTION_MAX];

    s->stuck_left = left;
    if (m->command == TELNET_BREAK)
        snprintf(text, sizeof text, "a break");
    else
        rfc2217_describe(m, text);
    log_peer_warn(
        s->who,
        "%s: %s applied with %zu bytes before it unsent: the device has taken none for %d s",
        s->who, text, left, DRAIN_STUCK_MS / 1000);
}

static void wait_for_drain(struct serial_session *s, size_t left)
{
    uint64_t us = line_wire_time_us(port_line(s->port), left);
    uint64_t most = DRAIN_STUCK_MS * 1000 / 4; /* not to miss that a stopped line goes on */

    s->drain_left = left;
    session_set_timer(s, us < 500 ? 500 : us > most ? most : us);
}

/* Does what waits, and goes on with what is behind it. */
static void end_wait(struct serial_session *s)
{
    s->wait = WAIT_NOTHING;
    do_command(s, &s->waiting);
    session_take_held(s);
}

void session_continue_due(struct serial_session *s)
{
    uint64_t now = os_now_us();

    if (now < s->due_us) {
        session_set_timer(s, s->due_us - now);
        return;
    }
    size_t left = port_untransmitted(s->port);
    if (is_stuck(s, left))
        tell_stuck(s, &s->waiting, left);
    if (left == 0 || is_stuck(s, left)) {
        end_wait(s);
        return;
    }
    s->wait = WAIT_DRAIN;
    s->drain_since_ms = os_now_ms();
    wait_for_drain(s, left);
}

void session_continue_drain(struct serial_session *s)
{
    size_t left = port_untransmitted(s->port);
    uint64_t now = os_now_ms();

    if (left < s->drain_left) {
        s->drain_since_ms = now;
        stream_keep(s->stream);
    }
    if (left > 0 && now - s->drain_since_ms < DRAIN_STUCK_MS) {
        wait_for_drain(s, left);
        return;
    }
    if (left > 0)
        tell_stuck(s, &s->waiting, left);
    end_wait(s);
}

/* Makes a command wait, and with it everything behind it. */
static void wait_with(struct serial_session *s, const struct rfc2217_message *m,
                      enum session_wait wait)
{
    s->waiting = *m;
    s->wait = wait;
    comport_pause(s->comport);
}

/* Does it once the bytes before it are on the wire, or at once if it does not change the line. */
static void do_in_order(struct serial_session *s, const struct rfc2217_message *m)
{
    const bool changes = m->command == TELNET_BREAK || commands_changes_line(m);
    /* nothing was written since a group's first command was found in its place */
    const size_t left = changes && s->commands.group.count == 0 ? port_untransmitted(s->port) : 0;

    if (left > 0 && !is_stuck(s, left)) {
        wait_with(s, m, WAIT_DRAIN);
        s->drain_since_ms = os_now_ms();
        wait_for_drain(s, left);
        return;
    }
    if (left > 0)
        tell_stuck(s, m, left);
    do_command(s, m);
}

void session_on_break(struct serial_session *s)
{
    do_in_order(s, &(struct rfc2217_message){.command = TELNET_BREAK});
}

void session_on_message(void *ctx, const struct rfc2217_message *m)
{
    struct serial_session *s = ctx;
    unsigned line = commands_line_set(m);

    if (s->state == SESSION_OVER) {
        comport_pause(s->comport);
        return;
    }
    if (log_enabled(LOG_LEVEL_DEBUG)) {
        char text[RFC2217_DESCRIPTION_MAX];

        rfc2217_describe(m, text);
        log_debug("%s: > %s", s->who, text);
    }
    if (comport_output(s->comport)->len > ANSWERS_HIGH)
        comport_pause(s->comport);
    if (s->role != SESSION_OWNER) {
        do_command(s, m);
        return;
    }
    if (!line || s->commands.group.mask & line)
        commands_apply_group(&s->commands);
    if (m->command == RFC2217_SET_LINES) {
        uint64_t now = os_now_us();

        s->due_us = playout_due(&s->playout, m->value, now,
                                (uint64_t)port_options(s->port)->line_delay_ms * 1000);
        if (s->due_us > now) {
            wait_with(s, m, WAIT_DUE);
            session_set_timer(s, s->due_us - now);
            return;
        }
    }
    do_in_order(s, m);
}

void session_on_malformed(void *ctx, const struct rfc2217_message *m)
{
    struct serial_session *s = ctx;
    char text[RFC2217_DESCRIPTION_MAX];

    if (s->state == SESSION_OVER)
        return;
    rfc2217_describe(m, text);
    log_debug("%s: > malformed %s", s->who, text);
    commands_apply_group(&s->commands);
    commands_answer_malformed(&s->commands, m);
}
