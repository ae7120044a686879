/*
 * Theory of operation. A session is
 *
 *   WAITING      no connection; the dialer tries again and again
 *   NEGOTIATING  connected; the COM-PORT option and BINARY are not settled yet, or the server has
 *                not said anything in RFC 2217's terms: a busy ser2net agrees to everything, says
 *                so in plain text, and goes
 *   READY        at work (with --raw, from the connection on)
 *   AWAY         the connection is lost, and the server keeps its end: another connection asks for
 *                it, and the session goes on as if nothing had been (pty_resume.h)
 *
 * What programs write is read from the port only while READY and while the connection takes it:
 * until then it stays in the port, whose buffer makes the programs wait. What they set is compared
 * with what the server was last told, and the difference sent ahead of the data that follows. After
 * a reconnect all of it is told again, modem lines included.
 *
 * The first session asks the server for its settings instead, and makes them the port's, unless a
 * program was quicker or the command line has said a speed.
 *
 * While no program has the port open, DTR and RTS are low; the first open raises them and the last
 * close lets them fall if HUPCL is set. With no_touch_lines neither happens, and a connection only
 * asks how they are.
 */
#include "pty_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "control.h"
#include "dialer.h"
#include "far_port.h"
#include "log.h"
#include "log_peer.h"
#include "loop.h"
#include "os.h"
#include "proto/buf.h"
#include "proto/comport.h"
#include "pty_connection.h"
#include "pty_input.h"
#include "pty_ioctl.h"
#include "pty_port.h"
#include "pty_report.h"
#include "pty_reset.h"
#include "pty_resume.h"
#include "rfc2217_text.h"
#include "stream.h"

enum {
    NEGOTIATE_MS = 3000,
    SETTLE_MS = 1000,       /* for BINARY, once the COM-PORT option is agreed */
    STABLE_MS = 1000,       /* a session that lasts so long works: the back-off begins anew */
    EARLY_MAX = 128 * 1024, /* more than one read of the connection */
    TROUBLE_MAX = PTY_CONNECTION_WHY_MAX,
    TEXT_MAX = TROUBLE_MAX - 64,
};

enum pty_session_state {
    PTY_SESSION_WAITING,
    PTY_SESSION_NEGOTIATING,
    PTY_SESSION_READY,
    PTY_SESSION_AWAY,
};

struct pty_session {
    struct event_base *base;
    const struct pty_session_options *options;
    const struct pty_session_callbacks *callbacks;
    void *ctx;
    const char *name; /* the link, for the log */
    char server[ADDR_TEXT_MAX];
    enum pty_session_state state;
    struct control *control;
    struct dialer *dialer;
    struct far_port far;
    struct pty_connection connection;
    struct pty_input input;
    struct pty_port port;
    struct pty_ioctl ioctl;
    struct pty_reset reset;
    struct pty_resume resume;
    struct event *limit;        /* while NEGOTIATING */
    struct event *stable;       /* while READY, for the first second */
    void (*changed)(void *ctx); /* NULL unless somebody watches */
    void *changed_ctx;
    bool counts; /* breaks and line errors are of interest */
    bool ever_ready;
    struct buf early; /* came before READY: data, or a reason to go, for people */
    char trouble[TROUBLE_MAX];
    unsigned connections;
};

static void on_message(void *ctx, const struct rfc2217_message *m);
static void on_option(void *ctx, bool agreed);
static void go_on(struct pty_session *s);
static void begin_anew(struct pty_session *s);
static void tell_connected(struct pty_session *s);
static void lose(struct pty_session *s, const char *why);
static void update(struct pty_session *s);

static void set_timer(struct event *timer, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_add(timer, &delay);
}

static void set_state(struct pty_session *s, enum pty_session_state state)
{
    s->state = state;
    s->connection.ready = state == PTY_SESSION_READY || state == PTY_SESSION_AWAY;
}

/* --- from the server -------------------------------------------------------------------------- */

/* It is not read more slowly for that: what it answers stands behind what it sends. */
static void take_too_much(struct pty_session *s, size_t len)
{
    if (comport_agreed(s->connection.comport))
        s->far.counts.buf_overrun += (unsigned)len;
    else
        pty_connection_fail(&s->connection, "it sends and does not negotiate");
}

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct pty_session *s = ctx;

    if (s->state == PTY_SESSION_READY)
        pty_input_give(&s->input, data, len);
    else if (s->state == PTY_SESSION_NEGOTIATING && buf_add(&s->early, data, len) < 0)
        take_too_much(s, len);
}

