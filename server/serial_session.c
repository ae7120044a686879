/*
 * Theory of operation. A session finds out what its client speaks (sniffing, negotiating), then
 * carries bytes both ways and, for RFC 2217, answers commands:
 *
 *   SNIFFING     mode auto: silent until the client's first two bytes or 200 ms decide
 *   NEGOTIATING  Telnet offers are out; device bytes wait until the client has answered
 *   RFC2217, TELNET, RAW   at work
 *
 * Commands are in order with the data around them. One that changes the line waits until the bytes
 * before it are on the wire: the rest of the client's input is then held, and its connection not
 * read, until a timer of the time left on the wire finds them gone (or two seconds without any
 * progress have passed). Settings of DTR and RTS that directly follow each other collect in a group
 * and are applied as one change. Those of net2pty come as one message with its time, and wait in
 * the same way until playout.h says that they are due. What is behind a reset waits until that is
 * over. What commands mean is in commands.c.
 */
#include "serial_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "commands.h"
#include "log.h"
#include "rfc2217_text.h"
#include "loop.h"
#include "os.h"
#include "playout.h"
#include "port.h"
#include "proto/comport.h"
#include "proto/telnet_gate.h"
#include "stream.h"

enum {
    SNIFF_MS = 200,
    NEGOTIATE_MS = 1000, /* a client that does not answer offers is a plain Telnet one */
    REFUSE_MS = 2000,
    DRAIN_STUCK_MS = 2000, /* pyserial gives up on an answer after 3 s */
    BREAK_MS = 250,        /* of IAC BRK */
    END_QUIET_MS = 1000,   /* of the device, after a raw client has closed its side */
    END_MOST_MS = 5000,    /* for an answer without a pause, or a device that takes nothing */
    END_TICK_MS = 50,      /* how often an end is looked at */
    EMPTY_MIN_MS = 5,      /* a byte that is stuck is not asked for more often */
    QUEUE_MAX = 512 * 1024,
    QUEUE_HIGH = 64 * 1024,   /* answers that a client does not fetch: do not read it */
    ANSWERS_HIGH = 16 * 1024, /* send before taking more commands */
};

enum session_state {
    SESSION_SNIFFING,
    SESSION_NEGOTIATING,
    SESSION_RFC2217,
    SESSION_TELNET,
    SESSION_RAW,
    SESSION_OVER,
};

/* What the client's input waits for. */
enum session_wait {
    WAIT_NOTHING,
    WAIT_DUE,   /* `waiting` is to be carried out at due_us */
    WAIT_DRAIN, /* and then once the bytes before it are out */
    WAIT_RESET, /* a reset is running */
};

struct serial_session {
    struct serial_session *next;
    struct port *port;
    struct stream *stream;
    struct comport *comport; /* of a Telnet client */
    enum session_role role;
    enum session_state state;
    const char *refusal;
    struct event *timer;     /* sniffing, negotiating, refusing; then the drain; the end */
    struct event *break_end; /* of IAC BRK */
    struct event *empty;     /* looks whether the transmitter is */
    bool begun;              /* false until the loop's next turn */
    bool undecided;          /* raw by silence: a first IAC may still make it Telnet */
    bool held_iac;           /* undecided, and the first byte was an IAC */
    enum session_wait wait;
    unsigned speeches;     /* how often it changed what it speaks */
    bool ending;           /* a raw client has closed its side, and may still want to hear */
    size_t end_left;       /* ending: bytes that the device has not got */
    uint64_t end_since_ms; /* ending: since it has all of them, or has got any */
    uint64_t heard_ms;     /* ending: when the device said something */
    struct rfc2217_message waiting;
    struct playout playout;
    uint64_t due_us;
    size_t drain_left;
    uint64_t drain_since_ms;
    struct buf held; /* the client's input behind what waits */
    struct commands commands;
    unsigned late_edges; /* what it could not be told yet */
    bool late_lines;
    size_t dropped; /* bytes an observer was too slow for */
    char who[160];
};

static void take_input(struct serial_session *s, const uint8_t *data, size_t len);
static void take_held(struct serial_session *s);
static void start_telnet(struct serial_session *s);

/* --- small things --------------------------------------------------------------------------- */

static bool is_working(const struct serial_session *s)
{
    return s->state == SESSION_RFC2217 || s->state == SESSION_TELNET || s->state == SESSION_RAW;
}

