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
 * when one of them cannot take more, the device is not read. Which of these holds is computed in
 * one place, port_update.
 */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "log.h"
#include "line_text.h"
#include "os.h"
#include "proto/buf.h"
#include "reset.h"
#include "serial_list.h"
#include "serial_session.h"
#include "virtual/loop_port.h"

enum {
    TO_DEVICE_FULL = 65536,    /* pause clients */
    TO_DEVICE_MAX = 4 * 65536, /* what was read before they paused fits */
    RETRY_MS = 500,            /* looking for an unplugged device */
    LINGER_TICK_MS = 20,
    LINGER_STUCK_MS = 5000, /* without progress: what is left is given up */
    SETTLE_STUCK_MS = 2000, /* likewise, where somebody waits: pyserial does so for 3 s */
    NEXT_MS = 2500,         /* for an owner that has closed and whose commands are being done */
};

enum port_state {
    PORT_CLOSED,
    PORT_OPEN,
    PORT_LINGERING,
    PORT_LOST,
};

struct port {
    struct event_base *base;
    const struct source *source;
    struct listener *listener;
    enum port_state state;
    struct serial *serial; /* while OPEN or LINGERING */
    struct serial_session *sessions;
    struct line_settings idle; /* the administrator's: in force when a session begins */
    struct line_settings line; /* in force */
    unsigned outputs;          /* as last set */
    bool broken;
    bool reading;
    bool replacing; /* an owner goes because the next one is there */
    bool settling;  /* OPEN, and bytes of the owner before are going out */
    size_t before;  /* settling: how much of to_device is theirs */
    struct buf to_device;
    struct reset *reset; /* NULL without reset= */
    struct event *timer; /* LINGERING, settling: progress; LOST: retry */
    size_t linger_left;
    uint64_t linger_since_ms;
    evutil_socket_t next;     /* a client that waits for the owner's end, or -1 */
    struct event *next_event; /* it waits no longer */
};

/* --- opening -------------------------------------------------------------------------------- */

static void on_device_data(void *ctx, const uint8_t *data, size_t len);
static void on_device_writable(void *ctx);
static void on_device_lines(void *ctx, unsigned inputs, unsigned edges);
static void on_device_errors(void *ctx, unsigned state);
static void on_device_gone(void *ctx, int error);

static const struct serial_callbacks device_callbacks = {
    .received = on_device_data,
    .writable = on_device_writable,
    .lines = on_device_lines,
    .errors = on_device_errors,
    .gone = on_device_gone,
};

static struct serial_session *port_owner(const struct port *p);

static void set_timer(struct port *p, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_add(p->timer, &delay);
}

/* What the source says, over what the port was found with. */
static struct line_settings idle_settings(const struct source *s, const struct line_settings *found)
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
static unsigned outputs_to_set(const struct source *s, bool again)
{
    if (again || !s->no_touch_lines)
        return LINE_OUTPUTS;
    return (s->dtr != SOURCE_LEVEL_KEEP ? (unsigned)LINE_DTR : 0) |
           (s->rts != SOURCE_LEVEL_KEEP ? (unsigned)LINE_RTS : 0);
}

static unsigned idle_outputs(const struct source *s, unsigned found)
{
    unsigned outputs = found & LINE_OUTPUTS;

    if (s->dtr != SOURCE_LEVEL_KEEP)
        outputs = s->dtr == SOURCE_LEVEL_ON ? outputs | LINE_DTR : outputs & ~(unsigned)LINE_DTR;
    if (s->rts != SOURCE_LEVEL_KEEP)
        outputs = s->rts == SOURCE_LEVEL_ON ? outputs | LINE_RTS : outputs & ~(unsigned)LINE_RTS;
    return outputs;
}

/* Opens the device, as it is; sets p->serial. */
static int open_device(struct port *p, struct line_settings *found,
                       char error[static SERIAL_ERROR_MAX])
{
    const struct source *s = p->source;
    const struct serial_options options = {.low_latency = !s->no_low_latency,
                                           .hupcl = !s->no_hupcl};
    char path[SERIAL_IO_PATH_MAX];
    int r = 0;

    if (s->kind == SOURCE_LOOP) {
        p->serial = loop_port_open(p->base, s->paced, &device_callbacks, p, found);
        snprintf(error, SERIAL_ERROR_MAX, "out of memory");
        return p->serial ? 0 : -ENOMEM;
    }
    r = serial_find(s->selector, s->interface, path, error);
    if (r < 0)
        return r;
    p->serial = serial_io_open(p->base, path, &options, &device_callbacks, p, found, &r, error);
    return r;
}

