/*
 * A PTY and the link to it.
 *
 * Theory of operation. Programs have the slave side; the master side is ours, in packet mode, so
 * that each read tells of flushes. A PTY also tells:
 *   open     only inotify on the slave's node tells of it
 *   close    POLLHUP on the master, and read() gives EIO once all that was written is read. The
 *            master then leaves the loop, where it would be readable for ever, until the next open
 *   settings TCGETS2 on the master gives the slave's. They are compared before each piece of data
 *            is handed on, and on a timer while the port is open. (EXTPROC would tell, but switches
 *            line editing off for programs that want it.)
 * See pty(7), ioctl_tty(2); drivers/tty/pty.c and n_tty.c have the rest.
 */
#include "vport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "clock.h"
#include "error_text.h"
#include "kept_link.h"
#include "log.h"
#include "pty.h"
#include "pty_owner.h"
#include "pty_settings.h"
#include "termios_request.h"
#include "timer.h"

enum {
    TICK_MS = 16,             /* between looks at the settings */
    CHUNK = 4096,             /* status byte and 4095 bytes: a PTY gives no more at once */
    CHUNK_MORE = 2048,        /* after so many bytes more may be waiting */
    BATCH = 16 * (CHUNK - 1), /* handed on together */
    CLOSING_WAIT_MS = 30000,  /* of a serial port: struct serial_struct, closing_wait */
};

/* The part that is another one after a hang-up. */
struct terminal {
    struct pty pty;
    struct pty_settings settings;
    int inotify;           /* of its device, and of the link; -1: none */
    struct event *noticed; /* that has news */
    struct event *readable;
    struct event *writable;
};

struct vport {
    struct event_base *base;
    struct vport_options options;
    const struct vport_callbacks *callbacks;
    void *ctx;
    struct pty_owner owner;
    struct terminal terminal;
    struct kept_link link;
    bool told_parity; /* that a program seems to want it */
    bool open;
    bool reading;
    struct timer tick; /* the next look at the settings, while it is open */
    struct timer closing_wait;
};

/* --- settings ------------------------------------------------------------------------------- */

/* Looks whether a program has changed the settings. Of what a PTY does not carry it sees one thing:
 * no request for modem lines or a break, and no packet in packet mode, comes to its master. */
static bool look_at_settings(struct vport *v)
{
    const bool changed = pty_settings_look(&v->terminal.settings, &v->terminal.pty);

    if (!v->told_parity && pty_settings_hide_parity(&v->terminal.settings)) {
        v->told_parity = true;
        log_warn("%s: a program has parity checked, and a plain link cannot carry even parity: "
                 "start it behind `net2pty exec %s -- COMMAND`, or give the link ,8e1",
                 v->link.path, v->link.path);
    }
    return changed;
}

static void report_settings(struct vport *v)
{
    v->callbacks->settings(v->ctx, &v->terminal.settings.line);
}

/* All ports tick together, so that many cost no more wake-ups than one. */
static void schedule_tick(struct vport *v)
{
    timer_in_ms(&v->tick, TICK_MS - clock_now_ms() % TICK_MS);
}

static void on_tick(void *ctx)
{
    struct vport *v = ctx;

    schedule_tick(v);
    if (look_at_settings(v))
        report_settings(v);
}

bool vport_set_line(struct vport *v, const struct line_settings *line)
{
    return pty_settings_set(&v->terminal.settings, &v->terminal.pty, line);
}

const struct line_settings *vport_line(const struct vport *v)
{
    return &v->terminal.settings.line;
}

bool vport_hupcl(const struct vport *v)
{
    return pty_settings_hupcl(&v->terminal.settings);
}

size_t vport_termios_size(unsigned request)
{
    return termios_request_size(request);
}

int vport_termios(struct vport *v, unsigned request, void *data)
{
    struct terminal *t = &v->terminal;
    bool changed;
    const int r = pty_settings_carry_out(&t->settings, &t->pty, request, data, &changed);

    if (changed)
        report_settings(v);
    return r;
}

