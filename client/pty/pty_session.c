/*
 * Theory of operation. A session is
 *
 *   WAITING      no connection; the dialer tries again and again
 *   NEGOTIATING  connected; the COM-PORT option and BINARY are not settled yet, or the server has
 *                not said anything in RFC 2217's terms: a busy ser2net agrees to everything, says
 *                so in plain text, and goes
 *   READY        at work (with --raw, from the connection on)
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

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "dialer.h"
#include "far_port.h"
#include "line_text.h"
#include "rfc2217_text.h"
#include "log.h"
#include "loop.h"
#include "os.h"
#include "proto/comport.h"
#include "pty_session_state.h"
#include "stream.h"

enum {
    NEGOTIATE_MS = 3000,
    SETTLE_MS = 1000, /* for BINARY, once the COM-PORT option is agreed */
    PURGE_MS = 1000,  /* for the answer to a purge */
    STABLE_MS = 1000, /* a session that lasts so long works: the back-off begins anew */
    QUEUE_MAX = 512 * 1024,
    EARLY_MAX = 128 * 1024, /* more than one read of the connection */
    TEXT_MAX = PTY_SESSION_TROUBLE_MAX - 64,
};

static void tell_connected(struct pty_session *s);
static void lose(struct pty_session *s, const char *why);

static void set_timer(struct event *timer, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_add(timer, &delay);
}

/* --- to the server ---------------------------------------------------------------------------- */

void pty_session_fail(struct pty_session *s, const char *why)
{
    const struct timeval now = {0, 0};

    if (s->state == SESSION_WAITING || s->why_failing[0])
        return;
    snprintf(s->why_failing, sizeof s->why_failing, "%s", why);
    event_add(s->failure, &now);
}

static void on_failure(evutil_socket_t fd, short what, void *ctx)
{
    struct pty_session *s = ctx;

    (void)fd;
    (void)what;
    lose(s, s->why_failing);
}

/* Sends bytes of the connection, with so many of programs in them. Returns 0 or -errno. */
static int send_now(struct pty_session *s, const uint8_t *bytes, size_t len, size_t data)
{
    int r = s->why_failing[0] ? -EPIPE : stream_write(s->stream, bytes, len);

    if (r < 0) {
        s->unsent += data;
        return r;
    }
    if (outstanding_is_full(&s->outstanding)) /* the system is not asked each time */
        outstanding_forget(&s->outstanding, stream_unacknowledged(s->stream));
    outstanding_add(&s->outstanding, len, data);
    return 0;
}

void pty_session_flush(struct pty_session *s)
{
    if (!s->comport || !s->stream)
        return;
    struct buf *out = comport_output(s->comport);
    int r = out->len > 0 ? send_now(s, buf_head(out), out->len, s->sending) : 0;

    s->sending = 0;
    buf_drain(out, out->len);
    if (r < 0 || comport_failed(s->comport))
        pty_session_fail(s, r == -ENOBUFS ? "it does not take what it is told" : "out of memory");
}

/* Tells what programs have set. Before anything was told, and while the server's own settings are
 * being asked for, that is everything. */
static void tell_settings(struct pty_session *s)
{
    far_port_tell_settings(&s->far, vport_line(s->port), !s->far.has_told && s->far.learning);
}

/* --- the port's callbacks ------------------------------------------------------------------- */

static void on_opened(void *ctx)
{
    struct pty_session *s = ctx;

    log_debug("%s: opened", s->name);
    s->used = true;
    tell_settings(s);
    s->hung_up = vport_line(s->port)->baud == 0;
    if (!s->options->no_touch_lines)
        far_port_set_outputs(&s->far, s->hung_up ? 0 : (unsigned)LINE_OUTPUTS);
    pty_session_flush(s);
}

static void on_closed(void *ctx)
{
    struct pty_session *s = ctx;

    log_debug("%s: closed", s->name);
    pty_input_forget(s);
    if (vport_hupcl(s->port) && !s->options->no_touch_lines)
        far_port_set_outputs(&s->far, 0);
    pty_session_flush(s);
    pty_session_update(s);
}

static void on_settings(void *ctx, const struct line_settings *line)
{
    struct pty_session *s = ctx;
    char text[LINE_TEXT_MAX];

    line_text(line, text);
    log_debug("%s: set to %s", s->name, text);
    if (s->options->raw)
        return;
    tell_settings(s);
    /* speed 0 hangs up, another one after it raises the lines again */
    if (line->baud == 0)
        far_port_set_outputs(&s->far, 0);
    else if (s->hung_up && vport_is_open(s->port))
        far_port_set_outputs(&s->far, LINE_OUTPUTS);
    s->hung_up = line->baud == 0;
    pty_session_flush(s);
}

