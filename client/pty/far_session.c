/*
 * Theory of operation. A session is
 *
 *   WAITING      no connection; the dialer tries again and again
 *   NEGOTIATING  connected; the COM-PORT option and BINARY are not settled yet, or the server has
 *                not said anything in RFC 2217's terms: a busy ser2net agrees to everything, says
 *                so in plain text, and disconnects
 *   READY        at work (with `raw`, from the connection on)
 *   AWAY         the connection is lost, and the server keeps its end: another connection asks for
 *                it, and the session continues as if nothing had been (pty_resume.h)
 *
 * Bytes of programs are read from the port only while READY and while the connection takes them.
 * Until then they stay in the port, whose buffer makes the programs wait.
 *
 * The first session asks the server for its settings, and makes them the port's. It does not if a
 * program was quicker or the command line has a speed. After a reconnect all of the port's are told
 * again, modem lines included.
 */
#include "far_session.h"

#include <errno.h>
#include <stdio.h>

#include "dialer.h"
#include "error_text.h"
#include "log.h"
#include "proto/comport.h"
#include "proto/protocol.h"
#include "pty_input.h"
#include "pty_port.h"
#include "pty_reset.h"
#include "rfc2217_text.h"
#include "stream.h"

enum {
    NEGOTIATE_MS = 3000,
    RESUME_MS = 15000,      /* of a server that lives, but is slow, or whose network is */
    SETTLE_MS = 1000,       /* for BINARY, once the COM-PORT option is agreed */
    STABLE_MS = 1000,       /* a session that lasts so long works: the back-off begins again */
    EARLY_MAX = 128 * 1024, /* more than one read of the connection */
};

static void on_message(void *ctx, const struct rfc2217_message *m);
static void on_option(void *ctx, bool agreed);
static void go_on(struct far_session *s);
static void begin_anew(struct far_session *s);
static void tell_connected(struct far_session *s);
static void lose(struct far_session *s, const char *why);

static void set_state(struct far_session *s, enum far_session_state state)
{
    s->state = state;
    s->connection.ready = state == FAR_SESSION_READY || state == FAR_SESSION_AWAY;
}

/* --- from the server -------------------------------------------------------------------------- */

/* It is another kind of server, which has said so, or nothing at all. */
static void fail_as(struct far_session *s, enum unreached_why why)
{
    char text[FAR_TROUBLE_MAX];

    far_trouble_words(&s->trouble, why, &s->early, text);
    buf_drain(&s->early, s->early.len); /* it is in the text */
    pty_connection_fail(&s->connection, text);
}

/* It is not read more slowly for that: its answers come after its data. */
static void take_too_much(struct far_session *s, size_t len)
{
    if (s->state == FAR_SESSION_AWAY || comport_agreed(s->connection.comport))
        s->far.counts.buf_overrun += (unsigned)len;
    else
        pty_connection_fail(&s->connection, "it sends and does not negotiate");
}

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct far_session *s = ctx;
    const bool negotiates = s->state == FAR_SESSION_NEGOTIATING;

    if (s->state == FAR_SESSION_READY)
        pty_input_give(s->input, data, len);
    else if (s->state == FAR_SESSION_WAITING ||
             (negotiates && pty_connection_is_failing(&s->connection)))
        return; /* the reason is known */
    else if (buf_add(&s->early, data, len) < 0)
        take_too_much(s, len);
    else if (negotiates && unreached_is_foreign(buf_head(&s->early), s->early.len))
        fail_as(s, UNREACHED_FOREIGN);
}

/* A refusal because of the device is reported with the reason. */
static void take_state(struct far_session *s)
{
    if (s->state == FAR_SESSION_READY && !s->far.refusal)
        far_trouble_tell_device(&s->trouble, &s->far);
}

static void log_message(const struct far_session *s, const struct rfc2217_message *m)
{
    char text[RFC2217_DESCRIPTION_MAX];

    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    rfc2217_describe(m, text);
    log_debug("%s: < %s", s->name, text);
}

