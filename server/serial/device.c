/*
 * Theory of operation. The device is in one of four states:
 *
 *   CLOSED  --first client, or start with `hold`-->  OPEN
 *   OPEN    --last client gone-->  LINGERING, until what it sent is on the wire  -->  CLOSED
 *   OPEN    --unplugged-->  LOST (with `hotplug` or `hold`), tried again twice a second  -->  OPEN
 *   OPEN    --unplugged-->  CLOSED (without)
 *
 * When an owner goes and the device stays open for others, or the next one comes while it lingers,
 * the old one's bytes go out under its settings first (`settling`). The next one's bytes and
 * commands that change the line wait for that; it is told the idle settings, which it will have.
 *
 * Bytes for the device go straight to the driver; what it does not take waits in `queue`.
 */
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "line_text.h"
#include "log.h"
#include "log_peer.h"
#include "loop_port.h"
#include "os.h"
#include "port_options.h"
#include "progress.h"
#include "proto/buf.h"
#include "serial_identity.h"
#include "serial_list.h"
#include "timer.h"

enum {
    QUEUE_FULL = 64 * 1024,                      /* pause clients */
    QUEUE_AHEAD = 192 * 1024,                    /* likewise one who is read ahead */
    READ_BEYOND = 128 * 1024,                    /* what was read before they paused */
    QUEUE_MAX = 2 * (QUEUE_AHEAD + READ_BEYOND), /* of an owner and the one before */
    RETRY_MS = 500,                              /* looking for an unplugged device */
    TICK_MS = 20,
    LINGER_STUCK_MS = 5000, /* without progress: what is left is given up */
    SETTLE_STUCK_MS = 2000, /* likewise, where somebody waits: pyserial does so for 3 s */
    TELL_WAIT_MS = 1000,
};

/* How bytes of an owner that has gone go out, before those of the next one. */
struct settling {
    bool on;
    bool told;     /* that it takes long */
    size_t before; /* how much of the queue is theirs */
    size_t behind; /* how much after that is of another owner that has gone */
    uint64_t since_ms;
    struct progress progress;
    struct timer timer; /* a device may linger and settle at once */
};

struct device {
    struct event_base *base;
    const struct port_options *options;
    const struct device_callbacks *callbacks;
    void *ctx;
    enum device_state state;
    struct serial *serial;            /* while OPEN or LINGERING */
    struct serial_identity *identity; /* of what was opened last, or seen at the start */
    const char *owner;                /* who has it, or NULL */
    uint64_t owner_since_ms;
    bool used;                      /* somebody has it, or reads along */
    bool strict;                    /* LOST: nothing else may be opened, for those who had it */
    char trouble[SERIAL_ERROR_MAX]; /* why it was not opened the last time */
    char path[SERIAL_IO_PATH_MAX];  /* of what was opened last, or seen at the start */
    bool told_other;                /* and that something else has its name was told */
    struct line_settings idle;      /* the administrator's: in force when a session begins */
    struct line_settings line;      /* in force */
    unsigned outputs;               /* as last set */
    bool broken;
    bool wanted;  /* its bytes are */
    bool reading; /* and read */
    struct buf queue;
    uint64_t written; /* bytes for the device, in all */
    struct settling settling;
    struct timer timer; /* LINGERING: progress; LOST: retry */
    struct progress linger;
};

static void settle_now(struct device *d);
static void on_gone(void *ctx, int error);

/* --- bytes ------------------------------------------------------------------------------------ */

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct device *d = ctx;

    log_bytes(d->options->name, data, len);
    d->callbacks->data(d->ctx, data, len);
}

/* Hands what is queued to the driver, and goes on with those who waited for it. */
static void on_writable(void *ctx)
{
    struct device *d = ctx;
    const size_t len = d->settling.on ? d->settling.before : d->queue.len;

    if (len > 0) {
        int n = serial_write(d->serial, buf_head(&d->queue), len);

        if (n < 0) {
            on_gone(d, n);
            return;
        }
        buf_drain(&d->queue, (size_t)n);
        d->settling.before -= d->settling.on ? (size_t)n : 0;
        if (n > 0)
            d->callbacks->took(d->ctx);
    }
    if (d->queue.len <= QUEUE_FULL / 2)
        d->callbacks->ready(d->ctx);
}