/* Reckons when the far line will be idle. */
static void keep_time(struct pty_session *s, size_t len)
{
    uint64_t now_us = os_now_ms() * 1000;

    if (s->busy_until_us < now_us)
        s->busy_until_us = now_us;
    s->busy_until_us += line_wire_time_us(vport_line(s->port), len);
}

static void on_written(void *ctx, const uint8_t *data, size_t len)
{
    struct pty_session *s = ctx;
    int r;

    if (s->state != SESSION_READY) /* lost while the port was being read */
        return;
    log_bytes(s->name, data, len);
    s->sent += len;
    keep_time(s, len);
    if (!s->comport) {
        r = send_now(s, data, len, len);
        if (r < 0)
            pty_session_fail(s, os_error_text(-r));
    } else if (comport_send_data(s->comport, data, len) < 0) {
        s->unsent += len;
        pty_session_fail(s, "out of memory");
    } else {
        s->sending += len;
        pty_session_flush(s);
    }
    pty_session_update(s);
}

static void on_flushed(void *ctx, bool rx, bool tx)
{
    struct pty_session *s = ctx;

    log_debug("%s: flushed%s%s", s->name, rx ? " input" : "", tx ? " output" : "");
    if (rx)
        pty_input_forget(s);
    if (s->state == SESSION_READY && s->comport) {
        far_port_tell(&s->far, RFC2217_PURGE_DATA,
                      (rx ? RFC2217_PURGE_RX : 0u) | (tx ? RFC2217_PURGE_TX : 0u));
        if (rx && s->far.peer->purge_is_exact) {
            s->purging = true;
            set_timer(s->timer, PURGE_MS);
        }
        pty_session_flush(s);
    }
    pty_session_update(s);
}

static void on_writable(void *ctx)
{
    struct pty_session *s = ctx;

    pty_input_continue(s);
    pty_session_update(s);
}

static const struct vport_callbacks port_callbacks = {
    .opened = on_opened,
    .closed = on_closed,
    .received = on_written,
    .settings = on_settings,
    .flushed = on_flushed,
    .writable = on_writable,
};

/* --- from the server -------------------------------------------------------------------------- */

/* It is not read more slowly for that: what it answers stands behind what it sends. */
static void take_too_much(struct pty_session *s, size_t len)
{
    if (comport_agreed(s->comport))
        s->far.counts.buf_overrun += (unsigned)len;
    else
        pty_session_fail(s, "it sends and does not negotiate");
}

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct pty_session *s = ctx;

    if (s->state == SESSION_READY)
        pty_input_give(s, data, len);
    else if (s->state == SESSION_NEGOTIATING && buf_add(&s->early, data, len) < 0)
        take_too_much(s, len);
}

/* The port gets the settings of the server's, which programs then find; what the user said of the
 * format is better, and what a program has set meanwhile, which the port is about to report. */
static void adopt_settings(struct pty_session *s)
{
    const struct vport_options *port = &s->options->port;
    struct line_settings line = s->far.told;

    if (port->has_format) {
        line.data_bits = port->format.data_bits;
        line.parity = port->format.parity;
        line.stop = port->format.stop;
    }
    if (vport_set_line(s->port, &line) && port->has_format)
        tell_settings(s);
}