static void set_state(struct serial_session *s, enum session_state state)
{
    if (s->state == state)
        return;
    s->state = state;
    if (state == SESSION_OVER || !is_working(s))
        return;
    if (s->speeches++ < 2) /* a peer may toggle its options as often as it likes */
        log_info("%s: speaks %s", s->who, session_speaks(s));
    else
        log_debug("%s: speaks %s", s->who, session_speaks(s));
}

static void set_timer(struct serial_session *s, uint64_t us)
{
    const struct timeval delay = {(long)(us / 1000000), (long)(us % 1000000)};

    event_add(s->timer, &delay);
}

/* Whether too much waits for the device to take more of this client; others than the owner send it
 * nothing. */
static bool device_is_full(const struct serial_session *s)
{
    return s->role == SESSION_OWNER && port_is_full(s->port);
}

/* Reads the client unless something of it has to wait; during a reset all the same, to notice when
 * it goes. */
static void update_reading(struct serial_session *s)
{
    bool resetting = s->wait == WAIT_RESET && s->held.len < QUEUE_HIGH;

    if (s->state == SESSION_OVER)
        return;
    stream_read(s->stream, (resetting || (s->wait == WAIT_NOTHING && s->held.len == 0)) &&
                               !device_is_full(s) && stream_queued(s->stream) < QUEUE_HIGH);
}

/* Sends what has collected for the client: everything of one turn in one write. */
static void flush_out(struct serial_session *s)
{
    if (!s->comport || s->state == SESSION_OVER)
        return;
    struct buf *out = comport_output(s->comport);
    int r = out->len > 0 ? stream_write(s->stream, buf_head(out), out->len) : 0;

    buf_drain(out, out->len);
    if (r < 0 || comport_failed(s->comport))
        session_end(s, r == -ENOBUFS ? "it asks and does not fetch the answers" : "out of memory");
}

/* --- modem lines and line errors ------------------------------------------------------------- */

static void tell_late_lines(struct serial_session *s)
{
    if (s->state == SESSION_RFC2217 && s->late_lines && !s->commands.suspended &&
        stream_queued(s->stream) == 0) {
        unsigned edges = s->late_edges;

        s->late_lines = false;
        s->late_edges = 0;
        commands_notify_lines(&s->commands, port_lines(s->port) & LINE_INPUTS, edges);
        flush_out(s);
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
    flush_out(s);
}

void session_errors(struct serial_session *s, unsigned state)
{
    if (s->state != SESSION_RFC2217 || !(state & s->commands.line_mask) || s->commands.suspended)
        return;
    commands_answer(&s->commands, RFC2217_NOTIFY_LINESTATE, state & s->commands.line_mask);
    flush_out(s);
}

/* --- an empty transmitter, for clients whose mask asks for it -------------------------------- */

static const unsigned empty_bits = LINE_STATE_THR_EMPTY | LINE_STATE_TSR_EMPTY;

/* The driver does not tell when its last byte is out: it is asked when that should be. */
static void look_again(struct serial_session *s, size_t left)
{
    uint64_t us = line_wire_time_us(port_line(s->port), left);

    us = us < EMPTY_MIN_MS * 1000 ? EMPTY_MIN_MS * 1000 : us;
    const struct timeval delay = {(long)(us / 1000000), (long)(us % 1000000)};
    event_add(s->empty, &delay);
}

static void watch_transmitter(struct serial_session *s)
{
    /* before asking the driver, which for a USB adapter may mean to ask the adapter */
    if (!(s->commands.line_mask & empty_bits) || event_pending(s->empty, EV_TIMEOUT, NULL))
        return;
    look_again(s, port_untransmitted(s->port));
}

static void on_empty(evutil_socket_t fd, short what, void *ctx)
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
    take_held(s);
}

static void begin_reset(struct serial_session *s)
{
    int r = port_reset(s->port, on_reset_ended, s);

    if (r < 0) {
        log_info("%s: asks for a reset: %s", s->who,
                 r == -ENOTSUP ? "the port has no reset=" : os_error_text(-r));
        commands_answer(&s->commands, RFC2217_SET_CONTROL, 0);
        return;
    }
    s->wait = WAIT_RESET;
    comport_pause(s->comport);
}