int device_write(struct device *d, const uint8_t *data, size_t len)
{
    int n = 0;

    d->written += len;
    if (d->serial && d->queue.len == 0 && !d->settling.on) {
        n = serial_write(d->serial, data, len);
        if (n < 0) /* it has gone, which is told soon; what is queued now waits for its return */
            n = 0;
    }
    return (size_t)n < len ? buf_add(&d->queue, data + n, len - (size_t)n) : 0;
}

/* What waits of the owner, and of those that have gone and have its settings. */
static size_t waits_for_device(const struct device *d)
{
    return d->queue.len - (d->settling.on ? d->settling.before : 0);
}

bool device_is_full(const struct device *d)
{
    return waits_for_device(d) >= QUEUE_FULL;
}

bool device_is_full_ahead(const struct device *d)
{
    return waits_for_device(d) >= QUEUE_AHEAD;
}

size_t device_untransmitted(const struct device *d)
{
    /* what waits for an unplugged device is not on its way */
    const size_t left = d->serial ? d->queue.len + serial_untransmitted(d->serial) : 0;

    return d->settling.on && left == 0 ? 1 : left;
}

uint64_t device_taken(const struct device *d)
{
    return d->written - device_untransmitted(d);
}

/* Drops what is queued: of whom that was is over. */
static void drop_queue(struct device *d)
{
    buf_drain(&d->queue, d->queue.len);
    d->settling.before = d->settling.behind = 0;
}

/* Drops what is queued, and says why, if there is anything. */
static void drop_output(struct device *d, const char *why)
{
    if (d->queue.len > 0)
        log_peer_warn(d->options->name, "%s: %zu bytes that a client had sent are dropped: %s",
                      d->options->name, d->queue.len, why);
    drop_queue(d);
}

int device_purge(struct device *d, bool rx, bool tx)
{
    if (tx)
        drop_queue(d);
    return d->serial ? serial_purge(d->serial, rx, tx) : 0;
}

/* Reads what is wanted. With nobody there bytes are read and dropped: a device that waits for that
 * would not take the last ones of a client. */
static void update_reading(struct device *d)
{
    const bool read = d->state == DEVICE_LINGERING || (d->state == DEVICE_OPEN && d->wanted);

    if (!d->serial || read == d->reading)
        return;
    d->reading = read;
    serial_read(d->serial, read);
}

void device_read(struct device *d, bool on)
{
    d->wanted = on;
    update_reading(d);
}

bool device_can_be_held(const struct device *d)
{
    return d->line.flow_in != LINE_FLOW_NONE;
}

void device_watch_errors(struct device *d, bool on)
{
    if (d->serial)
        serial_watch_errors(d->serial, on);
}

/* --- settings and lines ----------------------------------------------------------------------- */

const struct line_settings *device_line(const struct device *d)
{
    return d->settling.on ? &d->idle : &d->line;
}

int device_configure(struct device *d, const struct line_settings *want, struct line_settings *got)
{
    int r = 0;

    settle_now(d);
    if (d->serial)
        r = serial_configure(d->serial, want, &d->line);
    else
        d->line = *want;
    *got = d->line;
    d->callbacks->changed(d->ctx); /* with other flow control it may be held, or not */
    return r;
}

unsigned device_lines(const struct device *d)
{
    const unsigned lines = d->serial ? serial_lines(d->serial) : d->outputs;

    if (d->settling.on && !d->options->no_hupcl)
        return (lines & LINE_INPUTS) | port_options_outputs(d->options, LINE_OUTPUTS);
    return lines;
}

int device_set_outputs(struct device *d, unsigned mask, unsigned values)
{
    settle_now(d);
    int r = d->serial && mask ? serial_set_outputs(d->serial, mask, values) : 0;

    if (r == 0)
        d->outputs = (d->outputs & ~mask) | (values & mask);
    return r;
}

bool device_break(const struct device *d)
{
    return d->broken;
}

int device_set_break(struct device *d, bool on)
{
    if (on)
        settle_now(d);
    int r = d->serial ? serial_set_break(d->serial, on) : 0;

    if (r == 0)
        d->broken = on;
    return r;
}

