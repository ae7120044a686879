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

#include "line_termios.h"
#include "log.h"
#include "os.h"
#include "os_ioctl.h"
#include "pty_link.h"

#ifndef __GLIBC__
/* the kernel's is in <asm/termios.h>, which cannot be included beside <sys/ioctl.h> */
struct termio {
    unsigned short c_iflag, c_oflag, c_cflag, c_lflag;
    unsigned char c_line, c_cc[8];
};
#endif

enum {
    TICK_MS = 16,             /* between looks at the settings */
    CHUNK = 4096,             /* status byte and 4095 bytes: a PTY gives no more at once */
    CHUNK_MORE = 2048,        /* after so many bytes more may be waiting */
    BATCH = 16 * (CHUNK - 1), /* handed on together */
    CLOSING_WAIT_S = 30,      /* of a serial port: struct serial_struct, closing_wait */
};

struct vport {
    struct event_base *base;
    struct vport_options options;
    const struct vport_callbacks *callbacks;
    void *ctx;
    int master;
    int inotify;
    uid_t uid; /* of the link and the slave, or -1 */
    gid_t gid;
    bool open;
    bool reading;
    struct line_settings line;
    struct termios2 seen; /* what `line` was read from */
    bool has_asked;       /* a supervised program has made settings: */
    unsigned asked;       /* the flags of `destroyed` as it did */
    struct vport_identity identity;
    struct event *readable;
    struct event *writable;
    struct event *noticed;
    struct event *tick;
    struct event *closing_wait;
    char device[64];
    char link[PATH_MAX];
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

/* Control flags that a PTY clears, or that mean nothing without those. */
static const unsigned destroyed = CSIZE | PARENB | PARODD | CMSPAR;

/* What a PTY destroys, PARENB and CSIZE, comes from a supervised program that has said it, from the
 * options, or as far as the flags that stay give it away. */
static void mend_format(const struct vport *v, const struct termios2 *t, struct line_settings *line)
{
    if (v->has_asked) {
        struct termios2 asked = *t;
        struct line_settings format;

        asked.c_cflag = (t->c_cflag & ~destroyed) | v->asked;
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

/* Takes the settings `t` for those of the port; reports them if they differ from what is known. */
static bool see_settings(struct vport *v, const struct termios2 *t, bool report)
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
    return see_settings(v, &t, report);
}

/* All ports tick together, so that many cost no more wake-ups than one. */
static void schedule_tick(struct vport *v)
{
    const struct timeval delay = {0, (TICK_MS - (int)(os_now_ms() % TICK_MS)) * 1000};

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

/* Reads the pending notices away. Returns whether there were any. */
static bool forget_notices(struct vport *v)
{
    char notices[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool any = false;

    while (read(v->inotify, notices, sizeof notices) > 0)
        any = true;
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

size_t vport_termios_size(unsigned request)
{
    switch (request) {
    case TCGETS:
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return sizeof(struct termios);
    case TCGETS2:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return sizeof(struct termios2);
    case TCGETA:
    case TCSETA:
    case TCSETAW:
    case TCSETAF:
        return sizeof(struct termio);
    default:
        return 0;
    }
}

/* The control flags in the kernel's structure of a request. */
static unsigned get_cflag(unsigned request, const void *data)
{
    if (vport_termios_size(request) == sizeof(struct termio))
        return ((const struct termio *)data)->c_cflag;
    return ((const struct termios2 *)data)->c_cflag; /* begins as struct termios does */
}

static void put_cflag(unsigned request, void *data, unsigned cflag)
{
    if (vport_termios_size(request) == sizeof(struct termio))
        ((struct termio *)data)->c_cflag = (unsigned short)cflag;
    else
        ((struct termios2 *)data)->c_cflag = cflag;
}

/* Drops what programs have not read yet; only the slave side can. */
static void flush_input(struct vport *v)
{
    int slave = open(v->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (slave < 0)
        return;
    ioctl(slave, TCFLSH, TCIFLUSH);
    close(slave);
}

int vport_termios(struct vport *v, unsigned request, void *data)
{
    struct termios2 t;

    switch (request) {
    case TCGETS:
    case TCGETS2:
    case TCGETA:
        if (os_ioctl(v->master, request, data) < 0)
            return -errno;
        if (v->has_asked)
            put_cflag(request, data, (get_cflag(request, data) & ~destroyed) | v->asked);
        return 0;
    case TCSETSF:
    case TCSETSF2:
    case TCSETAF:
        flush_input(v);
        break;
    default:
        if (vport_termios_size(request) == 0)
            return -ENOTTY;
    }
    v->asked = get_cflag(request, data) & destroyed;
    v->has_asked = true;
    /* "when drained" and "at once" are the same here: what was written before has been taken */
    unsigned at_once = vport_termios_size(request) == sizeof(struct termio)     ? TCSETA
                       : vport_termios_size(request) == sizeof(struct termios2) ? TCSETS2
                                                                                : TCSETS;
    if (os_ioctl(v->master, at_once, data) < 0 || os_ioctl(v->master, TCGETS2, &t) < 0)
        return -errno;
    see_settings(v, &t, true);
    return 0;
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
    if ((v->uid != (uid_t)-1 || v->gid != (gid_t)-1) && chown(v->device, v->uid, v->gid) < 0)
        return -errno;
    if (v->options.mode >= 0 && chmod(v->device, (mode_t)v->options.mode) < 0)
        return -errno;
    struct stat st;
    if (stat(v->device, &st) < 0)
        return -errno;
    v->identity = (struct vport_identity){st.st_dev, st.st_ino, st.st_rdev};

    /* a PTY hangs up at the last close: so it has to have been open once */
    int slave = open(v->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (slave < 0)
        return -errno;
    close(slave);
    return 0;
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
                 os_error_text(-r));
    return r;
}

struct vport *vport_new(struct event_base *base, const char *link, bool replace,
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
    if (!v->tick || !v->closing_wait || find_user(options->owner, &v->uid, error) < 0 ||
        find_group(options->group, &v->gid, error) < 0 || begin_pty(v, v, error) < 0 ||
        pty_link_make(link, v->device, replace, v->uid, v->gid, error) < 0) {
        v->device[0] = '\0'; /* the link is not ours to remove */
        vport_free(v);
        return NULL;
    }
    return v;
}

int vport_hang_up(struct vport *v, char error[static VPORT_ERROR_MAX])
{
    struct vport fresh = *v;

    /* the new one first: if it cannot be had, the old one stays */
    fresh.readable = fresh.writable = fresh.noticed = NULL;
    fresh.master = fresh.inotify = -1;
    fresh.has_asked = false;
    int r = begin_pty(&fresh, v, error);
    if (r == 0)
        r = pty_link_make(v->link, fresh.device, true, v->uid, v->gid, error);
    if (r < 0) {
        end_pty(&fresh);
        return r;
    }
    event_del(v->tick);
    event_del(v->closing_wait);
    end_pty(v);
    *v = fresh;
    v->open = false;
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
}

void vport_free(struct vport *v)
{
    if (!v)
        return;
    vport_withdraw(v);
    end_pty(v);
    free_event(&v->tick);
    free_event(&v->closing_wait);
    free(v);
}

const char *vport_device(const struct vport *v)
{
    return v->device;
}
