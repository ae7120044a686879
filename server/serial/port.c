/*
 * Theory of operation. The device is in one of four states:
 *
 *   CLOSED  --first client, or start with `hold`-->  OPEN
 *   OPEN    --last client gone-->  LINGERING, until what it sent is on the wire  -->  CLOSED
 *   OPEN    --unplugged-->  LOST (with `hotplug` or `hold`), tried again twice a second  -->  OPEN
 *   OPEN    --unplugged-->  CLOSED, sessions ended (without)
 *
 * When an owner goes and the device stays open for others, or the next one comes while it lingers,
 * the old one's bytes go out under its settings first (`settling`). The next one's bytes and
 * commands that change the line wait for that; it is told the idle settings, which it will have.
 *
 * Bytes for the device go straight to the driver; what it does not take waits in `to_device`, and
 * past a bound the sessions pause their clients. Bytes from the device go straight to the sessions;
 * when the owner cannot take more, the device is not read. Where observers read along and the
 * device cannot be held by flow control, it is: who is slow then loses bytes, and nobody else.
 * Which of these holds is computed in one place, port_update.
 *
 * The device's states are in port_device.c, who is let in in port_clients.c.
 */
#include "port_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "gate.h"
#include "log.h"
#include "line_text.h"
#include "reset.h"
#include "serial_identity.h"
#include "serial_list.h"
#include "serial_session.h"

enum {
    TO_DEVICE_FULL = 64 * 1024,                          /* pause clients */
    TO_DEVICE_AHEAD = 192 * 1024,                        /* likewise one who is read ahead */
    READ_BEYOND = 128 * 1024,                            /* what was read before they paused */
    TO_DEVICE_MAX = 2 * (TO_DEVICE_AHEAD + READ_BEYOND), /* of an owner and the one before */
};

/* --- bytes ---------------------------------------------------------------------------------- */

static void on_device_data(void *ctx, const uint8_t *data, size_t len)
{
    struct port *p = ctx;
    struct serial_session *next;

    log_bytes(p->options->name, data, len);
    for (struct serial_session *s = p->sessions; s; s = next) {
        next = session_next(s);
        session_data(s, data, len);
    }
    port_update(p);
}

void port_on_writable(void *ctx)
{
    struct port *p = ctx;
    struct serial_session *next;

    size_t len = p->settling ? p->before : p->to_device.len;
    if (len > 0) {
        int n = serial_write(p->serial, buf_head(&p->to_device), len);

        if (n < 0) {
            port_on_gone(p, n);
            return;
        }
        buf_drain(&p->to_device, (size_t)n);
        p->before -= p->settling ? (size_t)n : 0;
        if (n > 0 && port_owner(p))
            session_device_took(port_owner(p));
    }
    if (p->to_device.len > TO_DEVICE_FULL / 2)
        return;
    for (struct serial_session *s = p->sessions; s; s = next) {
        next = session_next(s);
        session_port_ready(s);
    }
}

int port_write(struct port *p, const uint8_t *data, size_t len)
{
    int n = 0;

    p->written += len;
    if (p->serial && p->to_device.len == 0 && !p->settling) {
        n = serial_write(p->serial, data, len);
        if (n < 0) /* it has gone, which is told soon; what is queued now waits for its return */
            n = 0;
    }
    return (size_t)n < len ? buf_add(&p->to_device, data + n, len - (size_t)n) : 0;
}

/* What waits of the owner, and of those that have gone and have its settings. */
static size_t waits_for_device(const struct port *p)
{
    return p->to_device.len - (p->settling ? p->before : 0);
}

bool port_is_full(const struct port *p)
{
    return waits_for_device(p) >= TO_DEVICE_FULL;
}

bool port_is_full_ahead(const struct port *p)
{
    return waits_for_device(p) >= TO_DEVICE_AHEAD;
}

size_t port_untransmitted(const struct port *p)
{
    /* what waits for an unplugged device is not on its way */
    size_t left = p->serial ? p->to_device.len + serial_untransmitted(p->serial) : 0;

    return p->settling && left == 0 ? 1 : left;
}