static void on_lines(void *ctx, unsigned inputs, unsigned edges)
{
    struct device *d = ctx;
    char text[LINE_TEXT_MAX];

    line_modem_text(inputs, text);
    log_debug("%s: modem inputs %s", d->options->name, text);
    d->callbacks->lines(d->ctx, inputs, edges);
}

static void on_errors(void *ctx, unsigned state)
{
    struct device *d = ctx;

    d->callbacks->errors(d->ctx, state);
}

static const struct serial_callbacks serial_callbacks = {
    .received = on_data,
    .writable = on_writable,
    .lines = on_lines,
    .errors = on_errors,
    .gone = on_gone,
};

static void apply_settings(struct device *d, const struct line_settings *want)
{
    const char *name = d->options->name;
    char text[LINE_TEXT_MAX];
    int r = serial_configure(d->serial, want, &d->line);

    if (r < 0 || !line_settings_equal(want, &d->line)) {
        line_text(want, text);
        log_peer_warn(name, "%s: the driver does not do %s%s%s", name, text, r < 0 ? ": " : "",
                      r < 0 ? os_error_text(-r) : "");
    }
}

/* Puts back what the last session changed on a device that stays open. */
static void put_back(struct device *d)
{
    const unsigned down = d->options->no_hupcl ? 0 : (unsigned)LINE_OUTPUTS;

    if (d->broken)
        device_set_break(d, false);
    device_set_outputs(d, down,
                       0); /* under the settings of who has gone, as at a program's close */
    if (d->serial)
        apply_settings(d, &d->idle);
    else
        d->line = d->idle;
}

/* The lines of a new owner: the end of the one before took them down, this one begins like an open,
 * or as the options say. */