/* While the session is away this is about the new connection, whose other messages are nobody's. */
static void take_resume(struct far_session *s, const struct rfc2217_message *m)
{
    log_message(s, m);
    switch (pty_resume_message(&s->resume, m)) {
    case PTY_RESUME_NO_NEWS:
        break;
    case PTY_RESUME_ASKED:
        timer_in_ms(&s->limit, RESUME_MS);
        break;
    case PTY_RESUME_GRANTED:
        comport_pause(s->resume.comport); /* bytes after it are for the old one */
        go_on(s);
        break;
    case PTY_RESUME_REFUSED:
        comport_pause(s->resume.comport);
        begin_anew(s);
        if (m->command == RFC2217_SIGNATURE)
            on_message(s, m);
        break;
    case PTY_RESUME_BAD:
        lose(s, "the server counts bytes that it cannot have");
        break;
    }
}

static void on_message(void *ctx, const struct rfc2217_message *m)
{
    struct far_session *s = ctx;

    if (s->state == FAR_SESSION_WAITING)
        return;
    if (m->command == RFC2217_RESUME || s->state == FAR_SESSION_AWAY) {
        take_resume(s, m);
        return;
    }
    log_message(s, m);
    switch (far_port_message(&s->far, m)) {
    case FAR_PORT_NO_NEWS:
        break;
    case FAR_PORT_LEARNT:
        pty_port_adopt_settings(s->port, s->port_options);
        break;
    case FAR_PORT_PURGED:
        pty_input_purged(s->input);
        break;
    case FAR_PORT_RESET:
        pty_reset_answered(s->reset, true);
        break;
    case FAR_PORT_NOT_RESET:
        pty_reset_answered(s->reset, false);
        break;
    case FAR_PORT_STATE:
        take_state(s);
        break;
    }
    if (s->far.ext > 0)
        pty_resume_offer(&s->resume);
    pty_reset_continue(s->reset);
    s->callbacks->heard(s->ctx);
    far_session_update(s);
    if (s->state == FAR_SESSION_READY && !s->far.greeted)
        tell_connected(s);
}

static void on_malformed(void *ctx, const struct rfc2217_message *m)
{
    struct far_session *s = ctx;
    char text[RFC2217_DESCRIPTION_MAX];

    rfc2217_describe(m, text);
    log_debug("%s: < malformed %s", s->name, text);
}

static void on_command(void *ctx, uint8_t command)
{
    (void)ctx;
    (void)command;
}

/* --- the session ------------------------------------------------------------------------------ */

void far_session_update(struct far_session *s)
{
    const struct pty_connection *c = &s->connection;
    bool flowing = s->state == FAR_SESSION_READY && !s->far.suspended &&
                   !pty_connection_is_failing(c) && !c->stalled && pty_connection_queued(c) == 0;

    vport_read(s->port->vport, flowing);
    if (c->stream)
        stream_read(c->stream, pty_input_update(s->input));
}

static void tell_connected(struct far_session *s)
{
    if (s->ever_ready || s->far.state == SERIAL_EXT_AWAY)
        return;
    s->ever_ready = true;
    s->callbacks->connected(s->ctx);
}

static void become_ready(struct far_session *s)
{
    set_state(s, FAR_SESSION_READY);
    s->connections++;
    s->trouble.text[0] = '\0';
    timer_stop(&s->limit);
    timer_in_ms(&s->stable, STABLE_MS);
    log_info("%s: connected to %s%s", s->name, s->trouble.server, s->raw ? ", raw" : "");
    take_state(s);
    if (!s->raw) {
        s->far.ready = true;
        pty_port_introduce(s->port, s->has_speed);
        if (s->counts)
            far_port_count_errors(&s->far);
        pty_connection_flush(&s->connection);
    }
    if (s->state == FAR_SESSION_READY && s->early.len > 0)
        pty_input_give(s->input, buf_head(&s->early), s->early.len);
    buf_drain(&s->early, s->early.len);
    if (s->state != FAR_SESSION_READY)
        return;
    far_session_update(s);
    if (!s->far.greeted) /* otherwise with the answer, which says what the server can do */
        tell_connected(s);
}

/* The server has the COM-PORT option. */
static void greet(struct far_session *s)
{
    timer_in_ms(&s->limit, SETTLE_MS);
    far_port_greet(&s->far);
}

static void on_option(void *ctx, bool agreed)
{
    struct far_session *s = ctx;

    if (agreed) /* it was a banner; bytes from now on may be data */
        buf_drain(&s->early, s->early.len);
    if (s->state == FAR_SESSION_WAITING || s->state == FAR_SESSION_AWAY)
        return;
    if (!agreed)
        lose(s, "the server refuses the COM-PORT option: it is not an RFC 2217 server (--raw takes "
                "its bytes as they are)");
    else if (s->state == FAR_SESSION_NEGOTIATING)
        greet(s);
}