/* The device has gone, or has come. Who is refused for it is told with the reason.
 * A server may say it as often as it likes. */
static void take_state(struct pty_session *s)
{
    const char *text = s->far.state_text;

    if (s->state != PTY_SESSION_READY || s->far.refusal)
        return;
    if (s->far.state == SERIAL_EXT_AWAY)
        log_peer_info(s->name, "%s: %s: waits for the device%s%s", s->name, s->server,
                      text[0] ? ": " : "", text);
    else if (s->far.state == SERIAL_EXT_YOURS && s->trouble[0])
        log_peer_info(s->name, "%s: %s: the device is there", s->name, s->server);
    else if (s->far.state != SERIAL_EXT_YOURS)
        log_peer_info(s->name, "%s: %s: %s", s->name, s->server, text);
    snprintf(s->trouble, sizeof s->trouble, "%s%s",
             s->far.state == SERIAL_EXT_AWAY ? "waits for the device: " : "",
             s->far.state == SERIAL_EXT_YOURS ? "" : text);
}

static void log_message(const struct pty_session *s, const struct rfc2217_message *m)
{
    char text[RFC2217_DESCRIPTION_MAX];

    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    rfc2217_describe(m, text);
    log_debug("%s: < %s", s->name, text);
}

/* While the session is away this is about the new connection, whose other messages are nobody's. */
static void take_resume(struct pty_session *s, const struct rfc2217_message *m)
{
    log_message(s, m);
    switch (pty_resume_message(&s->resume, m)) {
    case PTY_RESUME_NO_NEWS:
        break;
    case PTY_RESUME_GRANTED:
        comport_pause(s->resume.comport); /* what is behind it is for the old one */
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
    struct pty_session *s = ctx;

    if (s->state == PTY_SESSION_WAITING)
        return;
    if (m->command == RFC2217_RESUME || s->state == PTY_SESSION_AWAY) {
        take_resume(s, m);
        return;
    }
    log_message(s, m);
    switch (far_port_message(&s->far, m)) {
    case FAR_PORT_NO_NEWS:
        break;
    case FAR_PORT_LEARNT:
        pty_port_adopt_settings(&s->port, &s->options->port);
        break;
    case FAR_PORT_PURGED:
        pty_input_purged(&s->input);
        break;
    case FAR_PORT_RESET:
        pty_reset_answered(&s->reset, true);
        break;
    case FAR_PORT_NOT_RESET:
        pty_reset_answered(&s->reset, false);
        break;
    case FAR_PORT_STATE:
        take_state(s);
        break;
    }
    if (s->far.ext > 0)
        pty_resume_offer(&s->resume);
    pty_reset_continue(&s->reset);
    if (s->changed)
        s->changed(s->changed_ctx);
    update(s);
    if (s->state == PTY_SESSION_READY && !s->far.greeted)
        tell_connected(s);
}

static void on_malformed(void *ctx, const struct rfc2217_message *m)
{
    struct pty_session *s = ctx;
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

/* Reads and pauses as the state wants it. */
static void update(struct pty_session *s)
{
    const struct pty_connection *c = &s->connection;
    bool flowing = s->state == PTY_SESSION_READY && !s->far.suspended &&
                   !pty_connection_is_failing(c) && !c->stalled && pty_connection_queued(c) == 0;

    vport_read(s->port.vport, flowing);
    if (c->stream)
        stream_read(c->stream, pty_input_update(&s->input));
}

static void on_changed(void *ctx)
{
    update(ctx);
}

static void tell_connected(struct pty_session *s)
{
    if (s->ever_ready || s->far.state == SERIAL_EXT_AWAY)
        return;
    s->ever_ready = true;
    s->callbacks->connected(s->ctx);
}

static void become_ready(struct pty_session *s)
{
    set_state(s, PTY_SESSION_READY);
    s->connections++;
    s->trouble[0] = '\0';
    event_del(s->limit);
    set_timer(s->stable, STABLE_MS);
    log_info("%s: connected to %s%s", s->name, s->server, s->options->raw ? ", raw" : "");
    take_state(s);
    if (!s->options->raw) {
        s->far.ready = true;
        pty_port_introduce(&s->port, s->options->baud != 0);
        if (s->counts)
            far_port_count_errors(&s->far);
        pty_connection_flush(&s->connection);
    }
    if (s->state == PTY_SESSION_READY && s->early.len > 0)
        pty_input_give(&s->input, buf_head(&s->early), s->early.len);
    buf_drain(&s->early, s->early.len);
    if (s->state != PTY_SESSION_READY)
        return;
    update(s);
    if (!s->far.greeted) /* otherwise with the answer, which says what the server can do */
        tell_connected(s);
}

static void on_option(void *ctx, bool agreed)
{
    struct pty_session *s = ctx;

    if (s->state == PTY_SESSION_WAITING || s->state == PTY_SESSION_AWAY)
        return;
    if (!agreed) {
        lose(s, "the server refuses the COM-PORT option: it is not an RFC 2217 server (--raw takes "
                "its bytes as they are)");
    } else if (s->state == PTY_SESSION_NEGOTIATING) {
        /* a banner; what comes from now on may be data */
        buf_drain(&s->early, s->early.len);
        set_timer(s->limit, SETTLE_MS);
        far_port_greet(&s->far);
    }
}

static const struct comport_callbacks comport_callbacks = {
    .data = on_data,
    .message = on_message,
    .malformed = on_malformed,
    .option = on_option,
    .command = on_command,
};

/* Says why there is no session; once, if the reason stays the same. */
static void say_trouble(struct pty_session *s, const char *why)
{
    bool new = strcmp(s->trouble, why) != 0;

    if (new)
        log_info("%s: %s: %s; trying again", s->name, s->server, why);
    else
        log_debug("%s: %s: still: %s", s->name, s->server, why);
    if (new)
        snprintf(s->trouble, sizeof s->trouble, "%s", why);
}

/* What a server said in plain text before it went, made fit for the log. */
static void early_text(struct pty_session *s, char text[static TEXT_MAX])
{
    const uint8_t *early = buf_head(&s->early);
    size_t n = 0;

    for (size_t i = 0; i < s->early.len && n < TEXT_MAX - 1; i++)
        if (early[i] >= ' ' && early[i] < 0x7f)
            text[n++] = (char)early[i];
    text[n] = '\0';
    buf_drain(&s->early, s->early.len);
}

/* Programs behind -- can ask for it as for bytes that a port loses; some look at the one counter,
 * some at the other. */
static void count_loss(struct pty_session *s, size_t lost)
{
    s->far.counts.overrun += (unsigned)lost;
    s->far.counts.buf_overrun += (unsigned)lost;
}

/* Gives the connection up, for the reason `why`, and begins to connect again. */
static void lose(struct pty_session *s, const char *why)
{
    char text[TEXT_MAX], reason[TROUBLE_MAX];
    bool was_ready = s->state == PTY_SESSION_READY || s->state == PTY_SESSION_AWAY;

    if (s->state == PTY_SESSION_WAITING)
        return;
    snprintf(reason, sizeof reason, "%s", why); /* it may be the connection's */
    set_state(s, PTY_SESSION_WAITING);
    event_del(s->limit);
    event_del(s->stable);
    pty_resume_drop(&s->resume, s->base);
    count_loss(s, pty_connection_close(&s->connection));
    pty_resume_forget(&s->resume);
    pty_input_disconnect(&s->input);
    early_text(s, text);
    if (s->far.refusal)
        snprintf(reason, sizeof reason, "%s%s%s", s->far.refusal, s->far.state_text[0] ? ": " : "",
                 s->far.state_text);
    say_trouble(s, s->far.refusal || !text[0] ? reason : text);
    pty_reset_disconnect(&s->reset);
    far_port_attach(&s->far, NULL);
    update(s);
    dialer_start(s->dialer);
    if (was_ready && s->options->hangup) {
        pty_port_hang_up(&s->port);
        control_end_visits(s->control);
    }
}

static void on_failed(void *ctx, const char *why)
{
    lose(ctx, why);
}

/* --- a connection that is lost, and another one ------------------------------------------------
 */

/* The connection is lost, and the session is not: another one is made for it. */
static void go_away(struct pty_session *s, const char *why)
{
    set_state(s, PTY_SESSION_AWAY);
    event_del(s->limit);
    event_del(s->stable);
    pty_resume_park(&s->resume);
    log_info("%s: %s: the connection is lost (%s): going on with the session over another one",
             s->name, s->server, why);
    snprintf(s->trouble, sizeof s->trouble, "the connection is lost: %s", why);
    update(s);
    dialer_start(s->dialer);
}

/* The server has been away for longer than it keeps its end. One that is there answers itself. */
static void on_late(void *ctx)
{
    struct pty_session *s = ctx;

    if (!s->resume.stream)
        lose(s, "the connection was lost for too long");
}

static void give_up_asking(struct pty_session *s)
{
    event_del(s->limit);
    pty_resume_drop(&s->resume, s->base);
    if (timer_is_set(&s->resume.deadline))
        dialer_start(s->dialer);
    else
        on_late(s);
}

static void ask_to_go_on(struct pty_session *s, struct stream *stream)
{
    set_timer(s->limit, NEGOTIATE_MS);
    if (pty_resume_ask(&s->resume, stream, &comport_callbacks, s) < 0)
        give_up_asking(s);
}

/* The server has kept its end. */
static void go_on(struct pty_session *s)
{
    event_del(s->limit);
    set_timer(s->stable, STABLE_MS);
    set_state(s, PTY_SESSION_READY);
    s->connections++;
    s->trouble[0] = '\0';
    log_info("%s: connected to %s again: nothing is lost", s->name, s->server);
    pty_resume_go_on(&s->resume, s->base);
    take_state(s);
    update(s);
}

/* It has not: what the session had under way is lost, and one begins over the new connection. */
static void begin_anew(struct pty_session *s)
{
    struct stream *stream = s->resume.stream;
    struct comport *comport = s->resume.comport;

    s->resume.stream = NULL;
    s->resume.comport = NULL;
    count_loss(s, pty_connection_close(&s->connection));
    pty_resume_forget(&s->resume);
    pty_input_disconnect(&s->input);
    pty_reset_disconnect(&s->reset);
    pty_connection_open(&s->connection, stream, comport);
    set_state(s, PTY_SESSION_NEGOTIATING);
    far_port_attach(&s->far, comport);
    set_timer(s->limit, NEGOTIATE_MS);
    if (comport_agreed(comport))
        on_option(s, true);
    if (s->options->hangup) {
        pty_port_hang_up(&s->port);
        control_end_visits(s->control);
    }
}

/* --- the connection --------------------------------------------------------------------------- */

/* While away: bytes of the new connection, the last of which may be the session's. Returns how many
 * are not. */
static size_t take_answer(struct pty_session *s, const uint8_t *data, size_t len)
{
    return s->state == PTY_SESSION_AWAY ? comport_receive(s->resume.comport, data, len) : 0;
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct pty_session *s = ctx;
    const size_t used = take_answer(s, data, len);

    if (s->state == PTY_SESSION_AWAY || s->state == PTY_SESSION_WAITING)
        return;
    if (s->options->raw) {
        pty_input_give(&s->input, data, len);
        update(s);
        return;
    }
    if (used < len)
        comport_receive(s->connection.comport, data + used, len - used);
    if (s->state == PTY_SESSION_NEGOTIATING && comport_agreed(s->connection.comport) &&
        comport_settled(s->connection.comport) && s->far.proven && !s->far.refusal)
        become_ready(s);
    if (s->state != PTY_SESSION_WAITING) {
        pty_resume_note_received(&s->resume);
        pty_connection_flush(&s->connection);
    }
    update(s);
}

static void on_drained(void *ctx)
{
    struct pty_session *s = ctx;

    if (s->state == PTY_SESSION_AWAY)
        return;
    pty_connection_drained(&s->connection);
    update(s);
}

static void on_ended(void *ctx, int error)
{
    struct pty_session *s = ctx;

    if (s->state == PTY_SESSION_AWAY) { /* before it was answered */
        give_up_asking(s);
        return;
    }
    if (s->state == PTY_SESSION_READY && pty_resume_survives(&s->resume, error)) {
        go_away(s, os_error_text(-error));
        return;
    }
    lose(s, error < 0 ? os_error_text(-error) : "the server has closed the connection");
}

static void on_stalled(void *ctx, bool on)
{
    struct pty_session *s = ctx;

    log_debug("%s: %s: %s", s->name, s->server,
              on ? "acknowledges nothing: programs wait" : "is back");
    s->connection.stalled = on;
    update(s);
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
    struct pty_session *s = ctx;

    stream_set_owner(stream, &stream_callbacks, s);
    if (s->state == PTY_SESSION_AWAY) {
        ask_to_go_on(s, stream);
        return;
    }
    struct comport *comport =
        !s->options->raw ? pty_connection_new_comport(&comport_callbacks, s) : NULL;
    pty_connection_open(&s->connection, stream, comport);
    set_state(s, PTY_SESSION_NEGOTIATING);
    far_port_attach(&s->far, comport);
    if (!comport && !s->options->raw) {
        lose(s, "out of memory");
        return;
    }
    if (s->options->raw) {
        become_ready(s);
        return;
    }
    set_timer(s->limit, NEGOTIATE_MS);
    comport_start(comport);
    far_port_introduce(&s->far);
    pty_connection_flush(&s->connection);
    update(s);
}

static void on_unreachable(void *ctx, const char *why)
{
    say_trouble(ctx, why);
}

static const struct dialer_callbacks dialer_callbacks = {
    .connected = on_connected,
    .failed = on_unreachable,
};

static void on_limit(evutil_socket_t fd, short what, void *ctx)
{
    struct pty_session *s = ctx;

    (void)fd;
    (void)what;
    if (s->state == PTY_SESSION_AWAY) { /* it has not answered: it is another one, or none */
        if (comport_agreed(s->resume.comport))
            begin_anew(s);
        else
            give_up_asking(s);
        return;
    }
    if (comport_agreed(s->connection.comport) && !s->far.refusal)
        become_ready(s); /* some never answer about BINARY, or never say anything */
    else
        lose(s, "no answer to the COM-PORT option: it is not an RFC 2217 server (--raw takes its "
                "bytes as they are)");
}

static void on_stable(evutil_socket_t fd, short what, void *ctx)
{
    struct pty_session *s = ctx;

    (void)fd;
    (void)what;
    dialer_succeeded(s->dialer);
    tell_connected(s); /* to a server that does not answer */
}

/* --- who asks over the socket beside the link --------------------------------------------------
 */

bool pty_session_has_device(const struct pty_session *s)
{
    return s->state == PTY_SESSION_READY && s->far.state != SERIAL_EXT_AWAY;
}

bool pty_session_is_connected(const struct pty_session *s)
{
    return s->state == PTY_SESSION_READY || s->state == PTY_SESSION_AWAY;
}

const char *pty_session_trouble(const struct pty_session *s)
{
    return s->trouble;
}

void pty_session_report(const struct pty_session *s, char text[static PTY_REPORT_MAX])
{
    static const char *const states[] = {"waiting", "negotiating", "connected", "away"};
    const struct pty_report report = {
        .link = s->name,
        .device = vport_device(s->port.vport),
        .server = s->server,
        .state = states[s->state],
        .trouble = s->trouble,
        .raw = s->options->raw,
        .signature = s->far.signature,
        .line = *vport_line(s->port.vport),
        .lines = s->far.outputs | s->far.inputs,
        .is_open = vport_is_open(s->port.vport),
        .received = s->input.received,
        .sent = s->connection.sent,
        .waiting_for_programs = s->input.waiting.len,
        .waiting_for_server = pty_connection_queued(&s->connection),
        .dropped = s->input.dropped,
        .lost = s->connection.lost,
        .connections = s->connections,
    };

    pty_report_text(&report, text);
}

static void on_report(void *ctx, char text[static CONTROL_REPORT_MAX])
{
    pty_session_report(ctx, text);
}

static void on_reset(void *ctx)
{
    struct pty_session *s = ctx;

    pty_reset_ask(&s->reset);
}

static void on_reset_ended(void *ctx, const char *why_not)
{
    struct pty_session *s = ctx;

    control_ended(s->control, NULL, why_not);
}

static struct control_visit *on_visit(void *ctx, struct stream *stream)
{
    struct pty_session *s = ctx;

    if (!s->counts && s->far.ready) {
        far_port_count_errors(&s->far);
        pty_connection_flush(&s->connection);
    }
    s->counts = true;
    return s->callbacks->visit ? s->callbacks->visit(s->ctx, s, stream) : NULL;
}

static const struct control_callbacks control_callbacks = {
    .report = on_report,
    .reset = on_reset,
    .visit = on_visit,
};

/* --- who makes requests ----------------------------------------------------------------------- */

struct vport *pty_session_port(struct pty_session *s)
{
    return s->port.vport;
}

struct pty_ioctl *pty_session_ioctl(struct pty_session *s)
{
    return &s->ioctl;
}

bool pty_session_was_used(const struct pty_session *s)
{
    return s->port.used;
}

void pty_session_watch(struct pty_session *s, void (*changed)(void *ctx), void *ctx)
{
    s->changed = changed;
    s->changed_ctx = ctx;
}

/* --- beginning and end ------------------------------------------------------------------------ */

static struct line_settings first_settings(const struct pty_session_options *o)
{
    struct line_settings line = line_default;

    if (o->port.has_format)
        line = o->port.format;
    line.baud = o->baud ? o->baud : line_default.baud;
    return line;
}

/* Says to each part who stands beside it. */
static void set_up(struct pty_session *s)
{
    s->connection =
        (struct pty_connection){.base = s->base, .name = s->name, .failed = on_failed, .ctx = s};
    s->input = (struct pty_input){.name = s->name,
                                  .far = &s->far,
                                  .connection = &s->connection,
                                  .changed = on_changed,
                                  .ctx = s};
    s->port = (struct pty_port){.name = s->name,
                                .far = &s->far,
                                .connection = &s->connection,
                                .input = &s->input,
                                .raw = s->options->raw,
                                .no_touch_lines = s->options->no_touch_lines,
                                .changed = on_changed,
                                .ctx = s};
    s->reset = (struct pty_reset){.name = s->name,
                                  .far = &s->far,
                                  .connection = &s->connection,
                                  .raw = s->options->raw,
                                  .ended = on_reset_ended,
                                  .ctx = s};
    s->resume = (struct pty_resume){.name = s->name, .connection = &s->connection};
    pty_resume_begin(&s->resume, s->base, on_late, s);
    s->ioctl = (struct pty_ioctl){.far = &s->far, .connection = &s->connection, .input = &s->input};
    s->far.name = s->name;
    s->far.told = first_settings(s->options);
    far_port_attach(&s->far, NULL);
}

/* Publishes the link: its socket, and its port. Returns 0, or negative with what is wrong. */
static int publish(struct pty_session *s, char error[static VPORT_ERROR_MAX])
{
    bool stale;

    s->control = control_new(s->base, s->name, &control_callbacks, s, &stale, error);
    if (!s->control)
        return -1;
    int r = pty_port_begin(&s->port, s->base, stale, &s->options->port, error);
    s->input.port = s->ioctl.port = s->port.vport;
    return r;
}

struct pty_session *pty_session_new(struct event_base *base,
                                    const struct pty_session_options *options,
                                    const struct pty_session_callbacks *callbacks, void *ctx,
                                    char error[static VPORT_ERROR_MAX])
{
    const struct stream_options streams = {.queue_max = PTY_CONNECTION_QUEUE_MAX};
    struct pty_session *s = calloc(1, sizeof *s);

    snprintf(error, VPORT_ERROR_MAX, "out of memory");
    if (!s)
        return NULL;
    s->base = base;
    s->options = options;
    s->callbacks = callbacks;
    s->ctx = ctx;
    s->name = options->link;
    s->counts = options->counts;
    addr_text(&options->server, s->server);
    buf_init(&s->early, EARLY_MAX);
    set_up(s);
    s->limit = evtimer_new(base, on_limit, s);
    s->stable = evtimer_new(base, on_stable, s);
    s->dialer = dialer_new(base, &options->server, &streams, &dialer_callbacks, s);
    if (!s->limit || !s->stable || !s->dialer || pty_connection_begin(&s->connection) < 0 ||
        pty_input_begin(&s->input, base) < 0 || pty_reset_begin(&s->reset, base) < 0 ||
        publish(s, error) < 0) {
        pty_session_free(s);
        return NULL;
    }
    log_info("%s: ready, %s is behind it", s->name, vport_device(s->port.vport));
    dialer_start(s->dialer);
    return s;
}

void pty_session_withdraw(struct pty_session *s)
{
    if (!s)
        return;
    vport_withdraw(s->port.vport);
    control_free(s->control);
    s->control = NULL;
    set_state(s, PTY_SESSION_WAITING);
    s->far.ready = false;
    event_del(s->limit);
    event_del(s->stable);
    pty_resume_end(&s->resume, s->base);
    pty_connection_drop(&s->connection);
}

void pty_session_free(struct pty_session *s)
{
    if (!s)
        return;
    vport_free(s->port.vport);
    control_free(s->control);
    dialer_free(s->dialer);
    pty_resume_end(&s->resume, s->base);
    pty_connection_end(&s->connection);
    pty_input_end(&s->input);
    pty_reset_end(&s->reset);
    buf_free(&s->early);
    if (s->limit)
        event_free(s->limit);
    if (s->stable)
        event_free(s->stable);
    free(s);
}