/* --- open and closed ------------------------------------------------------------------------ */

static void update_reading(struct vport *v)
{
    if (v->open && v->reading)
        event_add(v->terminal.readable, NULL);
    else
        event_del(v->terminal.readable);
}

static void set_open(struct vport *v)
{
    timer_stop(&v->closing_wait);
    if (v->open)
        return;
    v->open = true;
    look_at_settings(v); /* `opened` finds them unchanged */
    schedule_tick(v);
    update_reading(v);
    v->callbacks->opened(v->ctx);
}

/* Reads the pending notices away. Returns whether there were any of the port; those of the link
 * have it looked at. */
static bool forget_notices(struct vport *v)
{
    char notices[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool any = false;

    for (ssize_t n = read(v->terminal.inotify, notices, sizeof notices); n > 0;
         n = read(v->terminal.inotify, notices, sizeof notices)) {
        for (const char *at = notices; at < notices + n;) {
            const struct inotify_event *e = (const struct inotify_event *)(const void *)at;

            if (!kept_link_notice(&v->link, e->wd))
                any = any || !(e->mask & IN_IGNORED);
            at += sizeof *e + e->len;
        }
    }
    return any;
}

static void replace_pty(struct vport *v);

static void set_closed(struct vport *v)
{
    bool unread;

    v->open = false;
    timer_stop(&v->tick);
    event_del(v->terminal.readable);
    event_del(v->terminal.writable);
    timer_stop(&v->closing_wait);
    if (look_at_settings(v)) /* stty(1) is gone before a tick comes */
        report_settings(v);
    v->callbacks->closed(v->ctx);
    if (!kept_link_is_made(&v->link)) /* withdrawn: there is no next program */
        return;
    /* exclusive: not even we can open it again, unless we are root */
    if (pty_refresh(&v->terminal.pty) < 0) {
        replace_pty(v);
        return;
    }
    forget_notices(v); /* of what we did */
    /* a program that has opened it meanwhile is found out by this */
    if (!pty_is_hung_up(&v->terminal.pty, &unread) || unread)
        set_open(v);
}

/* While nobody reads for the programs, and the last one has gone, its bytes are kept for a
 * while. */
static void wait_for_closing(struct vport *v)
{
    bool unread;

    if (!pty_is_hung_up(&v->terminal.pty, &unread))
        timer_stop(&v->closing_wait);
    else if (!v->reading && !timer_is_set(&v->closing_wait))
        timer_in_ms(&v->closing_wait, CLOSING_WAIT_MS);
}

/* While nobody reads for the programs, their close shows only here. */
static void take_notices(struct vport *v)
{
    if (!forget_notices(v))
        return;
    if (!v->open)
        set_open(v);
    wait_for_closing(v);
}

static void on_noticed(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    take_notices(ctx);
}

void vport_look(struct vport *v)
{
    if (!v->open)
        take_notices(v);
}

static void on_closing_wait(void *ctx)
{
    struct vport *v = ctx;
    char chunk[CHUNK];
    size_t dropped = 0;
    bool unread;

    if (v->reading || !pty_is_hung_up(&v->terminal.pty, &unread))
        return;
    for (ssize_t n = 1; n > 0; dropped += n > 1 ? (size_t)n - 1 : 0)
        n = read(v->terminal.pty.master, chunk, sizeof chunk);
    if (dropped > 0)
        log_warn("%s: %zu bytes that a program had written are dropped: nothing has taken them "
                 "for %d s after its close",
                 v->link.path, dropped, CLOSING_WAIT_MS / 1000);
    set_closed(v);
}

bool vport_is_open(const struct vport *v)
{
    return v->open;
}

/* --- bytes ---------------------------------------------------------------------------------- */

static void report_status(struct vport *v, unsigned status)
{
    bool rx = status & TIOCPKT_FLUSHREAD;
    bool tx = status & TIOCPKT_FLUSHWRITE;

    if (rx || tx)
        v->callbacks->flushed(v->ctx, rx, tx);
}

/* Reads what is there, up to a batch. Settings and flushes are reported in their place among the
 * bytes, as far as a PTY tells it. `all`: until no byte is left. A read that finds none has waited
 * for those that were just written. Returns whether the port is still open. */
static bool read_batch(struct vport *v, bool all)
{
    static uint8_t batch[BATCH + CHUNK];
    size_t len = 0;
    bool open = true;

    while (len < BATCH) {
        /* a chunk begins with a status byte, in the place of the last byte before it */
        uint8_t *chunk = batch + len;
        uint8_t kept = *chunk;
        ssize_t n = read(v->terminal.pty.master, chunk, CHUNK);
        uint8_t status = *chunk;

        if (n <= 0) {
            open = n < 0 && (errno == EAGAIN || errno == EINTR);
            break;
        }
        *chunk = kept;
        bool changed = look_at_settings(v);
        if (len > 0 && (status != TIOCPKT_DATA || changed)) {
            v->callbacks->received(v->ctx, batch + 1, len);
            memmove(batch + 1, chunk + 1, (size_t)n - 1);
            len = 0;
        }
        if (changed)
            report_settings(v);
        if (status != TIOCPKT_DATA) {
            report_status(v, status);
            continue;
        }
        len += (size_t)n - 1;
        if (n < CHUNK_MORE && !all)
            break;
    }
    if (len > 0)
        v->callbacks->received(v->ctx, batch + 1, len);
    return open;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct vport *v = ctx;

    (void)fd;
    (void)what;
    if (!read_batch(v, false))
        set_closed(v);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
    struct vport *v = ctx;

    (void)fd;
    (void)what;
    v->callbacks->writable(v->ctx);
}

void vport_read(struct vport *v, bool on)
{
    if (on) /* somebody takes the written bytes: the wait for that begins again */
        timer_stop(&v->closing_wait);
    v->reading = on;
    update_reading(v);
    if (!on && v->open)
        wait_for_closing(v);
}

size_t vport_write(struct vport *v, const uint8_t *data, size_t len)
{
    bool unread;

    if (!v->open)
        return len;
    ssize_t n = write(v->terminal.pty.master, data, len);
    size_t took = n > 0 ? (size_t)n : 0;
    if (took == len || pty_is_hung_up(&v->terminal.pty, &unread))
        return len;
    event_add(v->terminal.writable, NULL);
    return took;
}

/* --- supervised programs ---------------------------------------------------------------------- */

void vport_identity(const struct vport *v, struct vport_identity *identity)
{
    *identity = v->terminal.pty.identity;
}

int vport_find(const char *link, struct vport_identity *identity)
{
    struct stat st;

    if (stat(link, &st) < 0)
        return -errno;
    *identity = (struct vport_identity){st.st_dev, st.st_ino, st.st_rdev};
    return 0;
}

size_t vport_untaken(const struct vport *v)
{
    return pty_unread(&v->terminal.pty);
}

bool vport_take(struct vport *v)
{
    if (!v->open) {
        forget_notices(v);
        set_open(v);
    }
    /* a batch is bounded, a PTY holds less */
    if (v->reading)
        read_batch(v, true);
    if (v->reading) /* all of it; an owner without room for it would have paused us */
        return true;
    return vport_untaken(v) == 0;
}

bool vport_is_settled(const struct vport *v)
{
    bool readable;

    if (vport_untaken(v) > 0)
        return false;
    return v->open == !pty_is_hung_up(&v->terminal.pty, &readable);
}

/* --- making and ending ------------------------------------------------------------------------ */

static void free_event(struct event **event)
{
    if (*event)
        event_free(*event);
    *event = NULL;
}

static void end_terminal(struct terminal *t)
{
    free_event(&t->noticed);
    free_event(&t->readable);
    free_event(&t->writable);
    if (t->inotify >= 0)
        close(t->inotify);
    t->inotify = -1;
    pty_close(&t->pty);
}

static int watch(struct vport *v, struct terminal *t)
{
    t->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (t->inotify < 0 || inotify_add_watch(t->inotify, t->pty.device, IN_OPEN | IN_CLOSE) < 0)
        return -errno;
    t->noticed = event_new(v->base, t->inotify, EV_READ | EV_PERSIST, on_noticed, v);
    t->readable = event_new(v->base, t->pty.master, EV_READ | EV_PERSIST, on_readable, v);
    t->writable = event_new(v->base, t->pty.master, EV_WRITE, on_writable, v);
    if (!t->noticed || !t->readable || !t->writable)
        return -ENOMEM;
    return event_add(t->noticed, NULL) < 0 ? -ENOMEM : 0;
}

/* Makes a terminal for the port, and what watches it; the one it has stays. Returns 0, or -errno
 * with the reason in `error`: end_terminal is to be called in any case. */
static int begin_terminal(struct vport *v, struct terminal *t, const struct line_settings *line,
                          char error[static VPORT_ERROR_MAX])
{
    *t = (struct terminal){.settings = {.options = &v->options, .line = *line}, .inotify = -1};
    int r = pty_open(&t->pty);

    if (r == 0)
        r = pty_settings_begin(&t->settings, &t->pty);
    if (r == 0)
        r = pty_give_away(&t->pty, &v->owner, v->options.mode);
    if (r == 0)
        r = watch(v, t);
    if (r < 0)
        snprintf(error, VPORT_ERROR_MAX, "cannot make a pseudo-terminal for %.200s: %s",
                 v->link.path, error_text(-r));
    return r;
}

struct vport *vport_new(struct event_base *base, const char *link, bool stale,
                        const struct vport_options *options, const struct line_settings *line,
                        const struct vport_callbacks *callbacks, void *ctx,
                        char error[static VPORT_ERROR_MAX])
{
    struct vport *v = calloc(1, sizeof *v);

    snprintf(error, VPORT_ERROR_MAX, "out of memory");
    if (!v)
        return NULL;
    v->base = base;
    v->options = *options;
    v->callbacks = callbacks;
    v->ctx = ctx;
    v->terminal = (struct terminal){.pty.master = -1, .inotify = -1};
    timer_make(&v->tick, base, on_tick, v);
    timer_make(&v->closing_wait, base, on_closing_wait, v);
    const struct pty_link_over over = {.stale = stale, .dangling = options->replace};
    int r = pty_owner_find(&v->owner, options, error);
    kept_link_begin(&v->link, base, link, &v->owner);
    if (r == 0)
        r = begin_terminal(v, &v->terminal, line, error);
    if (r == 0)
        r = kept_link_make(&v->link, v->terminal.pty.device, &over, v->terminal.inotify, error);
    if (r < 0) {
        vport_free(v);
        return NULL;
    }
    return v;
}

int vport_hang_up(struct vport *v, char error[static VPORT_ERROR_MAX])
{
    const struct pty_link_over over = {.ours = v->terminal.pty.device};
    struct terminal fresh;

    /* the new one first: if it is not available, the old one stays */
    int r = begin_terminal(v, &fresh, &v->terminal.settings.line, error);
    if (r == 0)
        r = kept_link_make(&v->link, fresh.pty.device, &over, fresh.inotify, error);
    if (r < 0) {
        end_terminal(&fresh);
        return r;
    }
    timer_stop(&v->tick);
    timer_stop(&v->closing_wait);
    end_terminal(&v->terminal);
    v->terminal = fresh;
    v->open = false;
    return 0;
}

static void replace_pty(struct vport *v)
{
    char error[VPORT_ERROR_MAX];

    log_info("%s: its last program had it exclusively: a new terminal is put behind it",
             v->link.path);
    if (vport_hang_up(v, error) < 0)
        log_error("%s", error);
}

void vport_withdraw(struct vport *v)
{
    kept_link_remove(&v->link);
}

void vport_free(struct vport *v)
{
    if (!v)
        return;
    vport_withdraw(v);
    end_terminal(&v->terminal);
    timer_stop(&v->tick);
    timer_stop(&v->closing_wait);
    free(v);
}

const char *vport_device(const struct vport *v)
{
    return v->terminal.pty.device;
}