/* Carries a command out, with what it means for the session. */
static void do_command(struct serial_session *s, const struct rfc2217_message *m)
{
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
        tell_late_lines(s);
        port_update(s->port);
        break;
    case RFC2217_SET_LINESTATE_MASK:
        port_update(s->port);
        watch_transmitter(s);
        break;
    case RFC2217_SET_LINES:
        playout_done(&s->playout, os_now_us());
        break;
    default:
        break;
    }
}

static void wait_for_drain(struct serial_session *s, size_t left)
{
    uint64_t us = line_wire_time_us(port_line(s->port), left);
    uint64_t most = DRAIN_STUCK_MS * 1000 / 4; /* not to miss that a stopped line goes on */

    s->drain_left = left;
    set_timer(s, us < 500 ? 500 : us > most ? most : us);
}

/* Does what waits, and goes on with what is behind it. */
static void end_wait(struct serial_session *s)
{
    s->wait = WAIT_NOTHING;
    do_command(s, &s->waiting);
    take_held(s);
}

/* At the timer: the time has come, the bytes before it may not be out. */
static void continue_due(struct serial_session *s)
{
    uint64_t now = os_now_us();

    if (now < s->due_us) {
        set_timer(s, s->due_us - now);
        return;
    }
    size_t left = port_untransmitted(s->port);
    if (left == 0) {
        end_wait(s);
        return;
    }
    s->wait = WAIT_DRAIN;
    s->drain_since_ms = os_now_ms();
    wait_for_drain(s, left);
}

/* At the drain's timer: goes on once the bytes are out, or nothing has moved for two seconds. */
static void continue_drain(struct serial_session *s)
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
    if (left > 0) {
        char text[RFC2217_DESCRIPTION_MAX];

        rfc2217_describe(&s->waiting, text);
        log_warn("%s: %s applied with %zu bytes before it unsent: the device has taken none for "
                 "%d s",
                 s->who, text, left, DRAIN_STUCK_MS / 1000);
    }
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

static void on_message(void *ctx, const struct rfc2217_message *m)
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
                                (uint64_t)port_source(s->port)->line_delay_ms * 1000);
        if (s->due_us > now) {
            wait_with(s, m, WAIT_DUE);
            set_timer(s, s->due_us - now);
            return;
        }
    }
    /* nothing was written since a group's first command was found in its place */
    size_t left =
        commands_changes_line(m) && s->commands.group.count == 0 ? port_untransmitted(s->port) : 0;
    if (left == 0) {
        do_command(s, m);
        return;
    }
    wait_with(s, m, WAIT_DRAIN);
    s->drain_since_ms = os_now_ms();
    wait_for_drain(s, left);
}

static void on_malformed(void *ctx, const struct rfc2217_message *m)
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

/* --- the client's bytes ----------------------------------------------------------------------- */

static void write_port(struct serial_session *s, const uint8_t *data, size_t len)
{
    if (s->role != SESSION_OWNER)
        return;
    log_bytes(s->who, data, len);
    if (port_write(s->port, data, len) < 0)
        session_end(s, "out of memory");
    else
        watch_transmitter(s);
}

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct serial_session *s = ctx;

    if (s->state != SESSION_OVER) {
        commands_apply_group(&s->commands);
        write_port(s, data, len);
    }
    if (device_is_full(s) || s->state == SESSION_OVER)
        comport_pause(s->comport);
}

static void on_telnet_command(void *ctx, uint8_t command)
{
    const struct timeval length = {0, BREAK_MS * 1000};
    struct serial_session *s = ctx;

    if (s->state == SESSION_OVER)
        return;
    commands_apply_group(&s->commands);
    if (command == TELNET_BYTE_AYT)
        comport_send_command(s->comport, TELNET_BYTE_NOP);
    if (command == TELNET_BYTE_BRK && s->role == SESSION_OWNER &&
        port_set_break(s->port, true) == 0)
        event_add(s->break_end, &length);
}

static void on_break_end(evutil_socket_t fd, short what, void *ctx)
{
    struct serial_session *s = ctx;

    (void)fd;
    (void)what;
    port_set_break(s->port, false);
}