static void on_message(void *ctx, const struct rfc2217_message *m)
{
    struct pty_session *s = ctx;

    if (s->state == SESSION_WAITING)
        return;
    if (log_enabled(LOG_LEVEL_DEBUG)) {
        char text[RFC2217_DESCRIPTION_MAX];

        rfc2217_describe(m, text);
        log_debug("%s: < %s", s->name, text);
    }
    switch (far_port_message(&s->far, m)) {
    case FAR_PORT_NO_NEWS:
        break;
    case FAR_PORT_LEARNT:
        adopt_settings(s);
        break;
    case FAR_PORT_PURGED:
        s->purging = false;
        break;
    case FAR_PORT_RESET:
        pty_session_end_reset(s, NULL);
        break;
    case FAR_PORT_NOT_RESET:
        pty_session_end_reset(
            s, "the server did not do it: the port has no reset=, or its device went away");
        break;
    }
    pty_session_continue_reset(s);
    if (s->changed)
        s->changed(s->changed_ctx);
    pty_session_update(s);
    if (s->state == SESSION_READY && !s->far.greeted)
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

void pty_session_update(struct pty_session *s)
{
    bool flowing = s->state == SESSION_READY && !s->far.suspended && !s->why_failing[0] &&
                   !s->stalled && stream_queued(s->stream) == 0;

    vport_read(s->port, flowing);
    if (s->stream)
        stream_read(s->stream, pty_input_update(s));
}

static void tell_connected(struct pty_session *s)
{
    if (s->ever_ready)
        return;
    s->ever_ready = true;
    s->callbacks->connected(s->ctx);
}

static void become_ready(struct pty_session *s)
{
    char peer[80] = "";

    s->state = SESSION_READY;
    s->connections++;
    s->trouble[0] = '\0';
    event_del(s->timer);
    set_timer(s->stable, STABLE_MS);
    snprintf(peer, sizeof peer, "%s", s->comport ? "" : ", raw");
    log_info("%s: connected to %s%s", s->name, s->server, peer);
    if (s->comport) {
        s->far.ready = true;
        if (s->far.has_told || vport_is_open(s->port) || s->options->baud)
            far_port_tell_settings(&s->far, vport_line(s->port), true);
        else
            far_port_ask_settings(&s->far);
        if (s->options->no_touch_lines)
            far_port_ask_outputs(&s->far);
        else
            far_port_tell_outputs(&s->far);
        if (s->counts)
            far_port_count_errors(&s->far);
        pty_session_flush(s);
    }
    if (s->state == SESSION_READY && s->early.len > 0)
        pty_input_give(s, buf_head(&s->early), s->early.len);
    buf_drain(&s->early, s->early.len);
    if (s->state != SESSION_READY)
        return;
    pty_session_update(s);
    if (!s->far.greeted) /* otherwise with the answer, which says what the server can do */
        tell_connected(s);
}

static void on_option(void *ctx, bool agreed)
{
    struct pty_session *s = ctx;

    if (s->state == SESSION_WAITING)
        return;
    if (!agreed) {
        lose(s, "the server refuses the COM-PORT option: it is not an RFC 2217 server (--raw takes "
                "its bytes as they are)");
    } else if (s->state == SESSION_NEGOTIATING) {
        /* a banner; what comes from now on may be data */
        buf_drain(&s->early, s->early.len);
        set_timer(s->timer, SETTLE_MS);
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

static void free_comport(void *comport)
{
    comport_free(comport);
}

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

/* Tells what the connection takes with it of what programs have written. Programs behind -- can ask
 * for it as for bytes that a port loses; some look at the one counter, some at the other. */
static void count_loss(struct pty_session *s)
{
    const size_t lost =
        s->unsent + outstanding_data(&s->outstanding, stream_unacknowledged(s->stream));

    s->unsent = s->sending = 0;
    s->outstanding = (struct outstanding){0};
    s->stalled = false;
    if (lost == 0)
        return;
    s->lost += lost;
    s->far.counts.overrun += (unsigned)lost;
    s->far.counts.buf_overrun += (unsigned)lost;
    log_warn(
        "%s: %zu bytes that programs had written are lost with the connection: the server has not "
        "acknowledged them",
        s->name, lost);
}

/* Gives the connection up, for the reason `why`, and begins to connect again. */
static void lose(struct pty_session *s, const char *why)
{
    char error[VPORT_ERROR_MAX], text[TEXT_MAX], reason[PTY_SESSION_TROUBLE_MAX];
    bool was_ready = s->state == SESSION_READY;

    if (s->state == SESSION_WAITING)
        return;
    snprintf(reason, sizeof reason, "%s", why); /* it may be ours */
    s->state = SESSION_WAITING;
    s->why_failing[0] = '\0';
    event_del(s->failure);
    event_del(s->timer);
    event_del(s->stable);
    if (s->stream)
        count_loss(s);
    stream_close(s->stream);
    s->stream = NULL;
    pty_input_reconnect(s);
    if (s->comport) /* it may be calling us */
        loop_defer(s->base, free_comport, s->comport);
    s->comport = NULL;
    s->purging = false;
    early_text(s, text);
    say_trouble(s, s->far.refusal ? s->far.refusal : text[0] ? text : reason);
    if (s->far.resetting || s->reset_waits)
        pty_session_end_reset(s, "the connection was lost");
    far_port_attach(&s->far, NULL);
    pty_session_update(s);
    dialer_start(s->dialer);
    if (was_ready && s->options->hangup) {
        pty_input_forget(s);
        if (!s->options->no_touch_lines)
            s->far.outputs = 0;
        if (vport_hang_up(s->port, error) < 0)
            log_error("%s", error);
        control_end_visits(s->control);
    }
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct pty_session *s = ctx;

    if (!s->comport) {
        pty_input_give(s, data, len);
        pty_session_update(s);
        return;
    }
    comport_receive(s->comport, data, len);
    if (s->state == SESSION_NEGOTIATING && comport_agreed(s->comport) &&
        comport_settled(s->comport) && s->far.proven && !s->far.refusal)
        become_ready(s);
    if (s->state != SESSION_WAITING)
        pty_session_flush(s);
    pty_session_update(s);
}

static void on_drained(void *ctx)
{
    pty_session_update(ctx);
}

static void on_ended(void *ctx, int error)
{
    lose(ctx, error < 0 ? os_error_text(-error) : "the server has closed the connection");
}

static void on_stalled(void *ctx, bool on)
{
    struct pty_session *s = ctx;

    log_debug("%s: %s: %s", s->name, s->server,
              on ? "acknowledges nothing: programs wait" : "is back");
    s->stalled = on;
    pty_session_update(s);
}

static const struct stream_callbacks stream_callbacks = {
    .tells_loss = true,
    .stalled = on_stalled,
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

static void on_connected(void *ctx, evutil_socket_t fd)
{
    struct pty_session *s = ctx;

    s->stream = stream_new(s->base, fd, QUEUE_MAX, &stream_callbacks, s);
    if (s->stream && !s->options->raw)
        s->comport = comport_new(COMPORT_CLIENT, QUEUE_MAX, &comport_callbacks, s);
    s->state = SESSION_NEGOTIATING;
    far_port_attach(&s->far, s->comport);
    if (!s->stream || (!s->comport && !s->options->raw)) {
        lose(s, "out of memory");
        return;
    }
    if (s->options->raw) {
        become_ready(s);
        return;
    }
    set_timer(s->timer, NEGOTIATE_MS);
    comport_start(s->comport);
    pty_session_flush(s);
    pty_session_update(s);
}

static void on_failed(void *ctx, const char *why)
{
    say_trouble(ctx, why);
}

static const struct dialer_callbacks dialer_callbacks = {
    .connected = on_connected,
    .failed = on_failed,
};

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct pty_session *s = ctx;

    (void)fd;
    (void)what;
    if (s->state == SESSION_READY)
        s->purging = false;
    else if (comport_agreed(s->comport) && !s->far.refusal)
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

/* --- beginning and end ------------------------------------------------------------------------ */

static struct line_settings first_settings(const struct pty_session_options *o)
{
    struct line_settings line = line_default;

    if (o->port.has_format)
        line = o->port.format;
    line.baud = o->baud ? o->baud : line_default.baud;
    return line;
}

struct pty_session *pty_session_new(struct event_base *base,
                                    const struct pty_session_options *options,
                                    const struct pty_session_callbacks *callbacks, void *ctx,
                                    char error[static VPORT_ERROR_MAX])
{
    struct pty_session *s = calloc(1, sizeof *s);
    bool stale;

    snprintf(error, VPORT_ERROR_MAX, "out of memory");
    if (!s)
        return NULL;
    s->base = base;
    s->options = options;
    s->callbacks = callbacks;
    s->ctx = ctx;
    s->name = options->link;
    s->counts = options->counts;
    s->far.name = options->link;
    s->far.told = first_settings(options);
    far_port_attach(&s->far, NULL);
    addr_text(&options->server, s->server);
    buf_init(&s->early, EARLY_MAX);
    s->timer = evtimer_new(base, on_timer, s);
    s->stable = evtimer_new(base, on_stable, s);
    s->reset = evtimer_new(base, pty_session_reset_limit, s);
    s->failure = evtimer_new(base, on_failure, s);
    s->dialer = dialer_new(base, &options->server, &dialer_callbacks, s);
    if (!s->timer || !s->stable || !s->reset || !s->failure || !s->dialer || pty_input_begin(s) < 0)
        goto fail;
    s->control = control_new(base, options->link, &pty_session_control, s, &stale, error);
    if (!s->control)
        goto fail;
    s->port = vport_new(base, options->link, stale, &options->port, &s->far.told, &port_callbacks,
                        s, error);
    if (!s->port)
        goto fail;
    log_info("%s: ready, %s is behind it", s->name, vport_device(s->port));
    dialer_start(s->dialer);
    return s;

fail:
    pty_session_free(s);
    return NULL;
}

void pty_session_withdraw(struct pty_session *s)
{
    if (!s)
        return;
    vport_withdraw(s->port);
    control_free(s->control);
    s->control = NULL;
    stream_close(s->stream);
    s->stream = NULL;
    s->state = SESSION_WAITING;
    s->far.ready = false;
    event_del(s->timer);
    event_del(s->stable);
    event_del(s->failure);
}

void pty_session_free(struct pty_session *s)
{
    if (!s)
        return;
    vport_free(s->port);
    control_free(s->control);
    dialer_free(s->dialer);
    stream_close(s->stream);
    comport_free(s->comport);
    pty_input_end(s);
    buf_free(&s->early);
    if (s->timer)
        event_free(s->timer);
    if (s->stable)
        event_free(s->stable);
    if (s->reset)
        event_free(s->reset);
    if (s->failure)
        event_free(s->failure);
    free(s);
}
