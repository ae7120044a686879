/*
 * A PTY behind a link.
 *
 * Theory of operation. Programs have the slave side; the master side is ours, in packet mode, so
 * that each read tells of flushes. What else a PTY tells:
 *   open     only inotify on the slave's node tells of it
 *   close    POLLHUP on the master, and read() gives EIO once all that was written is read. The
 *            master then leaves the loop, where it would be readable for ever, until the next open
 *   settings TCGETS2 on the master gives the slave's. They are compared before each piece of data
 *            is handed on, and on a timer while the port is open. (EXTPROC would tell, but switches
 *            line editing off for programs that want it.)
 * See pty(7), ioctl_tty(2); drivers/tty/pty.c and n_tty.c for what is not written there.
 */
#define _GNU_SOURCE
#include "vport.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "clock.h"
#include "error_text.h"
#include "line_termios.h"
#include "log.h"
#include "os_ioctl.h"
#include "pty_link.h"
#include "vport_state.h"

enum {
    TICK_MS = 16,             /* between looks at the settings */
    CHUNK = 4096,             /* status byte and 4095 bytes: a PTY gives no more at once */
    CHUNK_MORE = 2048,        /* after so many bytes more may be waiting */
    BATCH = 16 * (CHUNK - 1), /* handed on together */
    CLOSING_WAIT_S = 30,      /* of a serial port: struct serial_struct, closing_wait */
    LINK_SETTLE_MS = 200,     /* after somebody has done something to the link */
    LINK_RETRY_MS = 2000,     /* while it cannot be made again */
    LINK_LOG_MS = 60000,
    LINK_LINES = 6, /* in that time */
};

static bool is_hung_up(const struct vport *v, bool *unread)
{
    struct pollfd p = {.fd = v->master, .events = POLLIN};

    if (poll(&p, 1, 0) < 0)
        return false;
    *unread = p.revents & POLLIN;
    return p.revents & POLLHUP;
}

/* --- settings ------------------------------------------------------------------------------- */

/* What a PTY destroys, PARENB and CSIZE, comes from a supervised program that has said it, from the
 * options, or as far as the flags that stay give it away. */
static void mend_format(const struct vport *v, const struct termios2 *t, struct line_settings *line)
{
    if (v->has_asked) {
        struct termios2 asked = *t;
        struct line_settings format;

        asked.c_cflag = (t->c_cflag & ~VPORT_DESTROYED) | v->asked;
        line_termios_get(&asked, &format);
        line->data_bits = format.data_bits;
        line->parity = format.parity;
        return;
    }
    if (v->options.has_format) {
        line->data_bits = v->options.format.data_bits;
        line->parity = v->options.format.parity;
        if (line->stop == LINE_STOP_1)
            line->stop = v->options.format.stop;
        return;
    }
    if (t->c_cflag & CMSPAR)
        line->parity = t->c_cflag & PARODD ? LINE_PARITY_MARK : LINE_PARITY_SPACE;
    else if (t->c_cflag & PARODD)
        line->parity = LINE_PARITY_ODD;
}

static bool same_termios(const struct termios2 *a, const struct termios2 *b)
{
    return a->c_cflag == b->c_cflag && a->c_iflag == b->c_iflag && a->c_ospeed == b->c_ospeed;
}

bool vport_see_settings(struct vport *v, const struct termios2 *t, bool report)
{
    struct line_settings line;

    v->seen = *t;
    line_termios_get(t, &line);
    mend_format(v, t, &line);
    if (line_settings_equal(&line, &v->line))
        return false;
    v->line = line;
    if (report)
        v->callbacks->settings(v->ctx, &v->line);
    return true;
}

/* Looks whether a program has changed the settings, and reports it. */
static bool look_at_settings(struct vport *v, bool report)
{
    struct termios2 t;

    if (os_ioctl(v->master, TCGETS2, &t) < 0 || same_termios(&t, &v->seen))
        return false;
    return vport_see_settings(v, &t, report);
}

