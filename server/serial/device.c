/*
 * Theory of operation. The device is in one of four states:
 *
 *   CLOSED  --first client, or start with `hold`-->  OPEN
 *   OPEN    --last client gone-->  LINGERING, until its bytes are on the wire  -->  CLOSED
 *   OPEN    --unplugged-->  LOST (with `hotplug` or `hold`), tried again and again  -->  OPEN
 *   OPEN    --unplugged-->  CLOSED (without)
 *
 * A path is tried twice a second. A serial number or VID:PID has to be searched for among all ports
 * (search.h): that is done when one has come, and now and then, as not every system tells.
 *
 * The driver may take long for a call: then the device is busy (calls.h), and its clients wait.
 *
 * The search may take long, and so may the opening. So a device that is LOST, or CLOSED when a
 * client comes, is prepared first (node_prepare). The client waits in its port.
 *
 * An owner may disconnect while the device stays open for others, or the next one may connect while
 * it lingers. Then the old one's bytes go out under its settings first (settling.h). The next one's
 * bytes and commands that change the line wait for that; it is told the idle settings, which it
 * will have.
 */
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "error_text.h"
#include "line_control.h"
#include "line_text.h"
#include "lingering.h"
#include "log.h"
#include "log_peer.h"
#include "node.h"
#include "output.h"
#include "port_options.h"
#include "settling.h"
#include "timer.h"

enum {
    RETRY_MS = 500,         /* looking for an unplugged device */
    RETRY_SEARCH_MS = 2000, /* the same, where all ports have to be listed for it */
    ARRIVED_MS = 100,       /* after a port has come: its system is still busy with it */
};

struct device {
    const struct port_options *options;
    const struct device_callbacks *callbacks;
    void *ctx;
    enum device_state state;
    struct node node; /* open while OPEN or LINGERING */
    struct line_control line;
    struct output output;
    struct settling settling;   /* may be on while it lingers */
    struct lingering lingering; /* while LINGERING */
    struct timer retry;         /* while LOST */
    bool arrived;               /* a port has come while it was searched for */
    const char *owner;          /* who has it, or NULL */
    uint64_t owner_since_ms;
    bool used;   /* somebody has it, or reads along */
    bool closes; /* the log is to be told that it is closed */
};

static void on_gone(void *ctx, int error);

/* --- bytes ------------------------------------------------------------------------------------ */

static void on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct device *d = ctx;

    log_bytes(d->options->name, data, len);
    d->callbacks->data(d->ctx, data, len);
}

/* Hands the queued bytes to the driver, and continues with those who waited for it. */
static void on_writable(void *ctx)
{
    struct device *d = ctx;
    const int n = output_send(&d->output);

    if (n < 0) {
        on_gone(d, n);
        return;
    }
    if (n > 0)
        d->callbacks->took(d->ctx);
    if (output_is_low(&d->output))
        d->callbacks->ready(d->ctx);
}

int device_write(struct device *d, const uint8_t *data, size_t len)
{
    return output_write(&d->output, data, len);
}

bool device_is_full(const struct device *d)
{
    return output_is_full(&d->output);
}

bool device_is_full_ahead(const struct device *d)
{
    return output_is_full_ahead(&d->output);
}

size_t device_untransmitted(struct device *d)
{
    return output_untransmitted(&d->output);
}

uint64_t device_written(const struct device *d)
{
    return d->output.written;
}

uint64_t device_taken(struct device *d)
{
    return output_taken(&d->output);
}

int device_purge(struct device *d, bool rx, bool tx)
{
    return output_purge(&d->output, rx, tx);
}

void device_read(struct device *d, bool on)
{
    /* while it lingers bytes are read and dropped: a device that waits for that would not take the
     * last ones of a client */
    node_read(&d->node, d->state == DEVICE_LINGERING || (d->state == DEVICE_OPEN && on));
}

bool device_can_be_held(const struct device *d)
{
    return d->line.current.flow_in != LINE_FLOW_NONE;
}

void device_watch_errors(struct device *d, bool on)
{
    struct serial *serial = node_ask(&d->node);

    if (serial) /* otherwise `changed` follows */
        serial_watch_errors(serial, on);
}

/* --- settings and lines ----------------------------------------------------------------------- */

