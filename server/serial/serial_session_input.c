/*
 * The bytes of a client, and what it speaks, which the gate has told by its first bytes:
 *
 *   NEGOTIATING  Telnet offers are out; device bytes wait until the client has answered
 *   RFC2217, TELNET, RAW   at work
 *
 * Two of the gate's decisions may turn out wrong. One who was silent is raw, but its first bytes
 * may still be Telnet, or what is no business of a serial port. A first negotiation that nothing
 * followed is Telnet, unless data come next and not the answer to our offers.
 */
#include "serial_session_state.h"

#include <event2/event.h>

#include "log.h"
#include "log_peer.h"
#include "port.h"
#include "proto/comport.h"
#include "proto/telnet_gate.h"
#include "stranger.h"
#include "stream.h"

enum {
    FIRST_MS = 200,      /* for the rest of what may be the beginning of something */
    NEGOTIATE_MS = 1000, /* a client that does not answer offers is a plain Telnet one */
    REFUSE_MS = 2000,
    QUEUE_HIGH = 64 * 1024, /* answers that a client does not fetch: do not read it */
};

bool session_is_working(const struct serial_session *s)
{
    return s->state == SESSION_RFC2217 || s->state == SESSION_TELNET || s->state == SESSION_RAW;
}

static void set_state(struct serial_session *s, enum session_state state)
{
    if (s->state == state)
        return;
    s->state = state;
    if (state == SESSION_OVER || !session_is_working(s))
        return;
    if (s->speeches++ < 2) /* a peer may toggle its options as often as it likes */
        log_peer_info(s->who, "%s: speaks %s", s->who, session_speaks(s));
    else
        log_debug("%s: speaks %s", s->who, session_speaks(s));
}

/* --- its bytes -------------------------------------------------------------------------------- */

/* Whether too much waits for the device to take more of this client; others than the owner send it
 * nothing. */
static bool device_is_full(const struct serial_session *s)
{
    if (s->role != SESSION_OWNER)
        return false;
    return s->ahead ? port_is_full_ahead(s->port) : port_is_full(s->port);
}

/* Reads the client unless something of it has to wait; during a reset all the same, to notice when
 * it goes. */
static void update_reading(struct serial_session *s)
{
    bool resetting = s->wait == WAIT_RESET && s->held.len < QUEUE_HIGH;

    if (s->state == SESSION_NEW || s->state == SESSION_OVER) /* its first bytes come first */
        return;
    session_update_ahead(s);
    stream_read(s->stream, (resetting || (s->wait == WAIT_NOTHING && s->held.len == 0)) &&
                               !device_is_full(s) && stream_queued(s->stream) < QUEUE_HIGH);
}

static void write_port(struct serial_session *s, const uint8_t *data, size_t len)
{
    if (s->role != SESSION_OWNER)
        return;
    log_bytes(s->who, data, len);
    s->stuck_left = 0;
    if (port_write(s->port, data, len) < 0)
        session_end(s, "out of memory");
    else
        session_watch_transmitter(s);
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
    struct serial_session *s = ctx;

    if (s->state == SESSION_OVER)
        return;
    commands_apply_group(&s->commands);
    if (command == TELNET_BYTE_AYT)
        comport_send_command(s->comport, TELNET_BYTE_NOP);
    if (command == TELNET_BYTE_BRK && s->role == SESSION_OWNER)
        session_on_break(s);
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
        session_flush(s);
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

void session_take_held(struct serial_session *s)
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
    session_flush(s);
    update_reading(s);
    if (s->state != SESSION_OVER)
        port_update(s->port);
}

/* --- what it speaks --------------------------------------------------------------------------- */

const char *session_speaks(const struct serial_session *s)
{
    static const char *const names[] = {"undecided", "undecided", "RFC 2217", "telnet", "raw", "-"};

    return names[s->state];
}

static void refuse_in_words(struct serial_session *s)
{
    comport_send_text(s->comport, s->refusal);
    session_flush(s);
    if (s->state == SESSION_OVER)
        return;
    struct stream *stream = s->stream;
    s->stream = NULL;
    session_end(s, s->refusal);
    stream_finish(stream);
}

void session_on_option(void *ctx, bool agreed)
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
    if (!agreed && port_options(s->port)->mode == PORT_MODE_RFC2217) {
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
    .message = session_on_message,
    .malformed = session_on_malformed,
    .option = session_on_option,
    .command = on_telnet_command,
};

