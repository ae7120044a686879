/*
 * A link: its port, which programs open, its socket, over which others ask for it, and the session
 * with the far port. The programs' settings are compared with those the server was last told. The
 * difference is sent ahead of the data that follows.
 *
 * While no program has the port open, DTR and RTS are low. The first open raises them, and the last
 * close lets them fall if HUPCL is set. With no_touch_lines neither happens, and a connection only
 * asks how they are.
 */
#include "pty_session.h"

#include <stdio.h>
#include <stdlib.h>

#include "control.h"
#include "far_session.h"
#include "log.h"
#include "pty_input.h"
#include "pty_ioctl.h"
#include "pty_port.h"
#include "pty_report.h"
#include "pty_reset.h"

struct pty_session {
    struct event_base *base;
    const struct pty_session_options *options;
    const struct pty_session_callbacks *callbacks;
    void *ctx;
    const char *name; /* the link, for the log */
    struct control *control;
    struct far_session session;
    struct pty_input input;
    struct pty_port port;
    struct pty_ioctl ioctl;
    struct pty_reset reset;
    void (*changed)(void *ctx); /* NULL unless somebody watches */
    void *changed_ctx;
};

/* --- the session with the far port ------------------------------------------------------------ */

static void on_connected(void *ctx)
{
    struct pty_session *s = ctx;

    s->callbacks->connected(s->ctx);
}

static void on_heard(void *ctx)
{
    struct pty_session *s = ctx;

    if (s->changed)
        s->changed(s->changed_ctx);
}

static void on_lost(void *ctx)
{
    struct pty_session *s = ctx;

    if (!s->options->hangup)
        return;
    pty_port_hang_up(&s->port);
    control_end_visits(s->control);
}

static const struct far_session_callbacks session_callbacks = {on_connected, on_heard, on_lost};

static void on_changed(void *ctx)
{
    struct pty_session *s = ctx;

    far_session_update(&s->session);
}

/* --- who asks over the socket beside the link --------------------------------------------------
 */

bool pty_session_has_device(const struct pty_session *s)
{
    return far_session_has_device(&s->session);
}

bool pty_session_is_connected(const struct pty_session *s)
{
    return far_session_is_connected(&s->session);
}

void pty_session_trouble(const struct pty_session *s, char text[static PTY_SESSION_TROUBLE_MAX])
{
    far_session_trouble(&s->session, text);
}

const char *pty_session_server(const struct pty_session *s)
{
    return s->session.trouble.server;
}

void pty_session_report(const struct pty_session *s, char text[static PTY_REPORT_MAX])
{
    const struct far_session *far = &s->session;
    const struct pty_report report = {
        .link = s->name,
        .device = vport_device(s->port.vport),
        .server = far->trouble.server,
        .state = far_session_state_name(far),
        .trouble = far->trouble.text,
        .is_connected = far->state == FAR_SESSION_READY,
        .raw = s->options->raw,
        .signature = far->far.signature,
        .line = *vport_line(s->port.vport),
        .lines = far->far.outputs | far->far.inputs,
        .is_open = vport_is_open(s->port.vport),
        .received = s->input.received,
        .sent = far->connection.sent,
        .waiting_for_programs = s->input.waiting.len,
        .waiting_for_server = pty_connection_queued(&far->connection),
        .dropped = s->input.dropped,
        .lost = far->connection.lost,
        .connections = far->connections,
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

    far_session_count(&s->session);
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

/* Tells each part its neighbours. */
static void set_up(struct pty_session *s)
{
    const struct pty_session_options *o = s->options;
    struct far_port *far = &s->session.far;
    struct pty_connection *connection = &s->session.connection;

    s->session = (struct far_session){.base = s->base,
                                      .name = s->name,
                                      .port = &s->port,
                                      .input = &s->input,
                                      .reset = &s->reset,
                                      .port_options = &o->port,
                                      .raw = o->raw,
                                      .has_speed = o->baud != 0,
                                      .counts = o->counts,
                                      .callbacks = &session_callbacks,
                                      .ctx = s};
    s->input = (struct pty_input){
        .name = s->name, .far = far, .connection = connection, .changed = on_changed, .ctx = s};
    s->port = (struct pty_port){.name = s->name,
                                .far = far,
                                .connection = connection,
                                .input = &s->input,
                                .raw = o->raw,
                                .no_touch_lines = o->no_touch_lines,
                                .changed = on_changed,
                                .ctx = s};
    s->reset = (struct pty_reset){.name = s->name,
                                  .far = far,
                                  .connection = connection,
                                  .raw = o->raw,
                                  .ended = on_reset_ended,
                                  .ctx = s};
    s->ioctl = (struct pty_ioctl){.far = far, .connection = connection, .input = &s->input};
    far->told = first_settings(o);
}

/* Publishes the link: its socket, and its port. Returns 0, or negative with the reason. */
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
    struct pty_session *s = calloc(1, sizeof *s);

    snprintf(error, VPORT_ERROR_MAX, "out of memory");
    if (!s)
        return NULL;
    s->base = base;
    s->options = options;
    s->callbacks = callbacks;
    s->ctx = ctx;
    s->name = options->link;
    set_up(s);
    pty_input_begin(&s->input, base);
    pty_reset_begin(&s->reset, base);
    if (far_session_begin(&s->session, &options->server) < 0 || publish(s, error) < 0) {
        pty_session_free(s);
        return NULL;
    }
    log_info("%s: made (a link to %s); connecting to %s", s->name, vport_device(s->port.vport),
             s->session.trouble.server);
    far_session_start(&s->session);
    return s;
}

void pty_session_withdraw(struct pty_session *s)
{
    if (!s)
        return;
    vport_withdraw(s->port.vport);
    control_free(s->control);
    s->control = NULL;
    far_session_stop(&s->session);
}

void pty_session_free(struct pty_session *s)
{
    if (!s)
        return;
    vport_free(s->port.vport);
    control_free(s->control);
    far_session_end(&s->session);
    pty_input_end(&s->input);
    pty_reset_end(&s->reset);
    free(s);
}
