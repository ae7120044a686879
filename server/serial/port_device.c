/*
 * The device of a port: opened, settled for the next owner, left when its bytes are out, lost and
 * looked for. See port.c.
 */
#include "port_state.h"

#include <errno.h>
#include <stdio.h>

#include <event2/event.h>

#include "log.h"
#include "log_peer.h"
#include "line_text.h"
#include "os.h"
#include "reset.h"
#include "serial_identity.h"
#include "serial_list.h"
#include "serial_session.h"
#include "loop_port.h"

enum {
    RETRY_MS = 500, /* looking for an unplugged device */
    LINGER_TICK_MS = 20,
    LINGER_STUCK_MS = 5000, /* without progress: what is left is given up */
    TELL_WAIT_MS = 1000,
    SETTLE_STUCK_MS = 2000, /* likewise, where somebody waits: pyserial does so for 3 s */
};

/* --- opening -------------------------------------------------------------------------------- */

static void set_timer(struct event *timer, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_add(timer, &delay);
}

struct line_settings port_idle_settings(const struct port_options *s,
                                        const struct line_settings *found)
{
    struct line_settings line = *found;

    if (s->has_baud)
        line.baud = s->line.baud;
    if (s->has_format) {
        line.data_bits = s->line.data_bits;
        line.parity = s->line.parity;
        line.stop = s->line.stop;
    }
    if (s->has_flow) {
        line.flow_out = s->line.flow_out;
        line.flow_in = s->line.flow_in;
    }
    return line;
}

/* The outputs that an open has to set: a device that comes back gets all it had; with
 * no_touch_lines the others stay as the system has opened them. */
static unsigned outputs_to_set(const struct port_options *s, bool again)
{
    if (again || !s->no_touch_lines)
        return LINE_OUTPUTS;
    return (s->dtr != PORT_LEVEL_KEEP ? (unsigned)LINE_DTR : 0) |
           (s->rts != PORT_LEVEL_KEEP ? (unsigned)LINE_RTS : 0);
}

unsigned port_idle_outputs(const struct port_options *s, unsigned found)
{
    unsigned outputs = found & LINE_OUTPUTS;

    if (s->dtr != PORT_LEVEL_KEEP)
        outputs = s->dtr == PORT_LEVEL_ON ? outputs | LINE_DTR : outputs & ~(unsigned)LINE_DTR;
    if (s->rts != PORT_LEVEL_KEEP)
        outputs = s->rts == PORT_LEVEL_ON ? outputs | LINE_RTS : outputs & ~(unsigned)LINE_RTS;
    return outputs;
}

void port_identify(struct port *p, const char *path)
{
    serial_identity_free(p->identity);
    p->identity = serial_identity_new(path);
}

/* Whether what stands under the name may be opened: for those who have the port already only the
 * same device, for a new client whichever there is, and never another program's pseudo-terminal. */
static int check_identity(struct port *p, const char *path, char error[static SERIAL_ERROR_MAX])
{
    if (!p->identity)
        return 0;
    enum serial_match match = serial_identity_match(p->identity, path, error);
    if (match == SERIAL_SAME || (match == SERIAL_OTHER && !p->strict))
        return 0;
    if (p->state == PORT_LOST && !p->told_other)
        log_warn("%s", error);
    p->told_other = true;
    return -ENODEV;
}

/* Opens the device, as it is; sets p->serial. */
static int open_device(struct port *p, struct line_settings *found,
                       char error[static SERIAL_ERROR_MAX])
{
    const struct port_options *s = p->options;
    const struct serial_options options = {.low_latency = !s->no_low_latency,
                                           .hupcl = !s->no_hupcl};
    char path[SERIAL_IO_PATH_MAX];
    int r = 0;

    if (s->loop) {
        p->serial = loop_port_open(p->base, s->paced, &port_device_callbacks, p, found);
        snprintf(error, SERIAL_ERROR_MAX, "out of memory");
        return p->serial ? 0 : -ENOMEM;
    }
    r = serial_find(s->selector, s->interface, path, error);
    if (r == 0)
        r = check_identity(p, path, error);
    if (r < 0)
        return r;
    p->serial =
        serial_io_open(p->base, path, &options, &port_device_callbacks, p, found, &r, error);
    if (p->serial)
        port_identify(p, path);
    return r;
}