/* All ports tick together, so that many cost no more wake-ups than one. */
static void schedule_tick(struct vport *v)
{
    const struct timeval delay = {0, (TICK_MS - (int)(clock_now_ms() % TICK_MS)) * 1000};

    event_add(v->tick, &delay);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
    struct vport *v = ctx;

    (void)fd;
    (void)what;
    schedule_tick(v);
    look_at_settings(v, true);
}

bool vport_set_line(struct vport *v, const struct line_settings *line)
{
    struct termios2 t;
    bool known = os_ioctl(v->master, TCGETS2, &t) == 0;

    if (known && !same_termios(&t, &v->seen))
        return false;
    v->line = *line;
    if (!known || line_termios_put(line, &t) < 0 || os_ioctl(v->master, TCSETS2, &t) < 0)
        return true;
    if (os_ioctl(v->master, TCGETS2, &t) == 0)
        v->seen = t;
    return true;
}

const struct line_settings *vport_line(const struct vport *v)
{
    return &v->line;
}

bool vport_hupcl(const struct vport *v)
{
    return v->seen.c_cflag & HUPCL;
}

/* --- open and closed ------------------------------------------------------------------------ */

static void update_reading(struct vport *v)
{
    if (v->open && v->reading)
        event_add(v->readable, NULL);
    else
        event_del(v->readable);
}

static void set_open(struct vport *v)
{
    event_del(v->closing_wait);
    if (v->open)
        return;
    v->open = true;
    look_at_settings(v, false);
    schedule_tick(v);
    update_reading(v);
    v->callbacks->opened(v->ctx);
}

static void schedule_link_check(struct vport *v, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    event_add(v->link_check, &delay);
}

/* Reads the pending notices away. Returns whether there were any of the port; those of the link
 * have it looked at. */