static void raise_lines(struct device *d)
{
    if (!d->options->no_hupcl)
        device_set_outputs(d, LINE_OUTPUTS, port_options_outputs(d->options, LINE_OUTPUTS));
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The outputs that an open has to set: a device that comes back gets all it had; with
 * no_touch_lines the others stay as the system has opened them. */
static unsigned outputs_to_set(const struct port_options *o, bool again)
{
    if (again || !o->no_touch_lines)
        return LINE_OUTPUTS;
    return (o->dtr != PORT_LEVEL_KEEP ? (unsigned)LINE_DTR : 0) |
           (o->rts != PORT_LEVEL_KEEP ? (unsigned)LINE_RTS : 0);
}

/* Notes what stands under the path now. */
static void identify(struct device *d, const char *path)
{
    serial_identity_free(d->identity);
    d->identity = serial_identity_new(path);
    snprintf(d->path, sizeof d->path, "%s", path);
}

/* Whether what stands under the name may be opened: for those who have the port already only the
 * same device, for a new client whichever there is, and never another program's pseudo-terminal. */
static int check_identity(struct device *d, const char *path, char error[static SERIAL_ERROR_MAX])
{
    if (!d->identity)
        return 0;
    enum serial_match match = serial_identity_match(d->identity, path, error);
    if (match == SERIAL_SAME || (match == SERIAL_OTHER && !d->strict))
        return 0;
    if (d->state == DEVICE_LOST && !d->told_other)
        log_warn("%s", error);
    d->told_other = true;
    return -ENODEV;
}

/* Opens it, as it is; sets d->serial. */
static int open_serial(struct device *d, struct line_settings *found,
                       char error[static SERIAL_ERROR_MAX])
{
    const struct port_options *o = d->options;
    const struct serial_options how = {.low_latency = !o->no_low_latency, .hupcl = !o->no_hupcl};
    char path[SERIAL_IO_PATH_MAX];
    int r = 0;

    if (o->loop) {
        d->serial = loop_port_open(d->base, o->paced, &serial_callbacks, d, found);
        snprintf(error, SERIAL_ERROR_MAX, "out of memory");
        return d->serial ? 0 : -ENOMEM;
    }
    r = serial_find(o->selector, o->interface, path, error);
    if (r == 0)
        r = check_identity(d, path, error);
    if (r < 0)
        return r;
    d->serial = serial_io_open(d->base, path, &how, &serial_callbacks, d, found, &r, error);
    if (d->serial)
        identify(d, path);
    return r;
}

/* Opens it for its first session, or again for those there are. Returns 0, or -errno with the
 * reason in `error`. */
static int open_device(struct device *d, char error[static SERIAL_ERROR_MAX])
{
    const bool again = d->state == DEVICE_LOST;
    struct line_settings found;
    int r = open_serial(d, &found, error);

    snprintf(d->trouble, sizeof d->trouble, "%s", r < 0 ? error : "");
    if (r < 0)
        return r;
    if (!again) {
        d->idle = port_options_line(d->options, &found);
        d->line = d->idle;
        d->outputs = port_options_outputs(d->options, serial_lines(d->serial));
        d->broken = false;
    }
    d->state = DEVICE_OPEN;
    d->told_other = false;
    d->reading = false;
    device_set_outputs(d, outputs_to_set(d->options, again), d->outputs);
    const struct line_settings want = d->line;
    apply_settings(d, &want);
    if (d->broken)
        serial_set_break(d->serial, true);

    char text[LINE_TEXT_MAX];
    line_text(&d->line, text);
    log_peer_info(d->options->name, "%s: %s, %s", d->options->name, again ? "back" : "open", text);
    return 0;
}

/* Looks for it from time to time. */
static void await_device(struct device *d)
{
    d->state = DEVICE_LOST;
    timer_in_ms(&d->timer, RETRY_MS);
}

int device_hold(struct device *d, char error[static CLI_ERROR_MAX])
{
    const int r = open_device(d, error);

    if (r == 0 || !d->options->hotplug)
        return r;
    d->outputs = port_options_outputs(d->options, LINE_OUTPUTS);
    await_device(d);
    return 0;
}

/* A device that may come later: its owner begins without it. */
static void begin_without(struct device *d)
{
    d->idle = port_options_line(d->options, &line_default);
    d->line = d->idle;
    d->outputs = port_options_outputs(d->options, LINE_OUTPUTS);
    await_device(d);
}

/* --- settling ----------------------------------------------------------------------------------*/

/* What the owner before has left to send. */
static size_t unsettled(const struct device *d)
{
    return d->settling.before + serial_untransmitted(d->serial);
}

static void settle(struct device *d, size_t bytes)
{
    struct settling *g = &d->settling;

    g->on = true;
    g->before = bytes;
    g->behind = 0;
    g->told = false;
    g->since_ms = os_now_ms();
    progress_begin(&g->progress, unsettled(d));
    timer_in_ms(&g->timer, TICK_MS);
}

/* The bytes of the owner before are out, or given up. Does nothing when not settling. */
static void settle_now(struct device *d)
{
    struct settling *g = &d->settling;
    const size_t behind = d->serial ? g->behind : 0;
    const size_t dropped = g->before + g->behind - behind;

    if (!g->on)
        return;
    g->on = false;
    timer_stop(&g->timer);
    if (dropped > 0)
        log_peer_warn(
            d->options->name,
            "%s: %zu bytes of the client before are dropped: the device did not take them in "
            "time",
            d->options->name, dropped);
    buf_drain(&d->queue, dropped);
    g->before = g->behind = 0;
    put_back(d);
    if (behind > 0)
        settle(d, behind); /* of one that came and went meanwhile: under the idle settings */
    else if (d->owner)
        raise_lines(d);
    if (d->serial) /* the driver may have room, and so no reason to ask for what has waited */
        timer_in_ms(&g->timer, 0);
}

/* The next client is there, and what it sends waits. */
static void tell_wait(struct device *d, size_t left)
{
    struct settling *g = &d->settling;

    if (g->told || !d->owner || os_now_ms() - g->since_ms < TELL_WAIT_MS)
        return;
    g->told = true;
    log_peer_info(d->options->name, "%s: %s waits for %zu bytes of the client before to go out",
                  d->options->name, d->owner, left);
}

/* Gives up bytes that the device does not take. */
static void give_up(struct device *d, size_t queued, size_t left, const char *whose)
{
    log_peer_warn(d->options->name, "%s: %zu bytes %s are dropped: the device does not take them",
                  d->options->name, left, whose);
    buf_drain(&d->queue, queued);
    d->settling.before = 0;
    serial_purge(d->serial, false, true);
}

/* Looks how far it is. */
static void continue_settling(struct device *d)
{
    struct settling *g = &d->settling;
    const size_t left = unsettled(d);

    progress_note(&g->progress, left);
    if (left > 0 && progress_still_ms(&g->progress) < SETTLE_STUCK_MS) {
        tell_wait(d, left);
        timer_in_ms(&g->timer, TICK_MS);
        return;
    }
    if (left > 0) /* not under the settings of the next one */
        give_up(d, g->before, left, "of the client before");
    settle_now(d);
    on_writable(d);
}

/* An owner is gone, and there are others. At once where there are no bytes. */
static void begin_to_settle(struct device *d)
{
    if (d->settling.on) {
        d->settling.behind = d->queue.len - d->settling.before;
        return;
    }
    settle(d, d->queue.len);
    if (unsettled(d) == 0)
        settle_now(d);
}

static void on_settle_timer(void *ctx)
{
    struct device *d = ctx;

    if (d->serial)
        on_writable(d);
    if (d->settling.on)
        continue_settling(d);
}

/* --- closing ---------------------------------------------------------------------------------- */

static void close_device(struct device *d)
{
    timer_stop(&d->timer);
    timer_stop(&d->settling.timer);
    serial_close(d->serial);
    d->serial = NULL;
    d->state = DEVICE_CLOSED;
    d->settling.on = false;
    d->broken = false;
    drop_queue(d);
}

/* All that the last client sent is out, or given up. */
static void finish_lingering(struct device *d)
{
    timer_stop(&d->timer);
    if (d->options->hold) {
        d->state = DEVICE_OPEN;
        put_back(d);
        d->callbacks->changed(d->ctx);
        return;
    }
    close_device(d);
    log_peer_info(d->options->name, "%s: closed", d->options->name);
}

static void linger(struct device *d)
{
    const size_t left = device_untransmitted(d);

    if (d->state != DEVICE_LINGERING)
        progress_begin(&d->linger, left);
    d->state = DEVICE_LINGERING;
    progress_note(&d->linger, left);
    if (left > 0 && progress_still_ms(&d->linger) < LINGER_STUCK_MS) {
        timer_in_ms(&d->timer, TICK_MS);
        return;
    }
    if (left > 0) {
        give_up(d, d->queue.len, left, "that a client had sent");
        d->settling.behind = 0;
    }
    finish_lingering(d);
}

static void on_timer(void *ctx)
{
    struct device *d = ctx;
    char error[SERIAL_ERROR_MAX];

    if (d->state == DEVICE_LINGERING) {
        linger(d);
        return;
    }
    if (d->state != DEVICE_LOST)
        return;
    if (open_device(d, error) < 0) {
        await_device(d);
        return;
    }
    on_writable(d);
    on_lines(d, device_lines(d) & LINE_INPUTS, 0);
    d->callbacks->changed(d->ctx);
}

static void on_gone(void *ctx, int error)
{
    struct device *d = ctx;
    const struct port_options *o = d->options;
    const bool keep = o->hotplug || o->hold;

    log_warn("%s: the device has gone (%s)%s", o->name, os_error_text(-error),
             keep ? "; waiting for its return" : "");
    serial_close(d->serial);
    d->serial = NULL;
    snprintf(d->trouble, sizeof d->trouble, "%s: the device is unplugged", o->name);
    d->strict = true;
    timer_stop(&d->timer);
    if (d->state == DEVICE_LINGERING)
        put_back(d);
    settle_now(d);
    d->state = DEVICE_CLOSED;
    if (!d->owner)
        drop_output(d, "the device is unplugged");
    if (keep && (d->used || o->hold))
        await_device(d);
    d->callbacks->gone(d->ctx);
}

/* --- who has it ------------------------------------------------------------------------------- */

const char *device_take(struct device *d)
{
    const bool hotplug = d->options->hotplug;
    char error[SERIAL_ERROR_MAX];

    d->strict = d->told_other = false;
    if (d->state == DEVICE_LINGERING) {
        timer_stop(&d->timer);
        d->state = DEVICE_OPEN;
        begin_to_settle(d);
    }
    if (d->state == DEVICE_CLOSED) {
        const int r = open_device(d, error);

        if (r < 0 && !hotplug) {
            log_peer_error(d->options->name, "%s", error);
            return r == -ENOENT || r == -ENODEV || r == -ENXIO ? "absent" : "failed";
        }
        if (r < 0) {
            log_peer_info(d->options->name, "%s; waiting for it", error);
            begin_without(d);
        }
    }
    if (d->state == DEVICE_LOST && !hotplug)
        return "absent";
    if (!d->settling.on)
        raise_lines(d);
    d->used = true;
    return NULL;
}

void device_set_owner(struct device *d, const char *peer)
{
    d->owner = peer;
    d->owner_since_ms = os_now_ms();
}

const char *device_owner(const struct device *d)
{
    return d->owner;
}

uint32_t device_owned_s(const struct device *d)
{
    return d->owner ? (uint32_t)((os_now_ms() - d->owner_since_ms) / 1000) : 0;
}

void device_leave(struct device *d, bool others)
{
    d->owner = NULL;
    if (d->broken) /* even where bytes still have to go out: a break must end */
        device_set_break(d, false);
    if (!d->serial) { /* unplugged: the next one begins anew, whoever stays */
        drop_output(d, "the device is unplugged");
        put_back(d);
    } else if (others) {
        begin_to_settle(d);
    }
}

void device_take_over(struct device *d)
{
    if (d->queue.len > 0)
        log_peer_warn(
            d->options->name,
            "%s: %zu bytes of the client before are dropped: the device did not take them in time",
            d->options->name, d->queue.len);
    drop_queue(d);
    if (d->settling.on)
        continue_settling(d);
}

void device_unused(struct device *d)
{
    d->used = false;
    if (d->state == DEVICE_OPEN && d->serial)
        linger(d);
    else if (d->state == DEVICE_LOST && !d->options->hold)
        close_device(d);
}

/* --- the device itself ------------------------------------------------------------------------ */

const char *device_name(const struct device *d)
{
    return d->options->name;
}

enum device_state device_state(const struct device *d)
{
    return d->state;
}

const char *device_trouble(const struct device *d)
{
    return d->trouble;
}

const char *device_path(const struct device *d)
{
    return d->path;
}

bool device_is_there(const struct device *d)
{
    return d->serial;
}

/* What can be known to go wrong before the first client comes. */
static int check(struct device *d, char error[static CLI_ERROR_MAX])
{
    const struct port_options *o = d->options;
    char path[SERIAL_IO_PATH_MAX];

    if (o->loop)
        return 0;
    int r = serial_find(o->selector, o->interface, path, error);
    if (r == 0)
        r = serial_io_check(path, error);
    if (r == 0)
        identify(d, path);
    if (r == 0 || !o->hotplug || r == -ENOTTY || r == -EEXIST)
        return r;
    /* it may come, and with its rights; what it is not it does not become */
    log_info("%s; waiting for it", error);
    return 0;
}

struct device *device_new(struct event_base *base, const struct port_options *options,
                          const struct device_callbacks *callbacks, void *ctx,
                          char error[static CLI_ERROR_MAX])
{
    struct device *d = calloc(1, sizeof *d);

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!d)
        return NULL;
    d->base = base;
    d->options = options;
    d->callbacks = callbacks;
    d->ctx = ctx;
    d->line = d->idle = port_options_line(options, &line_default);
    buf_init(&d->queue, QUEUE_MAX);
    timer_make(&d->timer, base, on_timer, d);
    timer_make(&d->settling.timer, base, on_settle_timer, d);
    if (check(d, error) == 0)
        return d;
    device_free(d);
    return NULL;
}

void device_free(struct device *d)
{
    if (!d)
        return;
    if (d->serial && device_untransmitted(d) > 0)
        log_warn("%s: %zu bytes that a client had sent are dropped: com2net ends", d->options->name,
                 device_untransmitted(d));
    if (d->serial)
        close_device(d);
    timer_stop(&d->timer);
    timer_stop(&d->settling.timer);
    buf_free(&d->queue);
    serial_identity_free(d->identity);
    free(d);
}