/* Takes Telnet input until something has to wait. Returns the bytes used. */
static size_t take_telnet(struct serial_session *s, const uint8_t *data, size_t len)
{
    size_t used = 0;

    while (used < len && s->state != SESSION_OVER && s->wait == WAIT_NOTHING &&
           !device_is_full(s) && stream_queued(s->stream) < QUEUE_HIGH) {
        used += comport_receive(s->comport, data + used, len - used);
        if (used == len)
            commands_apply_group(&s->commands);
        flush_out(s);
    }
    return used;
}

/* Takes input in a state that is decided. Returns the bytes used. */
static size_t take_decided(struct serial_session *s, const uint8_t *data, size_t len)
{
    if (s->comport)
        return take_telnet(s, data, len);
    if (device_is_full(s))
        return 0;
    write_port(s, data, len);
    return len;
}

static void become_raw(struct serial_session *s)
{
    if (s->role == SESSION_REFUSED) { /* has no words for why */
        session_end(s, s->refusal);
        return;
    }
    event_del(s->timer);
    set_state(s, SESSION_RAW);
    port_update(s->port);
}

/* Looks at the first bytes: IAC and 250 to 254 begin a Telnet negotiation, anything else is
 * data. Returns the bytes used: an IAC may be kept back until the next one comes. */
static size_t sniff(struct serial_session *s, const uint8_t *data, size_t len)
{
    static const uint8_t iac = TELNET_BYTE_IAC;
    size_t at = 0;

    if (!s->held_iac && data[0] == TELNET_BYTE_IAC) {
        s->held_iac = true;
        at = 1;
        if (len == 1) {
            set_timer(s, SNIFF_MS * 1000);
            return 1;
        }
    }
    bool telnet = s->held_iac && data[at] >= TELNET_BYTE_SB && data[at] < TELNET_BYTE_IAC;
    bool held = s->held_iac;
    s->undecided = false;
    s->held_iac = false;
    if (telnet)
        start_telnet(s);
    else
        become_raw(s);
    if (held && s->state != SESSION_OVER)
        take_decided(s, &iac, 1);
    return at;
}

static void take_input(struct serial_session *s, const uint8_t *data, size_t len)
{
    size_t used = 0;

    if (s->undecided)
        used = sniff(s, data, len);
    if (!s->undecided && s->state != SESSION_OVER && used < len)
        used += take_decided(s, data + used, len - used);
    if (s->state == SESSION_OVER)
        return;
    if (used < len && buf_add(&s->held, data + used, len - used) < 0) {
        session_end(s, "out of memory");
        return;
    }
    update_reading(s);
}

/* Goes on with what was held. */
static void take_held(struct serial_session *s)
{
    while (s->held.len > 0 && s->state != SESSION_OVER) {
        size_t used = take_decided(s, buf_head(&s->held), s->held.len);

        if (used == 0 || s->state == SESSION_OVER)
            break;
        buf_drain(&s->held, used);
    }
    if (s->state == SESSION_OVER)
        return;
    if (s->held.len == 0 && s->wait == WAIT_NOTHING && s->comport)
        commands_apply_group(&s->commands);
    flush_out(s);
    update_reading(s);
    if (s->state != SESSION_OVER)
        port_update(s->port);
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    take_input(ctx, data, len);
}

void session_device_took(struct serial_session *s)
{
    stream_keep(s->stream);
}

void session_port_ready(struct serial_session *s)
{
    if (s->role != SESSION_OWNER || s->wait != WAIT_NOTHING)
        return;
    take_held(s);
}

/* --- the device's bytes
 * ----------------------------------------------------------------------- */

bool session_wants_data(const struct serial_session *s)
{
    return is_working(s) && !s->commands.suspended && stream_queued(s->stream) == 0;
}

void session_data(struct serial_session *s, const uint8_t *data, size_t len)
{
    int r = 0;

    if (!is_working(s) || s->role == SESSION_REFUSED)
        return;
    if (s->role == SESSION_OBSERVER && !session_wants_data(s)) {
        if (s->dropped == 0)
            log_warn("%s: too slow an observer: bytes are left out", s->who);
        s->dropped += len;
        return;
    }
    s->heard_ms = s->ending ? os_now_ms() : 0;
    if (s->state == SESSION_RAW) {
        r = stream_write(s->stream, data, len);
    } else {
        if (s->commands.line_mask & LINE_STATE_DATA_READY)
            commands_answer(&s->commands, RFC2217_NOTIFY_LINESTATE, LINE_STATE_DATA_READY);
        r = comport_send_data(s->comport, data, len);
        flush_out(s);
    }
    if (r < 0)
        session_end(s, os_error_text(-r));
}

