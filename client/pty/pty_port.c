#include "pty_port.h"

#include <errno.h>

#include "far_port.h"
#include "line_text.h"
#include "log.h"
#include "pty_connection.h"
#include "pty_input.h"

/* Tells what programs have set. Before anything was told, and while the server's own settings are
 * being asked for, that is everything. */
static void tell_settings(struct pty_port *p)
{
    far_port_tell_settings(p->far, vport_line(p->vport), !p->far->has_told && p->far->learning);
}

void pty_port_introduce(struct pty_port *p, bool has_settings)
{
    if (p->far->has_told || vport_is_open(p->vport) || has_settings)
        far_port_tell_settings(p->far, vport_line(p->vport), true);
    else
        far_port_ask_settings(p->far);
    if (p->no_touch_lines)
        far_port_ask_outputs(p->far);
    else
        far_port_tell_outputs(p->far);
}

void pty_port_adopt_settings(struct pty_port *p, const struct vport_options *options)
{
    struct line_settings line = p->far->told;

    if (options->has_format) {
        line.data_bits = options->format.data_bits;
        line.parity = options->format.parity;
        line.stop = options->format.stop;
    }
    if (vport_set_line(p->vport, &line) && options->has_format)
        tell_settings(p);
}

void pty_port_hang_up(struct pty_port *p)
{
    char error[VPORT_ERROR_MAX];

    pty_input_forget(p->input);
    if (!p->no_touch_lines)
        p->far->outputs = 0;
    if (vport_hang_up(p->vport, error) < 0)
        log_error("%s", error);
}

/* --- what programs do ------------------------------------------------------------------------- */

static void on_opened(void *ctx)
{
    struct pty_port *p = ctx;

    log_debug("%s: opened", p->name);
    p->used = true;
    tell_settings(p);
    p->hung_up = vport_line(p->vport)->baud == 0;
    if (!p->no_touch_lines)
        far_port_set_outputs(p->far, p->hung_up ? 0 : (unsigned)LINE_OUTPUTS);
    pty_connection_flush(p->connection);
}

static void on_closed(void *ctx)
{
    struct pty_port *p = ctx;

    log_debug("%s: closed", p->name);
    pty_input_forget(p->input);
    if (vport_hupcl(p->vport) && !p->no_touch_lines)
        far_port_set_outputs(p->far, 0);
    pty_connection_flush(p->connection);
    p->changed(p->ctx);
}

static void on_settings(void *ctx, const struct line_settings *line)
{
    struct pty_port *p = ctx;
    char text[LINE_TEXT_MAX];

    line_text(line, text);
    log_debug("%s: set to %s", p->name, text);
    if (p->raw)
        return;
    tell_settings(p);
    /* speed 0 hangs up, another one after it raises the lines again */
    if (line->baud == 0)
        far_port_set_outputs(p->far, 0);
    else if (p->hung_up && vport_is_open(p->vport))
        far_port_set_outputs(p->far, LINE_OUTPUTS);
    p->hung_up = line->baud == 0;
    pty_connection_flush(p->connection);
}

static void on_written(void *ctx, const uint8_t *data, size_t len)
{
    struct pty_port *p = ctx;

    if (!p->connection->ready) /* lost while the port was being read */
        return;
    pty_connection_send(p->connection, data, len, vport_line(p->vport));
    p->changed(p->ctx);
}

static void on_flushed(void *ctx, bool rx, bool tx)
{
    struct pty_port *p = ctx;

    log_debug("%s: flushed%s%s", p->name, rx ? " input" : "", tx ? " output" : "");
    if (rx)
        pty_input_forget(p->input);
    if (p->connection->ready && !p->raw) {
        far_port_tell(p->far, RFC2217_PURGE_DATA,
                      (rx ? RFC2217_PURGE_RX : 0u) | (tx ? RFC2217_PURGE_TX : 0u));
        if (rx && p->far->peer->purge_is_exact)
            pty_input_purge(p->input);
        pty_connection_flush(p->connection);
    }
    p->changed(p->ctx);
}

static void on_writable(void *ctx)
{
    struct pty_port *p = ctx;

    pty_input_continue(p->input);
    p->changed(p->ctx);
}

static const struct vport_callbacks callbacks = {
    .opened = on_opened,
    .closed = on_closed,
    .received = on_written,
    .settings = on_settings,
    .flushed = on_flushed,
    .writable = on_writable,
};

int pty_port_begin(struct pty_port *p, struct event_base *base, bool stale,
                   const struct vport_options *options, char error[static VPORT_ERROR_MAX])
{
    p->vport = vport_new(base, p->name, stale, options, &p->far->told, &callbacks, p, error);
    return p->vport ? 0 : -EIO;
}