/* A device that echoes, behind a plain TCP port, agrees to all options in this way. */
static void on_echo(void *ctx)
{
    struct far_session *s = ctx;

    if (s->state == FAR_SESSION_NEGOTIATING && !s->far.proven)
        fail_as(s, UNREACHED_ECHO);
}

static const struct comport_callbacks comport_callbacks = {
    .data = on_data,
    .message = on_message,
    .malformed = on_malformed,
    .option = on_option,
    .command = on_command,
    .echo = on_echo,
};

/* Programs after -- can ask for it as for bytes that a port loses; some look at the one counter,
 * some at the other. */
static void count_loss(struct far_session *s, size_t lost)
{
    s->far.counts.overrun += (unsigned)lost;
    s->far.counts.buf_overrun += (unsigned)lost;
}

/* Gives the connection up, for the reason `why`, and begins to connect again. */
static void lose(struct far_session *s, const char *why)
{
    char reason[FAR_TROUBLE_MAX];
    bool was_ready = s->state == FAR_SESSION_READY || s->state == FAR_SESSION_AWAY;

    if (s->state == FAR_SESSION_WAITING)
        return;
    if (s->state == FAR_SESSION_AWAY) /* they are no words of the server's */
        buf_drain(&s->early, s->early.len);
    snprintf(reason, sizeof reason, "%s", why); /* it may be the connection's */
    set_state(s, FAR_SESSION_WAITING);
    timer_stop(&s->limit);
    timer_stop(&s->stable);
    pty_resume_drop(&s->resume, s->base);
    count_loss(s, pty_connection_close(&s->connection));
    pty_resume_forget(&s->resume);
    pty_input_disconnect(s->input);
    far_trouble_tell_end(&s->trouble, &s->far, &s->early, reason);
    buf_drain(&s->early, s->early.len);
    pty_reset_disconnect(s->reset);
    far_port_attach(&s->far, NULL);
    far_session_update(s);
    dialer_start(s->dialer);
    if (was_ready)
        s->callbacks->lost(s->ctx);
}

static void on_failed(void *ctx, const char *why)
{
    lose(ctx, why);
}

/* --- a connection that is lost, and another one ------------------------------------------------
 */

/* The connection is lost, and the session is not: another one is made for it. */
static void go_away(struct far_session *s, const char *why)
{
    char text[FAR_TROUBLE_MAX];

    set_state(s, FAR_SESSION_AWAY);
    timer_stop(&s->limit);
    timer_stop(&s->stable);
    pty_resume_park(&s->resume);
    log_info("%s: %s: the connection is lost (%s): going on with the session over another one",
             s->name, s->trouble.server, why);
    snprintf(text, sizeof text, "the connection is lost: %s", why);
    far_trouble_note(&s->trouble, text);
    far_session_update(s);
    dialer_start(s->dialer);
}

/* The server has been away for longer than it keeps its end. One that is there answers itself. */
static void on_late(void *ctx)
{
    struct far_session *s = ctx;

    if (!s->resume.stream)
        lose(s, "the connection was lost for too long");
}

static void give_up_asking(struct far_session *s)
{
    timer_stop(&s->limit);
    buf_drain(&s->early, s->early.len);
    pty_resume_drop(&s->resume, s->base);
    if (timer_is_set(&s->resume.deadline))
        dialer_start(s->dialer);
    else
        on_late(s);
}

static void ask_to_go_on(struct far_session *s, struct stream *stream)
{
    timer_in_ms(&s->limit, NEGOTIATE_MS);
    if (pty_resume_ask(&s->resume, stream, &comport_callbacks, s) < 0)
        give_up_asking(s);
}

/* The server has kept its end. */
static void go_on(struct far_session *s)
{
    timer_stop(&s->limit);
    timer_in_ms(&s->stable, STABLE_MS);
    set_state(s, FAR_SESSION_READY);
    buf_drain(&s->early, s->early.len); /* it has read along */
    s->connections++;
    s->trouble.text[0] = '\0';
    log_info("%s: connected to %s again: nothing is lost", s->name, s->trouble.server);
    pty_resume_go_on(&s->resume, s->base);
    take_state(s);
    far_session_update(s);
}