uint64_t port_taken(const struct port *p)
{
    return p->written - port_untransmitted(p);
}

/* Whether a device that is not read waits, and does not go on sending. */
static bool can_hold_device(const struct port *p)
{
    return p->line.flow_in != LINE_FLOW_NONE;
}

void port_update(struct port *p)
{
    const struct serial_session *owner = port_owner(p);
    bool observed = false, errors = false;

    for (struct serial_session *s = p->sessions; s; s = session_next(s)) {
        observed = observed || session_observes(s);
        errors = errors || session_wants_errors(s);
    }
    bool read = p->state == PORT_OPEN &&
                (!owner || session_wants_data(owner) || (observed && !can_hold_device(p)));
    /* with nobody there bytes are read and dropped: with `hold` the next client gets new ones, and
     * a device that waits for its bytes to be read would not take the last ones of a client */
    if (p->state == PORT_LINGERING || (p->state == PORT_OPEN && !p->sessions))
        read = true;
    if (!p->serial)
        return;
    serial_watch_errors(p->serial, errors);
    if (read != p->reading) {
        p->reading = read;
        serial_read(p->serial, read);
    }
}

/* --- state ---------------------------------------------------------------------------------- */

const struct line_settings *port_line(const struct port *p)
{
    return p->settling ? &p->idle : &p->line;
}

int port_configure(struct port *p, const struct line_settings *want, struct line_settings *got)
{
    int r = 0;

    port_settle_now(p);
    if (p->serial)
        r = serial_configure(p->serial, want, &p->line);
    else
        p->line = *want;
    *got = p->line;
    port_update(p); /* with other flow control the device may be held, or not */
    return r;
}

unsigned port_lines(const struct port *p)
{
    unsigned lines = p->serial ? serial_lines(p->serial) : p->outputs;

    if (p->settling && !p->options->no_hupcl)
        lines = (lines & LINE_INPUTS) | port_idle_outputs(p->options, LINE_OUTPUTS);
    return lines;
}

int port_set_outputs(struct port *p, unsigned mask, unsigned values)
{
    port_settle_now(p);
    int r = p->serial && mask ? serial_set_outputs(p->serial, mask, values) : 0;

    if (r == 0)
        p->outputs = (p->outputs & ~mask) | (values & mask);
    return r;
}

bool port_break(const struct port *p)
{
    return p->broken;
}

int port_set_break(struct port *p, bool on)
{
    if (on)
        port_settle_now(p);
    int r = p->serial ? serial_set_break(p->serial, on) : 0;

    if (r == 0)
        p->broken = on;
    return r;
}

int port_purge(struct port *p, bool rx, bool tx)
{
    if (tx) {
        buf_drain(&p->to_device, p->to_device.len);
        p->before = 0;
    }
    return p->serial ? serial_purge(p->serial, rx, tx) : 0;
}

int port_reset(struct port *p, void (*ended)(void *ctx, bool done), void *ctx)
{
    if (!p->reset)
        return -ENOTSUP;
    return p->serial ? reset_start(p->reset, ended, ctx) : -ENODEV;
}

void port_on_lines(void *ctx, unsigned inputs, unsigned edges)
{
    struct port *p = ctx;
    struct serial_session *next;
    char text[LINE_TEXT_MAX];

    line_modem_text(inputs, text);
    log_debug("%s: modem inputs %s", p->options->name, text);
    for (struct serial_session *s = p->sessions; s; s = next) {
        next = session_next(s);
        session_lines(s, inputs, edges);
    }
}

static void on_device_errors(void *ctx, unsigned state)
{
    struct port *p = ctx;
    struct serial_session *next;

    for (struct serial_session *s = p->sessions; s; s = next) {
        next = session_next(s);
        session_errors(s, state);
    }
}

const struct serial_callbacks port_device_callbacks = {
    .received = on_device_data,
    .writable = port_on_writable,
    .lines = port_on_lines,
    .errors = on_device_errors,
    .gone = port_on_gone,
};

/* --- the port itself ------------------------------------------------------------------------ */