static void apply_settings(struct port *p, const struct line_settings *want)
{
    char text[LINE_TEXT_MAX];
    int r = serial_configure(p->serial, want, &p->line);

    if (r < 0 || !line_settings_equal(want, &p->line)) {
        line_text(want, text);
        log_warn("%s: the driver does not do %s%s%s", p->source->name, text, r < 0 ? ": " : "",
                 r < 0 ? os_error_text(-r) : "");
    }
}

/* Opens the device for its first session, or again for those there are. */
static int port_open(struct port *p, char error[static SERIAL_ERROR_MAX])
{
    struct line_settings found;
    bool again = p->state == PORT_LOST;
    int r = open_device(p, &found, error);

    if (r < 0)
        return r;
    if (!again) {
        p->idle = idle_settings(p->source, &found);
        p->line = p->idle;
        p->outputs = idle_outputs(p->source, serial_lines(p->serial));
        p->broken = false;
    }
    p->state = PORT_OPEN;
    p->reading = false;
    port_set_outputs(p, outputs_to_set(p->source, again), p->outputs);
    struct line_settings want = p->line;
    apply_settings(p, &want);
    if (p->broken)
        serial_set_break(p->serial, true);

    char text[LINE_TEXT_MAX];
    line_text(&p->line, text);
    log_info("%s: %s, %s", p->source->name, again ? "back" : "open", text);
    return 0;
}

/* --- closing -------------------------------------------------------------------------------- */

static void port_close_device(struct port *p)
{
    event_del(p->timer);
    serial_close(p->serial);
    p->serial = NULL;
    p->state = PORT_CLOSED;
    p->settling = false;
    p->before = 0;
    p->broken = false;
    buf_drain(&p->to_device, p->to_device.len);
}

/* Puts back what the last session changed on a device that stays open. */
static void put_back(struct port *p)
{
    unsigned down = p->source->no_hupcl ? 0 : (unsigned)LINE_OUTPUTS;

    if (p->broken)
        port_set_break(p, false);
    if (p->serial)
        apply_settings(p, &p->idle);
    else
        p->line = p->idle;
    port_set_outputs(p, down, 0);
}

/* The lines of a new owner: the end of the one before took them down, this one begins like an open,
 * or as the source says. */
static void raise_lines(struct port *p)
{
    if (!p->source->no_hupcl)
        port_set_outputs(p, LINE_OUTPUTS, idle_outputs(p->source, LINE_OUTPUTS));
}

/* The bytes of the owner before are out, or given up. */
static void settle_now(struct port *p)
{
    if (!p->settling)
        return;
    p->settling = false;
    event_del(p->timer);
    if (p->before > 0)
        log_warn("%s: %zu bytes of the client before are dropped: the device did not take them in "
                 "time",
                 p->source->name, p->before);
    buf_drain(&p->to_device, p->before);
    p->before = 0;
    p->linger_left = SIZE_MAX;
    put_back(p);
    if (port_owner(p))
        raise_lines(p);
}

/* What the owner before has left to send. */
static size_t unsettled(const struct port *p)
{
    return p->before + serial_untransmitted(p->serial);
}

static void settle(struct port *p)
{
    size_t left = unsettled(p);
    uint64_t now = os_now_ms();

    if (left < p->linger_left) {
        p->linger_since_ms = now;
        p->linger_left = left;
    }
    if (left > 0 && now - p->linger_since_ms < SETTLE_STUCK_MS) {
        set_timer(p, LINGER_TICK_MS);
        return;
    }
    if (left > 0) { /* not under the settings of the next one */
        log_warn("%s: %zu bytes of the client before are dropped: the device does not take them",
                 p->source->name, left);
        buf_drain(&p->to_device, p->before);
        p->before = 0;
        serial_purge(p->serial, false, true);
    }
    settle_now(p);
    on_device_writable(p);
}

/* Begins to settle; without bytes of the owner before that is all. */
static void begin_to_settle(struct port *p)
{
    if (p->settling) /* what waits behind them is for the idle settings, and stays so */
        return;
    p->settling = true;
    p->before = p->to_device.len;
    p->linger_left = unsettled(p);
    p->linger_since_ms = os_now_ms();
    if (p->linger_left > 0)
        set_timer(p, LINGER_TICK_MS);
    else
        settle_now(p);
}

/* All that the last client sent is out, or given up. */
static void finish_lingering(struct port *p)
{
    event_del(p->timer);
    if (p->source->hold) {
        p->state = PORT_OPEN;
        put_back(p);
        port_update(p);
        return;
    }
    port_close_device(p);
    log_info("%s: closed", p->source->name);
}