static bool forget_notices(struct vport *v)
{
    char notices[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool any = false;

    for (ssize_t n = read(v->inotify, notices, sizeof notices); n > 0;
         n = read(v->inotify, notices, sizeof notices)) {
        for (const char *at = notices; at < notices + n;) {
            const struct inotify_event *e = (const struct inotify_event *)(const void *)at;

            if (e->wd == v->link_watch)
                schedule_link_check(v, LINK_SETTLE_MS);
            else
                any = any || !(e->mask & IN_IGNORED);
            at += sizeof *e + e->len;
        }
    }
    return any;
}

/* Makes the port as good as new for the next program; only the slave side can. What the last one
 * did not read is dropped, and what it has switched off (TIOCEXCL, tcflow(3)), which would outlive
 * it on a PTY as long as our side is open, is switched on. A program that opens meanwhile is found
 * out by the hang-up being over. Returns 0 or -errno. */
static int refresh(struct vport *v)
{
    char status;
    int slave = open(v->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (slave < 0)
        return -errno;
    ioctl(slave, TIOCNXCL);
    ioctl(slave, TCXONC, TCOON);
    ioctl(slave, TCFLSH, TCIFLUSH);
    close(slave);
    forget_notices(v);
    /* what we did is told to us, too; a read of one byte takes that and no data */
    if (read(v->master, &status, 1) < 0)
        log_debug("%s: nothing was flushed", v->link);
    return 0;
}

static void replace_pty(struct vport *v);

static void set_closed(struct vport *v)
{
    bool unread = false;

    v->open = false;
    event_del(v->tick);
    event_del(v->readable);
    event_del(v->writable);
    event_del(v->closing_wait);
    look_at_settings(v, true); /* stty(1) is gone before a tick comes */
    v->callbacks->closed(v->ctx);
    if (!v->device[0]) /* withdrawn: there is no next program */
        return;
    if (refresh(v) < 0) { /* exclusive: not even we can open it again, unless we are root */
        replace_pty(v);
        return;
    }
    if (!is_hung_up(v, &unread) || unread)
        set_open(v);
}

/* While nobody reads for the programs, and the last one has gone, what it wrote is kept for a
 * while. */
static void wait_for_closing(struct vport *v)
{
    const struct timeval wait = {CLOSING_WAIT_S, 0};
    bool unread;

    if (!is_hung_up(v, &unread))
        event_del(v->closing_wait);
    else if (!v->reading && !event_pending(v->closing_wait, EV_TIMEOUT, NULL))
        event_add(v->closing_wait, &wait);
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

static void on_closing_wait(evutil_socket_t fd, short what, void *ctx)
{
    struct vport *v = ctx;
    char chunk[CHUNK];
    size_t dropped = 0;
    bool unread;

    (void)fd;
    (void)what;
    if (v->reading || !is_hung_up(v, &unread))
        return;
    for (ssize_t n = 1; n > 0; dropped += n > 1 ? (size_t)n - 1 : 0)
        n = read(v->master, chunk, sizeof chunk);
    if (dropped > 0)
        log_warn("%s: %zu bytes that a program had written are dropped: nothing has taken them "
                 "for %d s after its close",
                 v->link, dropped, CLOSING_WAIT_S);
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
 * bytes, as far as a PTY lets know it; `all`: until there is nothing left (a read that
 * finds nothing has waited for what was just written). Returns whether the port is still open. */
static bool read_batch(struct vport *v, bool all)
{
    static uint8_t batch[BATCH + CHUNK];
    size_t len = 0;
    bool open = true;

    while (len < BATCH) {
        /* a chunk begins with a status byte, which stands where the last byte before it stood */
        uint8_t *chunk = batch + len;
        uint8_t kept = *chunk;
        ssize_t n = read(v->master, chunk, CHUNK);
        uint8_t status = *chunk;

        if (n <= 0) {
            open = n < 0 && (errno == EAGAIN || errno == EINTR);
            break;
        }
        *chunk = kept;
        bool changed = look_at_settings(v, false);
        if (len > 0 && (status != TIOCPKT_DATA || changed)) {
            v->callbacks->received(v->ctx, batch + 1, len);
            memmove(batch + 1, chunk + 1, (size_t)n - 1);
            len = 0;
        }
        if (changed)
            v->callbacks->settings(v->ctx, &v->line);
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
    if (on) /* somebody takes what was written: the wait for that begins anew */
        event_del(v->closing_wait);
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
    ssize_t n = write(v->master, data, len);
    size_t took = n > 0 ? (size_t)n : 0;
    if (took == len || is_hung_up(v, &unread))
        return len;
    event_add(v->writable, NULL);
    return took;
}

/* --- supervised programs ---------------------------------------------------------------------- */

void vport_identity(const struct vport *v, struct vport_identity *identity)
{
    *identity = v->identity;
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
    int unread = 0;

    return os_ioctl(v->master, TIOCINQ, &unread) == 0 && unread > 0 ? (size_t)unread : 0;
}

bool vport_take(struct vport *v)
{
    if (!v->open) {
        forget_notices(v);
        set_open(v);
    }
    /* a batch is bounded, what a PTY holds is less */
    if (v->reading)
        read_batch(v, true);
    if (v->reading) /* all of it; who had no room for it would have paused us */
        return true;
    return vport_untaken(v) == 0;
}

bool vport_is_settled(const struct vport *v)
{
    bool readable;

    if (vport_untaken(v) > 0)
        return false;
    return v->open == !is_hung_up(v, &readable);
}

/* --- making and ending ------------------------------------------------------------------------ */

static int find_user(const char *name, uid_t *uid, char error[static VPORT_ERROR_MAX])
{
    char *end;

    *uid = (uid_t)-1;
    if (!name)
        return 0;
    const struct passwd *user = getpwnam(name);
    unsigned long number = strtoul(name, &end, 10);
    if (!user && (end == name || *end)) {
        snprintf(error, VPORT_ERROR_MAX, "owner %.100s: there is no such user", name);
        return -EINVAL;
    }
    *uid = user ? user->pw_uid : (uid_t)number;
    return 0;
}

static int find_group(const char *name, gid_t *gid, char error[static VPORT_ERROR_MAX])
{
    char *end;

    *gid = (gid_t)-1;
    if (!name)
        return 0;
    const struct group *group = getgrnam(name);
    unsigned long number = strtoul(name, &end, 10);
    if (!group && (end == name || *end)) {
        snprintf(error, VPORT_ERROR_MAX, "group %.100s: there is no such group", name);
        return -EINVAL;
    }
    *gid = group ? group->gr_gid : (gid_t)number;
    return 0;
}

/* Gives the slave its owner and mode, and learns which file it is. By a descriptor: so it is the
 * same one all the time. A PTY hangs up at the last close, so it has to have been open once, too.
 * Returns 0 or -errno. */
static int give_away_pty(struct vport *v)
{
    const int slave = open(v->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    const bool owned = v->uid != (uid_t)-1 || v->gid != (gid_t)-1;
    struct stat st;
    int r = 0;

    if (slave < 0)
        return -errno;
    if ((owned && fchown(slave, v->uid, v->gid) < 0) ||
        (v->options.mode >= 0 && fchmod(slave, (mode_t)v->options.mode) < 0) ||
        fstat(slave, &st) < 0)
        r = -errno;
    else
        v->identity = (struct vport_identity){st.st_dev, st.st_ino, st.st_rdev};
    close(slave);
    return r;
}

/* Makes the PTY with the settings v->line, raw, so that nothing is echoed before a program has made
 * its own. Returns 0 or -errno. */
static int make_pty(struct vport *v)
{
    int on = 1;
    struct termios2 t;

    v->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (v->master < 0)
        return -errno;
    if (grantpt(v->master) < 0 || unlockpt(v->master) < 0)
        return -errno;
    int r = ptsname_r(v->master, v->device, sizeof v->device);
    if (r != 0)
        return -r;
    if (os_ioctl(v->master, TIOCPKT, &on) < 0 || os_ioctl(v->master, TCGETS2, &t) < 0)
        return -errno;
    line_termios_raw(&t);
    t.c_cflag |= HUPCL;
    line_termios_put(&v->line, &t);
    if (os_ioctl(v->master, TCSETS2, &t) < 0 || os_ioctl(v->master, TCGETS2, &v->seen) < 0)
        return -errno;
    return give_away_pty(v);
}

/* Makes the events of the PTY in `v`; they will find it in `self`. */
static int watch_pty(struct vport *v, struct vport *self)
{
    v->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (v->inotify < 0 || inotify_add_watch(v->inotify, v->device, IN_OPEN | IN_CLOSE) < 0)
        return -errno;
    v->noticed = event_new(v->base, v->inotify, EV_READ | EV_PERSIST, on_noticed, self);
    v->readable = event_new(v->base, v->master, EV_READ | EV_PERSIST, on_readable, self);
    v->writable = event_new(v->base, v->master, EV_WRITE, on_writable, self);
    if (!v->noticed || !v->readable || !v->writable)
        return -ENOMEM;
    return event_add(v->noticed, NULL) < 0 ? -ENOMEM : 0;
}

/* --- the link --------------------------------------------------------------------------------- */

static void watch_link(struct vport *v)
{
    /* where it is not possible nobody is told of a link that is removed */
    v->link_watch = inotify_add_watch(v->inotify, v->link,
                                      IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW);
}

/* A program may do that again and again: the log hears of it some times in a minute. */
static void tell_of_link(struct vport *v, const char *what)
{
    const uint64_t now_ms = clock_now_ms();

    if (v->link_lines == 0 || now_ms - v->link_logged_ms >= LINK_LOG_MS) {
        v->link_logged_ms = now_ms;
        v->link_lines = 0;
    }
    if (v->link_lines++ < LINK_LINES)
        log_warn("%s: %s", v->link, what);
    else
        log_debug("%s: %s", v->link, what);
}

/* Somebody may have removed the link, or put something else in its place. */
static void on_link_check(evutil_socket_t fd, short what, void *ctx)
{
    const struct pty_link_over nothing = {0};
    struct vport *v = ctx;
    char error[VPORT_ERROR_MAX];

    (void)fd;
    (void)what;
    if (!v->device[0])
        return;
    int r = pty_link_look(v->link, v->device);
    bool gone = r < 0 && r != -EEXIST;
    if (gone)
        r = pty_link_make(v->link, v->device, &nothing, v->uid, v->gid, error);
    if (r == 0) {
        watch_link(v);
        if (gone)
            tell_of_link(v, "somebody has removed it: it is made again");
        v->link_lost = false;
        return;
    }
    if (!v->link_lost && r == -EEXIST)
        tell_of_link(
            v, "something else stands there now, and programs do not find the port; when that is "
               "removed the link is made again");
    else if (!v->link_lost)
        log_warn("somebody has removed the link, and it cannot be made again: %s", error);
    v->link_lost = true;
    schedule_link_check(v, LINK_RETRY_MS);
}

static void free_event(struct event **event)
{
    if (*event)
        event_free(*event);
    *event = NULL;
}

static void end_pty(struct vport *v)
{
    free_event(&v->noticed);
    free_event(&v->readable);
    free_event(&v->writable);
    if (v->inotify >= 0)
        close(v->inotify);
    if (v->master >= 0)
        close(v->master);
    v->inotify = -1;
    v->master = -1;
}

/* Makes the PTY and what watches it. */
static int begin_pty(struct vport *v, struct vport *self, char error[static VPORT_ERROR_MAX])
{
    int r = make_pty(v);

    if (r == 0)
        r = watch_pty(v, self);
    if (r < 0)
        snprintf(error, VPORT_ERROR_MAX, "cannot make a pseudo-terminal for %.200s: %s", v->link,
                 error_text(-r));
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
    v->master = -1;
    v->inotify = -1;
    v->line = *line;
    snprintf(v->link, sizeof v->link, "%s", link);
    v->tick = evtimer_new(base, on_tick, v);
    v->closing_wait = evtimer_new(base, on_closing_wait, v);
    v->link_check = evtimer_new(base, on_link_check, v);
    v->link_watch = -1;
    const struct pty_link_over over = {.stale = stale, .dangling = options->replace};
    if (!v->tick || !v->closing_wait || !v->link_check ||
        find_user(options->owner, &v->uid, error) < 0 ||
        find_group(options->group, &v->gid, error) < 0 || begin_pty(v, v, error) < 0 ||
        pty_link_make(link, v->device, &over, v->uid, v->gid, error) < 0) {
        v->device[0] = '\0'; /* the link is not ours to remove */
        vport_free(v);
        return NULL;
    }
    watch_link(v);
    return v;
}

int vport_hang_up(struct vport *v, char error[static VPORT_ERROR_MAX])
{
    struct vport fresh = *v;
    const struct pty_link_over over = {.ours = v->device};

    /* the new one first: if it cannot be had, the old one stays */
    fresh.readable = fresh.writable = fresh.noticed = NULL;
    fresh.master = fresh.inotify = -1;
    fresh.has_asked = false;
    int r = begin_pty(&fresh, v, error);
    if (r == 0)
        r = pty_link_make(v->link, fresh.device, &over, v->uid, v->gid, error);
    if (r < 0) {
        end_pty(&fresh);
        return r;
    }
    event_del(v->tick);
    event_del(v->closing_wait);
    end_pty(v);
    *v = fresh;
    v->open = false;
    watch_link(v);
    return 0;
}

static void replace_pty(struct vport *v)
{
    char error[VPORT_ERROR_MAX];

    log_info("%s: its last program had it exclusively: a new terminal is put behind it", v->link);
    if (vport_hang_up(v, error) < 0)
        log_error("%s", error);
}

void vport_withdraw(struct vport *v)
{
    if (v->device[0])
        pty_link_remove(v->link, v->device);
    v->device[0] = '\0';
    if (v->link_check)
        event_del(v->link_check);
}

void vport_free(struct vport *v)
{
    if (!v)
        return;
    vport_withdraw(v);
    end_pty(v);
    free_event(&v->tick);
    free_event(&v->closing_wait);
    free_event(&v->link_check);
    free(v);
}

const char *vport_device(const struct vport *v)
{
    return v->device;
}