const char *port_name(const struct port *p)
{
    return p->options->name;
}

const struct port_options *port_options(const struct port *p)
{
    return p->options;
}

struct event_base *port_loop(const struct port *p)
{
    return p->base;
}

void port_report(const struct port *p)
{
    static const char *const states[] = {"closed", "open", "closing", "unplugged"};
    const struct serial_session *owner = port_owner(p);
    char line[LINE_TEXT_MAX], lines[LINE_TEXT_MAX];

    line_text(&p->line, line);
    line_modem_text(port_lines(p), lines);
    log_info("%s on %s: %s, %s, lines %s, client %s%s%s", p->options->name, gate_text(p->gate),
             states[p->state], line, lines, owner ? session_peer(owner) : "none",
             owner ? " speaks " : "", owner ? session_speaks(owner) : "");
}

/* What can be known to go wrong before the first client comes. */
static int check_device(struct port *p, char error[static CLI_ERROR_MAX])
{
    const struct port_options *s = p->options;
    char path[SERIAL_IO_PATH_MAX];

    if (s->loop)
        return 0;
    int r = serial_find(s->selector, s->interface, path, error);
    if (r == 0)
        r = serial_io_check(path, error);
    if (r == 0)
        port_identify(p, path);
    if (r == 0 || !s->hotplug || r == -ENOTTY || r == -EEXIST)
        return r;
    /* it may come, and with its rights; what it is not it does not become */
    log_info("%s; waiting for it", error);
    return 0;
}

static void on_opened(void *ctx)
{
    const struct port *p = ctx;

    log_info("%s: listening on %s", p->options->name, gate_text(p->gate));
}

static const struct gate_callbacks gate_callbacks = {port_on_newcomer, on_opened};

struct port *port_new(struct event_base *base, struct crowd *crowd,
                      const struct port_options *options, const struct addr *listen,
                      char error[static CLI_ERROR_MAX])
{
    const struct gate_options gate = {
        .mode = options->mode == PORT_MODE_RAW ? GATE_RAW : GATE_SERIAL,
        .queue_max = SESSION_STREAM_MAX,
        .name = options->name,
    };
    struct port *p = calloc(1, sizeof *p);

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!p)
        return NULL;
    p->base = base;
    p->options = options;
    p->line = p->idle = port_idle_settings(options, &line_default);
    buf_init(&p->to_device, TO_DEVICE_MAX);
    p->timer = evtimer_new(base, port_on_timer, p);
    p->settle_timer = evtimer_new(base, port_on_settle_timer, p);
    p->next_event = evtimer_new(base, port_on_next, p);
    if (!p->timer || !p->settle_timer || !p->next_event || check_device(p, error) < 0)
        goto fail;
    if (options->reset) {
        p->reset = reset_new(base, p, options->reset);
        if (!p->reset)
            goto fail;
    }
    p->gate = gate_new(base, crowd, listen, &gate, &gate_callbacks, p, error);
    if (!p->gate)
        goto fail;
    if (options->hold && port_open(p, error) < 0) {
        if (!options->hotplug)
            goto fail;
        p->outputs = port_idle_outputs(options, LINE_OUTPUTS);
        port_await_device(p);
    }
    port_update(p);
    if (!gate_is_waiting(p->gate))
        on_opened(p);
    return p;

fail:
    port_free(p);
    return NULL;
}

void port_free(struct port *p)
{
    if (!p)
        return;
    gate_close(p->gate);
    port_end_waiting(p);
    port_end_sessions(p, "com2net ends");
    gate_free(p->gate);
    p->gate = NULL;
    reset_free(p->reset);
    if (p->serial && port_untransmitted(p) > 0)
        log_warn("%s: %zu bytes that a client had sent are dropped: com2net ends", p->options->name,
                 port_untransmitted(p));
    if (p->serial)
        port_close_device(p);
    if (p->timer)
        event_free(p->timer);
    if (p->settle_timer)
        event_free(p->settle_timer);
    if (p->next_event)
        event_free(p->next_event);
    buf_free(&p->to_device);
    serial_identity_free(p->identity);
    free(p);
}