static void apply_settings(struct port *p, const struct line_settings *want)
{
    char text[LINE_TEXT_MAX];
    int r = serial_configure(p->serial, want, &p->line);

    if (r < 0 || !line_settings_equal(want, &p->line)) {
        line_text(want, text);
        log_peer_warn(p->options->name, "%s: the driver does not do %s%s%s", p->options->name, text,
                      r < 0 ? ": " : "", r < 0 ? os_error_text(-r) : "");
    }
}

int port_open(struct port *p, char error[static SERIAL_ERROR_MAX])
{
    struct line_settings found;
    bool again = p->state == PORT_LOST;
    int r = open_device(p, &found, error);

    if (r < 0)
        return r;
    if (!again) {
        p->idle = port_idle_settings(p->options, &found);
        p->line = p->idle;
        p->outputs = port_idle_outputs(p->options, serial_lines(p->serial));
        p->broken = false;
    }
    p->state = PORT_OPEN;
    p->told_other = false;
    p->reading = false;
    port_set_outputs(p, outputs_to_set(p->options, again), p->outputs);
    struct line_settings want = p->line;
    apply_settings(p, &want);
    if (p->broken)
        serial_set_break(p->serial, true);

    char text[LINE_TEXT_MAX];
    line_text(&p->line, text);
    log_peer_info(p->options->name, "%s: %s, %s", p->options->name, again ? "back" : "open", text);
    return 0;
}

/* --- closing -------------------------------------------------------------------------------- */

void port_close_device(struct port *p)
{
    event_del(p->timer);
    event_del(p->settle_timer);
    serial_close(p->serial);
    p->serial = NULL;
    p->state = PORT_CLOSED;
    p->settling = false;
    p->before = p->behind = 0;
    p->broken = false;
    buf_drain(&p->to_device, p->to_device.len);
}

void port_put_back(struct port *p)
{
    unsigned down = p->options->no_hupcl ? 0 : (unsigned)LINE_OUTPUTS;

    if (p->broken)
        port_set_break(p, false);
    port_set_outputs(p, down, 0); /* under the settings of who has gone, as at a program's close */
    if (p->serial)
        apply_settings(p, &p->idle);
    else
        p->line = p->idle;
}

void port_drop_output(struct port *p)
{
    if (p->to_device.len > 0)
        log_peer_warn(p->options->name,
                      "%s: %zu bytes that a client had sent are dropped: the device is unplugged",
                      p->options->name, p->to_device.len);
    buf_drain(&p->to_device, p->to_device.len);
    p->before = p->behind = 0;
}

void port_raise_lines(struct port *p)
{
    if (!p->options->no_hupcl)
        port_set_outputs(p, LINE_OUTPUTS, port_idle_outputs(p->options, LINE_OUTPUTS));
}

static void progress_begin(struct port_progress *g, size_t left)
{
    g->left = left;
    g->since_ms = os_now_ms();
}

/* Notes what is left. Whether that has been as much for so long. */
static bool progress_is_stuck(struct port_progress *g, size_t left, unsigned limit_ms)
{
    if (left < g->left)
        progress_begin(g, left);
    return os_now_ms() - g->since_ms >= limit_ms;
}

/* What the owner before has left to send. */
static size_t unsettled(const struct port *p)
{
    return p->before + serial_untransmitted(p->serial);
}

static void settle(struct port *p, size_t bytes)
{
    p->settling = true;
    p->before = bytes;
    p->behind = 0;
    p->told = false;
    p->settle_since_ms = os_now_ms();
    progress_begin(&p->settle, unsettled(p));
    set_timer(p->settle_timer, LINGER_TICK_MS);
}

void port_settle_now(struct port *p)
{
    const size_t behind = p->serial ? p->behind : 0;
    const size_t dropped = p->before + p->behind - behind;

    if (!p->settling)
        return;
    p->settling = false;
    event_del(p->settle_timer);
    if (dropped > 0)
        log_peer_warn(
            p->options->name,
            "%s: %zu bytes of the client before are dropped: the device did not take them in "
            "time",
            p->options->name, dropped);
    buf_drain(&p->to_device, dropped);
    p->before = p->behind = 0;
    port_put_back(p);
    if (behind > 0)
        settle(p, behind); /* of one that came and went meanwhile: under the idle settings */
    else if (port_owner(p))
        port_raise_lines(p);
    if (p->serial) /* the driver may have room, and so no reason to ask for what has waited */
        set_timer(p->settle_timer, 0);
}