/* It has not. The bytes that the session had under way are lost, and a session begins over the new
 * connection. */
static void begin_anew(struct far_session *s)
{
    struct stream *stream = s->resume.stream;
    struct comport *comport = s->resume.comport;

    s->resume.stream = NULL;
    s->resume.comport = NULL;
    count_loss(s, pty_connection_close(&s->connection));
    pty_resume_forget(&s->resume);
    pty_input_disconnect(s->input);
    pty_reset_disconnect(s->reset);
    pty_connection_open(&s->connection, stream, comport);
    set_state(s, FAR_SESSION_NEGOTIATING);
    far_port_attach(&s->far, comport);
    timer_in_ms(&s->limit, NEGOTIATE_MS);
    if (comport_agreed(comport))
        greet(s);
    s->callbacks->lost(s->ctx);
}

/* --- the connection --------------------------------------------------------------------------- */

/* While away: bytes of the new connection, the last of which may be the session's. Returns how many
 * are not. */
static size_t take_answer(struct far_session *s, const uint8_t *data, size_t len)
{
    return s->state == FAR_SESSION_AWAY ? comport_receive(s->resume.comport, data, len) : 0;
}

/* A server of RFC 2217 may begin to negotiate before it has heard anything. */
static void take_raw(struct far_session *s, const uint8_t *data, size_t len)
{
    if (!s->raw_heard && protocol_tell_resting(data, len) == PROTOCOL_TELNET)
        log_warn("%s: %s: it speaks Telnet, and its negotiation comes as data; without --raw line "
                 "settings and modem lines work, too",
                 s->name, s->trouble.server);
    s->raw_heard = true;
    pty_input_give(s->input, data, len);
    far_session_update(s);
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct far_session *s = ctx;
    const size_t used = take_answer(s, data, len);

    if (s->state == FAR_SESSION_AWAY || s->state == FAR_SESSION_WAITING)
        return;
    if (s->raw) {
        take_raw(s, data, len);
        return;
    }
    if (used < len)
        comport_receive(s->connection.comport, data + used, len - used);
    if (s->state == FAR_SESSION_NEGOTIATING && comport_agreed(s->connection.comport) &&
        comport_settled(s->connection.comport) && s->far.proven && !s->far.refusal)
        become_ready(s);
    if (s->state != FAR_SESSION_WAITING) {
        pty_resume_note_received(&s->resume);
        pty_connection_flush(&s->connection);
    }
    far_session_update(s);
}

static void on_drained(void *ctx)
{
    struct far_session *s = ctx;

    if (s->state == FAR_SESSION_AWAY)
        return;
    pty_connection_drained(&s->connection);
    far_session_update(s);
}

static void on_ended(void *ctx, int error)
{
    struct far_session *s = ctx;

    if (s->state == FAR_SESSION_AWAY) { /* before it was answered */
        give_up_asking(s);
        return;
    }
    if (s->state == FAR_SESSION_READY && pty_resume_survives(&s->resume, error)) {
        go_away(s, error_text(-error));
        return;
    }
    lose(s, error < 0 ? error_text(-error) : "the server has closed the connection");
}

static void on_stalled(void *ctx, bool on)
{
    struct far_session *s = ctx;

    log_debug("%s: %s: %s", s->name, s->trouble.server,
              on ? "acknowledges nothing: programs wait" : "is back");
    s->connection.stalled = on;
    far_session_update(s);
}