static void start_telnet(struct serial_session *s)
{
    s->comport = comport_new(COMPORT_SERVER, SESSION_QUEUE_MAX, &comport_callbacks, s);
    if (!s->comport) {
        session_end(s, "out of memory");
        return;
    }
    s->commands.comport = s->comport;
    set_state(s, SESSION_NEGOTIATING);
    session_set_timer(s, (s->role == SESSION_REFUSED ? REFUSE_MS : NEGOTIATE_MS) * 1000);
    if (s->role == SESSION_REFUSED) /* and so not taken for one that works */
        comport_start_bare(s->comport);
    else
        comport_start(s->comport);
    session_flush(s);
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

static void refuse_stranger(struct serial_session *s, enum protocol speech)
{
    struct stream *stream = s->stream;

    stranger_refuse(stream, speech, buf_head(&s->first), STRANGER_AT_SERIAL, port_name(s->port));
    s->stream = NULL;
    session_end(s, "it is no client of a serial port");
}

/* Goes on with what is decided by now. What came so far is input. */
static void speak(struct serial_session *s, enum protocol speech)
{
    struct buf first = s->first;
    size_t told = s->told;

    if (speech != PROTOCOL_TELNET && speech != PROTOCOL_DATA) {
        refuse_stranger(s, speech);
        return;
    }
    buf_init(&s->first, 0);
    s->told = 0;
    s->undecided = s->doubtful = false;
    if (speech == PROTOCOL_DATA && s->comport) {
        log_peer_info(s->who, "%s: what it began with was no Telnet", s->who);
        comport_free(s->comport);
        s->comport = s->commands.comport = NULL;
        told = 0;
    }
    if (speech == PROTOCOL_TELNET && !s->comport)
        start_telnet(s);
    else if (speech == PROTOCOL_DATA)
        become_raw(s);
    if (s->state != SESSION_OVER && first.len > told &&
        buf_add(&s->held, buf_head(&first) + told, first.len - told) < 0)
        session_end(s, "out of memory");
    buf_free(&first);
    if (s->state != SESSION_OVER)
        session_take_held(s);
}

void session_decide(struct serial_session *s)
{
    if (s->first.len > 0 && (s->undecided || s->doubtful))
        speak(s, protocol_tell_resting(buf_head(&s->first), s->first.len));
}

/* More of what it begins with. */
static void tell_apart(struct serial_session *s, const uint8_t *data, size_t len)
{
    const bool begins = s->first.len == 0;

    if (buf_add(&s->first, data, len) < 0) {
        session_end(s, "out of memory");
        return;
    }
    enum protocol speech = protocol_tell(buf_head(&s->first), s->first.len);
    if (speech != PROTOCOL_OPEN)
        speak(s, speech);
    else if (begins)
        session_set_timer(s, FIRST_MS * 1000);
}

void session_take_input(struct serial_session *s, const uint8_t *data, size_t len)
{
    size_t used = 0;

    session_moved(s);
    if (s->undecided || s->doubtful) {
        tell_apart(s, data, len);
        return;
    }
    if (s->held.len == 0)
        used = take_decided(s, data, len);
    if (s->state == SESSION_OVER)
        return;
    if (used < len && buf_add(&s->held, data + used, len - used) < 0) {
        session_end(s, "out of memory");
        return;
    }
    update_reading(s);
}

/* Telnet by a first negotiation and silence: that one is answered, and kept. */
static void doubt(struct serial_session *s)
{
    enum { NEGOTIATION_SIZE = 3 };

    s->doubtful = true;
    s->told = NEGOTIATION_SIZE;
    start_telnet(s);
    if (s->state != SESSION_OVER)
        comport_receive(s->comport, buf_head(&s->first), s->told);
    session_flush(s);
}

void session_begin(struct serial_session *s)
{
    const enum port_mode mode = port_options(s->port)->mode;
    const bool listens = s->first.len == 0 && !s->ended_early;

    s->first.max = SESSION_QUEUE_MAX;
    if (mode == PORT_MODE_TELNET || mode == PORT_MODE_RFC2217)
        speak(s, PROTOCOL_TELNET);
    else if (mode == PORT_MODE_RAW || s->speech == PROTOCOL_DATA)
        speak(s, PROTOCOL_DATA);
    else if (s->speech == PROTOCOL_TELNET &&
             protocol_tell(buf_head(&s->first), s->first.len) == PROTOCOL_OPEN)
        doubt(s);
    else if (s->speech == PROTOCOL_TELNET)
        speak(s, PROTOCOL_TELNET);
    else
        become_raw(s);
    if (s->state == SESSION_RAW)
        s->undecided = listens && mode == PORT_MODE_AUTO;
    update_reading(s);
}