static void on_drained(void *ctx)
{
    struct serial_session *s = ctx;

    tell_late_lines(s);
    if (s->state != SESSION_OVER && s->wait == WAIT_NOTHING)
        take_held(s);
    if (s->state != SESSION_OVER)
        port_update(s->port);
}

/* --- what the client speaks
 * ------------------------------------------------------------------- */

const char *session_speaks(const struct serial_session *s)
{
    static const char *const names[] = {"undecided", "undecided", "RFC 2217", "telnet", "raw", "-"};

    return names[s->state];
}

static void refuse_in_words(struct serial_session *s)
{
    comport_send_text(s->comport, s->refusal);
    flush_out(s);
    if (s->state == SESSION_OVER)
        return;
    struct stream *stream = s->stream;
    s->stream = NULL;
    session_end(s, s->refusal);
    stream_finish(stream);
}

static void on_option(void *ctx, bool agreed)
{
    struct serial_session *s = ctx;

    if (s->state == SESSION_OVER)
        return;
    if (s->role == SESSION_REFUSED) {
        if (agreed)
            refuse_in_words(s);
        else
            session_end(s, s->refusal);
        return;
    }
    event_del(s->timer);
    if (!agreed && port_source(s->port)->mode == SOURCE_MODE_RFC2217) {
        session_end(s, "it refuses the COM-PORT option, which mode=rfc2217 asks for");
        return;
    }
    set_state(s, agreed ? SESSION_RFC2217 : SESSION_TELNET);
    if (agreed) {
        /* not in the RFC, but pyserial's lines are unknown until one came, even if it is 0 */
        s->commands.modem_told = port_lines(s->port) & LINE_INPUTS;
        commands_answer(&s->commands, RFC2217_NOTIFY_MODEMSTATE,
                        s->commands.modem_told & s->commands.modem_mask);
    }
    port_update(s->port);
}

static const struct comport_callbacks comport_callbacks = {
    .data = on_data,
    .message = on_message,
    .malformed = on_malformed,
    .option = on_option,
    .command = on_telnet_command,
};

static void start_telnet(struct serial_session *s)
{
    s->comport = comport_new(COMPORT_SERVER, QUEUE_MAX, &comport_callbacks, s);
    if (!s->comport) {
        session_end(s, "out of memory");
        return;
    }
    s->commands.comport = s->comport;
    set_state(s, SESSION_NEGOTIATING);
    set_timer(s, (s->role == SESSION_REFUSED ? REFUSE_MS : NEGOTIATE_MS) * 1000);
    if (s->role == SESSION_REFUSED) /* and so not taken for one that works */
        comport_start_bare(s->comport);
    else
        comport_start(s->comport);
    flush_out(s);
}

static void begin(struct serial_session *s)
{
    enum source_mode mode = port_source(s->port)->mode;

    s->begun = true;
    if (mode == SOURCE_MODE_AUTO) {
        s->undecided = true;
        set_timer(s, SNIFF_MS * 1000);
    } else if (mode == SOURCE_MODE_RAW) {
        become_raw(s);
    } else {
        start_telnet(s);
    }
    update_reading(s);
}

/* --- a raw client that has closed its side, as `printf 'AT\r' | nc -N` does ------------------ */

void session_catch_up(struct serial_session *s)
{
    if (s->stream)
        stream_catch_up(s->stream);
}

bool session_peer_has_closed(const struct serial_session *s)
{
    return s->stream && stream_peer_has_closed(s->stream);
}

bool session_is_ending(const struct serial_session *s)
{
    return s->ending;
}

static void begin_to_end(struct serial_session *s)
{
    s->ending = true;
    s->end_left = SIZE_MAX;
    set_timer(s, 0);
}