bool device_is_busy(const struct device *d)
{
    return node_is_busy(&d->node);
}

int device_late_error(const struct device *d)
{
    return d->node.calls.error;
}

const struct line_settings *device_line(const struct device *d)
{
    return settling_is_on(&d->settling) ? &d->line.idle : &d->line.current;
}

int device_configure(struct device *d, const struct line_settings *want, struct line_settings *got)
{
    settling_finish(&d->settling);
    const int r = line_control_configure(&d->line, want);
    *got = d->line.current;
    d->callbacks->changed(d->ctx); /* with other flow control it may be held, or not */
    return r;
}

unsigned device_lines(const struct device *d)
{
    return settling_is_on(&d->settling) ? line_control_idle_lines(&d->line)
                                        : line_control_lines(&d->line);
}

int device_set_outputs(struct device *d, unsigned mask, unsigned values)
{
    settling_finish(&d->settling);
    return line_control_set_outputs(&d->line, mask, values);
}

bool device_break(const struct device *d)
{
    return d->line.broken;
}

int device_set_break(struct device *d, bool on)
{
    if (on)
        settling_finish(&d->settling);
    return line_control_set_break(&d->line, on);
}

/* Puts back what the last owner changed on a device that stays open. */
static void put_back(struct device *d)
{
    settling_finish(&d->settling);
    line_control_put_back(&d->line);
}

/* The bytes of an owner that has gone are out, or given up. */
static void on_settled(void *ctx, bool last)
{
    struct device *d = ctx;

    line_control_put_back(&d->line);
    if (last && d->owner)
        line_control_raise(&d->line);
}

static const struct settling_callbacks settling_callbacks = {
    .send = on_writable,
    .over = on_settled,
};

static void on_lines(void *ctx, unsigned inputs, unsigned edges)
{
    struct device *d = ctx;
    char text[LINE_TEXT_MAX];

    d->line.inputs = inputs;
    line_modem_text(inputs, text);
    log_debug("%s: modem inputs %s", d->options->name, text);
    d->callbacks->lines(d->ctx, inputs, edges);
}