static void linger(struct port *p)
{
    size_t left = port_untransmitted(p);
    uint64_t now = os_now_ms();

    if (left < p->linger_left || p->state != PORT_LINGERING) {
        p->linger_since_ms = now;
        p->linger_left = left;
        p->state = PORT_LINGERING;
    }
    if (left > 0 && now - p->linger_since_ms < LINGER_STUCK_MS) {
        set_timer(p, LINGER_TICK_MS);
        return;
    }
    if (left > 0) {
        log_warn("%s: %zu bytes that a client had sent are dropped: the device does not take them",
                 p->source->name, left);
        buf_drain(&p->to_device, p->to_device.len);
        serial_purge(p->serial, false, true);
    }
    finish_lingering(p);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct port *p = ctx;
    char error[SERIAL_ERROR_MAX];

    (void)fd;
    (void)what;
    if (p->settling)
        settle(p);
    if (p->settling)
        return;
    if (p->state == PORT_LINGERING) {
        linger(p);
        return;
    }
    if (p->state != PORT_LOST)
        return;
    if (port_open(p, error) < 0) {
        set_timer(p, RETRY_MS);
        return;
    }
    on_device_writable(p);
    on_device_lines(p, port_lines(p) & LINE_INPUTS, 0);
    port_update(p);
}

/* Ends every session; */
static void end_sessions(struct port *p, const char *why)
{
    while (p->sessions)
        session_end(p->sessions, why);
}

/* The device has gone. */
static void on_device_gone(void *ctx, int error)
{
    struct port *p = ctx;
    const struct source *s = p->source;
    bool keep = s->hotplug || s->hold;

    log_warn("%s: the device has gone (%s)%s", s->name, os_error_text(-error),
             keep ? "; waiting for its return" : "");
    serial_close(p->serial);
    p->serial = NULL;
    event_del(p->timer);
    if (p->state == PORT_LINGERING)
        put_back(p);
    settle_now(p);
    p->state = keep && (p->sessions || s->hold) ? PORT_LOST : PORT_CLOSED;
    reset_device_gone(p->reset);
    if (p->state == PORT_LOST)
        set_timer(p, RETRY_MS);
    if (!s->hotplug) {
        end_sessions(p, "its device has gone");
        buf_drain(&p->to_device, p->to_device.len);
    } else {
        on_device_lines(p, 0, 0);
    }
}

/* --- bytes ---------------------------------------------------------------------------------- */

static void on_device_data(void *ctx, const uint8_t *data, size_t len)
{
    struct port *p = ctx;
    struct serial_session *next;

    log_bytes(p->source->name, data, len);
    for (struct serial_session *s = p->sessions; s; s = next) {
        next = session_next(s);
        session_data(s, data, len);
    }
    port_update(p);
}