static const struct stream_callbacks stream_callbacks = {
    .tells_loss = true,
    .stalled = on_stalled,
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

static void on_connected(void *ctx, struct stream *stream)
{
    struct far_session *s = ctx;

    stream_set_owner(stream, &stream_callbacks, s);
    if (s->state == FAR_SESSION_AWAY) {
        ask_to_go_on(s, stream);
        return;
    }
    struct comport *comport = !s->raw ? pty_connection_new_comport(&comport_callbacks, s) : NULL;
    pty_connection_open(&s->connection, stream, comport);
    set_state(s, FAR_SESSION_NEGOTIATING);
    far_port_attach(&s->far, comport);
    if (!comport && !s->raw) {
        lose(s, "out of memory");
        return;
    }
    if (s->raw) {
        s->raw_heard = false;
        become_ready(s);
        return;
    }
    timer_in_ms(&s->limit, NEGOTIATE_MS);
    comport_start(comport);
    far_port_introduce(&s->far);
    pty_connection_flush(&s->connection);
    far_session_update(s);
}

static void on_unreached(void *ctx, const struct unreached *why)
{
    struct far_session *s = ctx;
    char text[UNREACHED_TEXT_MAX];

    unreached_text(why, text);
    far_trouble_tell(&s->trouble, text);
}

static const struct dialer_callbacks dialer_callbacks = {
    .connected = on_connected,
    .failed = on_unreached,
};

static void on_limit(void *ctx)
{
    struct far_session *s = ctx;

    if (s->state == FAR_SESSION_AWAY) { /* it has not answered: it is another one, or none */
        if (comport_agreed(s->resume.comport) && !s->resume.asked)
            begin_anew(s);
        else
            give_up_asking(s);
        return;
    }
    if (comport_agreed(s->connection.comport) && !s->far.refusal)
        become_ready(s); /* some never answer about BINARY, or never say anything */
    else
        fail_as(s, s->early.len > 0 ? UNREACHED_FOREIGN : UNREACHED_MUTE);
}

static void on_stable(void *ctx)
{
    struct far_session *s = ctx;

    dialer_succeeded(s->dialer);
    tell_connected(s); /* to a server that does not answer */
}

/* --- beginning and end ------------------------------------------------------------------------ */

int far_session_begin(struct far_session *s, const struct addr *server)
{
    const struct stream_options streams = {.queue_max = PTY_CONNECTION_QUEUE_MAX};

    s->trouble.address = server;
    addr_text(server, s->trouble.server);
    buf_init(&s->early, EARLY_MAX);
    s->connection =
        (struct pty_connection){.base = s->base, .name = s->name, .failed = on_failed, .ctx = s};
    s->resume = (struct pty_resume){.name = s->name, .connection = &s->connection};
    pty_resume_begin(&s->resume, s->base, on_late, s);
    timer_make(&s->limit, s->base, on_limit, s);
    timer_make(&s->stable, s->base, on_stable, s);
    s->far.name = s->trouble.name = s->name;
    far_port_attach(&s->far, NULL);
    pty_connection_begin(&s->connection);
    s->dialer = dialer_new(s->base, server, &streams, &dialer_callbacks, s);
    return s->dialer ? 0 : -ENOMEM;
}

void far_session_end(struct far_session *s)
{
    dialer_free(s->dialer);
    pty_resume_end(&s->resume, s->base);
    pty_connection_end(&s->connection);
    timer_stop(&s->limit);
    timer_stop(&s->stable);
    buf_free(&s->early);
}

void far_session_start(struct far_session *s)
{
    dialer_start(s->dialer);
}

void far_session_stop(struct far_session *s)
{
    set_state(s, FAR_SESSION_WAITING);
    s->far.ready = false;
    timer_stop(&s->limit);
    timer_stop(&s->stable);
    dialer_free(s->dialer);
    s->dialer = NULL;
    pty_resume_end(&s->resume, s->base);
    pty_connection_drop(&s->connection);
}

/* --- what it is ------------------------------------------------------------------------------- */

void far_session_count(struct far_session *s)
{
    if (!s->counts && s->far.ready) {
        far_port_count_errors(&s->far);
        pty_connection_flush(&s->connection);
    }
    s->counts = true;
}

bool far_session_has_device(const struct far_session *s)
{
    return s->state == FAR_SESSION_READY && s->far.state != SERIAL_EXT_AWAY;
}

bool far_session_is_connected(const struct far_session *s)
{
    return s->state == FAR_SESSION_READY || s->state == FAR_SESSION_AWAY;
}

void far_session_trouble(const struct far_session *s, char text[static FAR_TROUBLE_MAX])
{
    if (s->trouble.text[0])
        snprintf(text, FAR_TROUBLE_MAX, "%s", s->trouble.text);
    else if (s->state == FAR_SESSION_WAITING)
        far_trouble_words(&s->trouble, UNREACHED_SILENT, &s->early, text);
    else if (s->raw)
        snprintf(text, FAR_TROUBLE_MAX, "no answer yet");
    else
        far_trouble_words(&s->trouble, s->early.len > 0 ? UNREACHED_FOREIGN : UNREACHED_MUTE,
                          &s->early, text);
}

const char *far_session_state_name(const struct far_session *s)
{
    static const char *const names[] = {"waiting", "negotiating", "connected", "reconnecting"};

    return names[s->state];
}