static void on_errors(void *ctx, unsigned state)
{
    struct device *d = ctx;

    d->callbacks->errors(d->ctx, state);
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Opens it for its first session, or again for those there are. Returns 0, or -errno with the
 * reason in `error`. */
static int open_device(struct device *d, char error[static SERIAL_ERROR_MAX])
{
    const bool again = d->state == DEVICE_LOST;
    struct line_settings found;
    unsigned lines;
    const int r = node_open(&d->node, again, &found, &lines, error);

    if (r < 0)
        return r;
    if (!again)
        line_control_begin(&d->line, &found, lines);
    d->line.inputs = lines & LINE_INPUTS;
    timer_stop(&d->retry);
    d->state = DEVICE_OPEN;
    line_control_restore(&d->line, again);

    char text[LINE_TEXT_MAX];
    line_text(&d->line.current, text);
    log_peer_info(d->options->name, "%s: %s, %s", d->options->name, again ? "back" : "open", text);
    return 0;
}

/* Looks for it after that time, or at the time that is set already. */
static void await_device(struct device *d, unsigned ms)
{
    d->state = DEVICE_LOST;
    if (!timer_is_set(&d->retry))
        timer_in_ms(&d->retry, ms);
}

/* A device that may come later: its owner begins without it. */
static void begin_without(struct device *d)
{
    line_control_begin(&d->line, &line_default, LINE_OUTPUTS);
    await_device(d, RETRY_MS);
}

int device_hold(struct device *d, char error[static CLI_ERROR_MAX])
{
    const int r = open_device(d, error);

    if (r == 0 || !d->options->hotplug)
        return r;
    begin_without(d);
    return 0;
}

static void try_again(struct device *d)
{
    char error[SERIAL_ERROR_MAX];
    const int r = open_device(d, error);
    const bool soon = d->arrived;

    d->arrived = false;
    node_forget(&d->node);
    if (r < 0) {
        await_device(d, soon ? ARRIVED_MS : d->node.is_searched ? RETRY_SEARCH_MS : RETRY_MS);
        return;
    }
    on_writable(d);
    on_lines(d, d->line.inputs, 0);
    d->callbacks->changed(d->ctx);
}

static void on_retry(void *ctx)
{
    struct device *d = ctx;

    if (!node_prepare(&d->node, true))
        try_again(d);
}

static void tell_closed(struct device *d)
{
    if (d->closes && !node_is_busy(&d->node))
        log_peer_info(d->options->name, "%s: closed", d->options->name);
    d->closes = d->closes && node_is_busy(&d->node);
}

static void on_prepared(void *ctx)
{
    struct device *d = ctx;

    tell_closed(d);
    if (d->state == DEVICE_LOST)
        on_retry(d);
    else
        d->callbacks->prepared(d->ctx);
}

static void on_arrived(void *ctx)
{
    struct device *d = ctx;

    d->arrived = node_is_being_prepared(&d->node); /* by a list that may lack it */
    if (d->state == DEVICE_LOST && !d->arrived)
        timer_in_ms(&d->retry, ARRIVED_MS);
}

static void on_made(void *ctx, const struct call *call)
{
    struct device *d = ctx;

    line_control_note(&d->line, call);
    output_note(&d->output, call);
}

/* Continues with what has waited for its driver. */
static void on_free(void *ctx)
{
    struct device *d = ctx;

    on_writable(d);
    d->callbacks->free(d->ctx);
    d->callbacks->changed(d->ctx);
}

static const struct node_callbacks node_callbacks = {
    .prepared = on_prepared,
    .arrived = on_arrived,
    .made = on_made,
    .free = on_free,
};

bool device_prepare(struct device *d)
{
    return (d->state == DEVICE_CLOSED || node_is_busy(&d->node)) && d->state != DEVICE_LOST &&
           node_prepare(&d->node, false);
}

void device_give_up(struct device *d)
{
    if (d->state != DEVICE_LOST && node_is_being_prepared(&d->node))
        node_give_up(&d->node);
}

void device_forget(struct device *d)
{
    if (!node_is_being_prepared(&d->node))
        node_forget(&d->node);
}

/* --- closing ---------------------------------------------------------------------------------- */

static void close_device(struct device *d)
{
    lingering_stop(&d->lingering);
    timer_stop(&d->retry);
    settling_stop(&d->settling);
    node_forget(&d->node);
    node_close(&d->node);
    line_control_set_break(&d->line, false);
    d->state = DEVICE_CLOSED;
}

/* All that the last client sent is out, or given up. */
static void on_lingered(void *ctx)
{
    struct device *d = ctx;

    if (d->options->hold) {
        d->state = DEVICE_OPEN;
        put_back(d);
        d->callbacks->changed(d->ctx);
        return;
    }
    close_device(d);
    d->closes = true;
    tell_closed(d);
}

/* Drops what is queued, and says why, if there is anything. */
static void drop_output(struct device *d, const char *what)
{
    const size_t len = d->output.queue.len;

    if (len > 0)
        log_peer_warn(d->options->name, "%s: %zu bytes %s", d->options->name, len, what);
    output_drop(&d->output);
}

static void on_gone(void *ctx, int error)
{
    struct device *d = ctx;
    const struct port_options *o = d->options;
    const bool keep = o->hotplug || o->hold;

    log_warn("%s: the device has gone (%s)%s", o->name, error_text(-error),
             keep ? "; waiting for its return" : "");
    node_lose(&d->node);
    lingering_stop(&d->lingering);
    if (d->state == DEVICE_LINGERING)
        put_back(d);
    settling_finish(&d->settling);
    d->state = DEVICE_CLOSED;
    if (!d->owner)
        drop_output(d, "that a client had sent are dropped: the device is unplugged");
    if (keep && (d->used || o->hold))
        await_device(d, RETRY_MS);
    d->callbacks->gone(d->ctx);
}

/* --- who has it ------------------------------------------------------------------------------- */

/* Opens it for a new owner. Returns as device_take. */
static const char *open_for_owner(struct device *d)
{
    char error[SERIAL_ERROR_MAX];

    if (node_is_being_prepared(&d->node)) /* too many wait for that */
        return "busy";
    if (!node_has_path(&d->node)) { /* its last owner has gone just now, while it was lost */
        if (!d->options->hotplug)
            return "busy";
        begin_without(d);
        return NULL;
    }
    const int r = open_device(d, error);
    if (r == 0)
        return NULL;
    if (d->options->hotplug) {
        log_peer_info(d->options->name, "%s; waiting for it", error);
        begin_without(d);
        return NULL;
    }
    log_peer_refusal(LOG_LEVEL_ERROR, d->options->name, "%s", error);
    return r == -ENOENT || r == -ENODEV || r == -ENXIO ? "absent" : "failed";
}

const char *device_take(struct device *d)
{
    if (d->node.serial && node_is_busy(&d->node))
        return "busy";
    node_accept_any(&d->node);
    if (d->state == DEVICE_LINGERING) {
        lingering_stop(&d->lingering);
        d->state = DEVICE_OPEN;
        settling_begin(&d->settling);
    }
    const char *refusal = d->state == DEVICE_CLOSED ? open_for_owner(d) : NULL;
    if (refusal)
        return refusal;
    if (d->state == DEVICE_LOST && !d->options->hotplug)
        return "absent";
    if (!settling_is_on(&d->settling))
        line_control_raise(&d->line);
    d->used = true;
    return NULL;
}

void device_set_owner(struct device *d, const char *peer)
{
    d->owner = peer;
    d->owner_since_ms = clock_now_ms();
    settling_set_next(&d->settling, peer);
}

const char *device_owner(const struct device *d)
{
    return d->owner;
}

uint32_t device_owned_s(const struct device *d)
{
    return d->owner ? (uint32_t)((clock_now_ms() - d->owner_since_ms) / 1000) : 0;
}

void device_leave(struct device *d, bool others)
{
    d->owner = NULL;
    settling_set_next(&d->settling, NULL);
    if (d->line.broken) /* even where bytes still have to go out: a break must end */
        device_set_break(d, false);
    if (!d->node.serial) { /* unplugged: the next one begins again, whoever stays */
        drop_output(d, "that a client had sent are dropped: the device is unplugged");
        put_back(d);
    } else if (others) {
        settling_begin(&d->settling);
    }
}

void device_take_over(struct device *d)
{
    drop_output(d, "of the client before are dropped: the device did not take them in time");
    settling_look(&d->settling);
}

void device_unused(struct device *d)
{
    d->used = false;
    if (d->state == DEVICE_OPEN && d->node.serial) {
        d->state = DEVICE_LINGERING;
        lingering_begin(&d->lingering);
    } else if (d->state == DEVICE_LOST && !d->options->hold) {
        close_device(d);
    }
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
    return d->node.trouble;
}

const struct serial_info *device_info(struct device *d)
{
    return node_info(&d->node);
}

void device_path(const struct device *d, char path[static SERIAL_PATH_MAX])
{
    node_path(&d->node, path);
}

bool device_is_there(const struct device *d)
{
    return d->node.serial;
}

static const struct serial_callbacks serial_callbacks = {
    .received = on_data,
    .writable = on_writable,
    .lines = on_lines,
    .errors = on_errors,
    .gone = on_gone,
};

struct device *device_new(struct event_base *base, const struct port_options *options,
                          const struct device_callbacks *callbacks, void *ctx,
                          char error[static CLI_ERROR_MAX])
{
    struct device *d = calloc(1, sizeof *d);

    snprintf(error, CLI_ERROR_MAX, "out of memory");
    if (!d)
        return NULL;
    d->options = options;
    d->callbacks = callbacks;
    d->ctx = ctx;
    node_init(&d->node, base, options, &serial_callbacks, &node_callbacks, d);
    line_control_init(&d->line, options, &d->node);
    output_init(&d->output, &d->node);
    settling_init(&d->settling, base, &d->output, options->name, &settling_callbacks, d);
    lingering_init(&d->lingering, base, &d->output, options->name, on_lingered, d);
    timer_make(&d->retry, base, on_retry, d);
    if (node_check(&d->node, error) == 0)
        return d;
    device_free(d);
    return NULL;
}

void device_free(struct device *d)
{
    if (!d)
        return;
    const size_t left = d->node.serial ? device_untransmitted(d) : 0;
    if (left > 0 && !node_is_busy(&d->node))
        log_warn("%s: %zu bytes that a client had sent are dropped: com2net ends", d->options->name,
                 left);
    close_device(d);
    output_free(&d->output);
    node_free(&d->node);
    free(d);
}