/* Hands queued bytes to the driver. */
static void on_device_writable(void *ctx)
{
    struct port *p = ctx;
    struct serial_session *next;

    size_t len = p->settling ? p->before : p->to_device.len;
    if (len > 0) {
        int n = serial_write(p->serial, buf_head(&p->to_device), len);

        if (n < 0) {
            on_device_gone(p, n);
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

    if (p->serial && p->to_device.len == 0 && !p->settling) {
        n = serial_write(p->serial, data, len);
        if (n < 0) /* it has gone, which is told soon; what is queued now waits for its return */
            n = 0;
    }
    return (size_t)n < len ? buf_add(&p->to_device, data + n, len - (size_t)n) : 0;
}

bool port_is_full(const struct port *p)
{
    return p->to_device.len - (p->settling ? p->before : 0) >= TO_DEVICE_FULL;
}

size_t port_untransmitted(const struct port *p)
{
    /* what waits for an unplugged device is not on its way */
    size_t left = p->serial ? p->to_device.len + serial_untransmitted(p->serial) : 0;

    return p->settling && left == 0 ? 1 : left;
}

void port_update(struct port *p)
{
    bool read = p->state == PORT_OPEN && p->sessions;
    bool errors = false;

    for (struct serial_session *s = p->sessions; s; s = session_next(s)) {
        if (session_role(s) != SESSION_OBSERVER && session_role(s) != SESSION_REFUSED)
            read = read && session_wants_data(s);
        errors = errors || session_wants_errors(s);
    }
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

    settle_now(p);
    if (p->serial)
        r = serial_configure(p->serial, want, &p->line);
    else
        p->line = *want;
    *got = p->line;
    return r;
}

unsigned port_lines(const struct port *p)
{
    unsigned lines = p->serial ? serial_lines(p->serial) : p->outputs;

    if (p->settling && !p->source->no_hupcl)
        lines = (lines & LINE_INPUTS) | idle_outputs(p->source, LINE_OUTPUTS);
    return lines;
}

int port_set_outputs(struct port *p, unsigned mask, unsigned values)
{
    settle_now(p);
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
        settle_now(p);
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

static void on_device_lines(void *ctx, unsigned inputs, unsigned edges)
{
    struct port *p = ctx;
    struct serial_session *next;
    char text[LINE_TEXT_MAX];

    line_modem_text(inputs, text);
    log_debug("%s: modem inputs %s", p->source->name, text);
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

/* --- sessions ------------------------------------------------------------------------------- */

static struct serial_session *port_owner(const struct port *p)
{
    struct serial_session *s = p->sessions;

    while (s && session_role(s) != SESSION_OWNER)
        s = session_next(s);
    return s;
}

/* The device for a new owner. Returns NULL, or what the client is refused with. */
static const char *ready_device(struct port *p)
{
    char error[SERIAL_ERROR_MAX];

    if (p->state == PORT_LINGERING) {
        event_del(p->timer);
        p->state = PORT_OPEN;
        begin_to_settle(p);
    }
    if (p->state == PORT_CLOSED) {
        int r = port_open(p, error);

        if (r < 0 && p->source->hotplug) {
            log_info("%s: %s; waiting for it", p->source->name, error);
            p->idle = idle_settings(p->source, &line_default);
            p->line = p->idle;
            p->outputs = idle_outputs(p->source, LINE_OUTPUTS);
            p->state = PORT_LOST;
            set_timer(p, RETRY_MS);
        } else if (r < 0) {
            log_error("%s", error);
            return r == -ENOENT || r == -ENODEV || r == -ENXIO ? "absent" : "failed";
        }
    }
    if (p->state == PORT_LOST && !p->source->hotplug)
        return "absent";
    if (!p->settling)
        raise_lines(p);
    return NULL;
}

static void admit(struct port *p, evutil_socket_t fd)
{
    struct serial_session *owner = port_owner(p);
    enum session_role role = SESSION_OWNER;
    const char *refusal = NULL;

    if (owner && session_is_ending(owner)) { /* most have closed for good */
        session_end(owner, "it has closed the connection");
        owner = port_owner(p);
    }
    if (owner && p->source->takeover) {
        p->replacing = true;
        session_end(owner, "taken over by a new client");
        p->replacing = false;
        if (p->to_device.len > 0)
            log_warn("%s: %zu bytes of the client before are dropped: the device did not take them "
                     "in time",
                     p->source->name, p->to_device.len);
        buf_drain(&p->to_device, p->to_device.len);
        p->before = 0;
        if (p->settling)
            settle(p);
    } else if (owner)
        role = p->source->observers ? SESSION_OBSERVER : SESSION_REFUSED;

    if (role == SESSION_OWNER)
        refusal = ready_device(p);
    else if (role == SESSION_REFUSED)
        refusal = "busy";
    if (refusal)
        role = SESSION_REFUSED;

    struct serial_session *s = session_new(p, fd, role, refusal);
    if (!s) {
        log_error("%s: out of memory for a new client", p->source->name);
        if (!p->sessions)
            port_forget(p, NULL);
        return;
    }
    session_set_next(s, p->sessions);
    p->sessions = s;
    log_info("%s: client %s%s%s", p->source->name, session_peer(s),
             role == SESSION_OBSERVER  ? " observes"
             : role == SESSION_REFUSED ? " refused: "
                                       : "",
             role == SESSION_REFUSED ? refusal : "");
    port_update(p);
}

static void admit_next(evutil_socket_t unused, short what, void *ctx)
{
    struct port *p = ctx;
    evutil_socket_t fd = p->next;

    (void)unused;
    (void)what;
    p->next = -1;
    if (fd >= 0)
        admit(p, fd);
}

/* A client that has closed is not in the way of the next one, though what it has sent may still
 * have to be done: a program that is started again and again should find the port each time. */
static void on_accepted(void *ctx, evutil_socket_t fd)
{
    const struct timeval limit = {NEXT_MS / 1000, NEXT_MS % 1000 * 1000};
    struct port *p = ctx;
    struct serial_session *owner = port_owner(p);

    if (owner) {
        session_catch_up(owner);
        owner = port_owner(p);
    }
    if (p->next >= 0 && os_tcp_peer_has_closed(p->next)) { /* nor is one that waited and has gone */
        evutil_closesocket(p->next);
        p->next = -1;
    }
    if (owner && !session_is_ending(owner) && session_peer_has_closed(owner) &&
        !p->source->takeover && !p->source->observers && p->next < 0) {
        p->next = fd;
        event_add(p->next_event, &limit);
    } else {
        admit(p, fd);
    }
}

void port_forget(struct port *p, struct serial_session *gone)
{
    const struct timeval now = {0, 0};
    struct serial_session *before = NULL;
    bool owner = gone && session_role(gone) == SESSION_OWNER;

    for (struct serial_session *s = p->sessions; s && gone; s = session_next(s)) {
        if (s == gone && before)
            session_set_next(before, session_next(s));
        else if (s == gone)
            p->sessions = session_next(s);
        before = s;
    }
    if (owner && p->next >= 0)
        event_add(p->next_event, &now);
    if (owner)
        reset_stop(p->reset);
    if (owner && p->broken) /* even where bytes still have to go out: a break must end */
        port_set_break(p, false);

    bool used = p->replacing;
    for (struct serial_session *s = p->sessions; s; s = session_next(s))
        used = used || session_role(s) != SESSION_REFUSED;
    if (owner && used && p->serial)
        begin_to_settle(p);
    if (!used && p->state == PORT_OPEN && p->serial)
        linger(p);
    else if (!used && p->state == PORT_LOST && !p->source->hold)
        port_close_device(p);
    else if (!used && p->state == PORT_LOST)
        put_back(p);
    port_update(p);
}

/* --- the port itself ------------------------------------------------------------------------ */

const char *port_name(const struct port *p)
{
    return p->source->name;
}

const struct source *port_source(const struct port *p)
{
    return p->source;
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
    log_info("%s on %s: %s, %s, lines %s, client %s%s%s", p->source->name,
             listener_text(p->listener), states[p->state], line, lines,
             owner ? session_peer(owner) : "none", owner ? " speaks " : "",
             owner ? session_speaks(owner) : "");
}

/* What can be known to go wrong before the first client comes. */
static int check_device(struct port *p, char error[static CLI_ERROR_MAX])
{
    const struct source *s = p->source;
    char path[SERIAL_IO_PATH_MAX];

    if (s->kind == SOURCE_LOOP)
        return 0;
    int r = serial_find(s->selector, s->interface, path, error);
    if (r == 0)
        r = serial_io_check(path, error);
    /* with `hotplug` it may come, and with its rights; what it is not it does not become */
    return s->hotplug && r != -ENOTTY && r != -EEXIST ? 0 : r;
}

struct port *port_new(struct event_base *base, const struct source *source,
                      char error[static CLI_ERROR_MAX])
{
    struct port *p = calloc(1, sizeof *p);

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!p)
        return NULL;
    p->base = base;
    p->source = source;
    p->line = p->idle = idle_settings(source, &line_default);
    buf_init(&p->to_device, TO_DEVICE_MAX);
    p->timer = evtimer_new(base, on_timer, p);
    p->next = -1;
    p->next_event = evtimer_new(base, admit_next, p);
    if (!p->timer || !p->next_event || check_device(p, error) < 0)
        goto fail;
    if (source->reset) {
        p->reset = reset_new(base, p, source->reset);
        if (!p->reset)
            goto fail;
    }
    p->listener = listener_new(base, &source->listen, on_accepted, p, error);
    if (!p->listener)
        goto fail;
    if (source->hold && port_open(p, error) < 0) {
        if (!source->hotplug)
            goto fail;
        p->outputs = idle_outputs(source, LINE_OUTPUTS);
        p->state = PORT_LOST;
        set_timer(p, RETRY_MS);
    }
    port_update(p);
    log_info("%s: listening on %s", source->name, listener_text(p->listener));
    return p;

fail:
    port_free(p);
    return NULL;
}

void port_free(struct port *p)
{
    if (!p)
        return;
    listener_free(p->listener);
    p->listener = NULL;
    if (p->next >= 0)
        evutil_closesocket(p->next);
    p->next = -1;
    end_sessions(p, "com2net ends");
    reset_free(p->reset);
    if (p->serial && port_untransmitted(p) > 0)
        log_warn("%s: %zu bytes that a client had sent are dropped: com2net ends", p->source->name,
                 port_untransmitted(p));
    if (p->serial)
        port_close_device(p);
    if (p->timer)
        event_free(p->timer);
    if (p->next_event)
        event_free(p->next_event);
    buf_free(&p->to_device);
    free(p);
}