/* Ends the session once the device has all bytes and has answered, as far as one can tell. */
static void continue_end(struct serial_session *s)
{
    size_t left = port_untransmitted(s->port);
    uint64_t now = os_now_ms();

    if (left < s->end_left) {
        s->end_left = left;
        s->end_since_ms = s->heard_ms = now;
    }
    if (now - s->end_since_ms < END_MOST_MS && (left > 0 || now - s->heard_ms < END_QUIET_MS)) {
        set_timer(s, END_TICK_MS * 1000);
        return;
    }
    struct stream *stream = s->stream;
    s->stream = NULL;
    session_end(s, "it has closed the connection");
    stream_finish(stream);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    static const uint8_t iac = TELNET_BYTE_IAC;
    struct serial_session *s = ctx;

    (void)fd;
    (void)what;
    if (!s->begun) {
        begin(s);
    } else if (s->ending) {
        continue_end(s);
    } else if (s->wait == WAIT_DUE) {
        continue_due(s);
    } else if (s->wait == WAIT_DRAIN) {
        continue_drain(s);
    } else if (s->undecided) {
        bool held = s->held_iac;

        if (held) /* an IAC and then nothing: data */
            s->undecided = false;
        s->held_iac = false;
        become_raw(s);
        if (held && s->state != SESSION_OVER)
            write_port(s, &iac, 1);
    } else if (s->role == SESSION_REFUSED) {
        session_end(s, s->refusal);
    } else if (s->state == SESSION_NEGOTIATING) {
        on_option(s, false);
    }
}

/* --- beginning and end
 * ------------------------------------------------------------------------ */

static void on_ended(void *ctx, int error)
{
    struct serial_session *s = ctx;

    if (error == 0 && s->state == SESSION_RAW && s->role == SESSION_OWNER)
        begin_to_end(s);
    else
        session_end(s, error < 0 ? os_error_text(-error) : "it has closed the connection");
}

static const struct stream_callbacks stream_callbacks = {
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

static void session_free(void *arg)
{
    struct serial_session *s = arg;

    comport_free(s->comport);
    buf_free(&s->held);
    if (s->timer)
        event_free(s->timer);
    if (s->break_end)
        event_free(s->break_end);
    if (s->empty)
        event_free(s->empty);
    free(s);
}

void session_end(struct serial_session *s, const char *why)
{
    if (s->state == SESSION_OVER)
        return;
    log_info("%s: gone: %s", s->who, why);
    if (s->dropped > 0)
        log_info("%s: %zu bytes were left out for it", s->who, s->dropped);
    if (s->held.len > 0)
        log_warn("%s: %zu bytes it sent are dropped: the device did not take them", s->who,
                 s->held.len);
    commands_apply_group(&s->commands);
    s->state = SESSION_OVER;
    event_del(s->timer);
    event_del(s->break_end);
    event_del(s->empty);
    stream_close(s->stream);
    port_forget(s->port, s);
    loop_defer(port_loop(s->port), session_free, s);
}

struct serial_session *session_new(struct port *port, evutil_socket_t fd, enum session_role role,
                                   const char *refusal)
{
    struct serial_session *s = calloc(1, sizeof *s);
    struct event_base *base = port_loop(port);

    if (!s) {
        evutil_closesocket(fd);
        return NULL;
    }
    s->port = port;
    s->role = role;
    s->refusal = refusal;
    buf_init(&s->held, QUEUE_MAX);
    s->timer = evtimer_new(base, on_timer, s);
    s->break_end = evtimer_new(base, on_break_end, s);
    s->empty = evtimer_new(base, on_empty, s);
    s->stream = stream_new(base, fd, QUEUE_MAX, &stream_callbacks, s);
    if (!s->timer || !s->break_end || !s->empty || !s->stream) {
        stream_close(s->stream);
        session_free(s);
        return NULL;
    }
    s->commands = (struct commands){.port = port,
                                    .who = s->who,
                                    .signature = refusal ? refusal : "com2net " COM2NET_VERSION,
                                    .modem_mask = 255};
    snprintf(s->who, sizeof s->who, "%.64s: %.80s", port_name(port), stream_peer(s->stream));
    /* from the loop: the port has to know the session before anything can end it */
    set_timer(s, 0);
    return s;
}

enum session_role session_role(const struct serial_session *s)
{
    return s->role;
}

const char *session_peer(const struct serial_session *s)
{
    return stream_peer(s->stream);
}

struct serial_session *session_next(const struct serial_session *s)
{
    return s->next;
}

void session_set_next(struct serial_session *s, struct serial_session *next)
{
    s->next = next;
}