/* The next client is there, and what it sends waits. */
static void tell_wait(struct port *p, size_t left)
{
    const struct serial_session *owner = port_owner(p);

    if (p->told || !owner || os_now_ms() - p->settle_since_ms < TELL_WAIT_MS)
        return;
    p->told = true;
    log_peer_info(p->options->name, "%s: %s waits for %zu bytes of the client before to go out",
                  p->options->name, session_peer(owner), left);
}

void port_settle(struct port *p)
{
    const size_t left = unsettled(p);

    if (left > 0 && !progress_is_stuck(&p->settle, left, SETTLE_STUCK_MS)) {
        tell_wait(p, left);
        set_timer(p->settle_timer, LINGER_TICK_MS);
        return;
    }
    if (left > 0) { /* not under the settings of the next one */
        log_peer_warn(
            p->options->name,
            "%s: %zu bytes of the client before are dropped: the device does not take them",
            p->options->name, left);
        buf_drain(&p->to_device, p->before);
        p->before = 0;
        serial_purge(p->serial, false, true);
    }
    port_settle_now(p);
    port_on_writable(p);
}

void port_begin_to_settle(struct port *p)
{
    if (p->settling) {
        p->behind = p->to_device.len - p->before;
        return;
    }
    settle(p, p->to_device.len);
    if (unsettled(p) == 0)
        port_settle_now(p);
}

void port_on_settle_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct port *p = ctx;

    (void)fd;
    (void)what;
    if (p->serial)
        port_on_writable(p);
    if (p->settling)
        port_settle(p);
}

/* All that the last client sent is out, or given up. */
static void finish_lingering(struct port *p)
{
    event_del(p->timer);
    if (p->options->hold) {
        p->state = PORT_OPEN;
        port_put_back(p);
        port_update(p);
        return;
    }
    port_close_device(p);
    log_peer_info(p->options->name, "%s: closed", p->options->name);
}

void port_linger(struct port *p)
{
    const size_t left = port_untransmitted(p);

    if (p->state != PORT_LINGERING)
        progress_begin(&p->linger, left);
    p->state = PORT_LINGERING;
    if (left > 0 && !progress_is_stuck(&p->linger, left, LINGER_STUCK_MS)) {
        set_timer(p->timer, LINGER_TICK_MS);
        return;
    }
    if (left > 0) {
        log_peer_warn(
            p->options->name,
            "%s: %zu bytes that a client had sent are dropped: the device does not take them",
            p->options->name, left);
        buf_drain(&p->to_device, p->to_device.len);
        p->before = p->behind = 0;
        serial_purge(p->serial, false, true);
    }
    finish_lingering(p);
}

void port_await_device(struct port *p)
{
    p->state = PORT_LOST;
    set_timer(p->timer, RETRY_MS);
}

void port_on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct port *p = ctx;
    char error[SERIAL_ERROR_MAX];

    (void)fd;
    (void)what;
    if (p->state == PORT_LINGERING) {
        port_linger(p);
        return;
    }
    if (p->state != PORT_LOST)
        return;
    if (port_open(p, error) < 0) {
        port_await_device(p);
        return;
    }
    port_on_writable(p);
    port_on_lines(p, port_lines(p) & LINE_INPUTS, 0);
    port_update(p);
}

void port_on_gone(void *ctx, int error)
{
    struct port *p = ctx;
    const struct port_options *s = p->options;
    bool keep = s->hotplug || s->hold;

    log_warn("%s: the device has gone (%s)%s", s->name, os_error_text(-error),
             keep ? "; waiting for its return" : "");
    serial_close(p->serial);
    p->serial = NULL;
    p->strict = true;
    event_del(p->timer);
    if (p->state == PORT_LINGERING)
        port_put_back(p);
    port_settle_now(p);
    p->state = PORT_CLOSED;
    if (!port_owner(p))
        port_drop_output(p);
    if (keep && (p->sessions || s->hold))
        port_await_device(p);
    reset_device_gone(p->reset);
    if (!s->hotplug)
        port_end_sessions(p, "its device has gone");
    else
        port_on_lines(p, 0, 0);
}
