/*
 * Linux's serial ports; see common/seam/serial_io.h.
 *
 * libserialport opens a port it knows (one in /sys/class/tty). It refuses PTYs, which emulators
 * publish as their serial ports, and names that a container gave a device; those are opened here.
 * Settings are applied here for all of them, with one TCSETS2. libserialport 0.1.1 and 0.1.2 look
 * for hardware flow control in the wrong flag word. They set an odd speed in a second step after a
 * first with the old one.
 */
#define _GNU_SOURCE
#include "serial_io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <linux/serial.h>

#include <event2/event.h>
#include <libserialport.h>

#include "error_text.h"
#include "line_termios.h"
#include "log.h"
#include "loop.h"
#include "modem_watch.h"
#include "os_ioctl.h"
#include "tty_counts.h"
#include "tty_node.h"

enum {
    READ_SIZE = 4096,   /* a tty gives no more at once */
    READ_BATCH = 32768, /* handed on together */
    READ_MORE = 2048,   /* after so many bytes more may be waiting */
};

struct serial_io {
    struct serial base;
    struct event_base *loop;
    struct sp_port *sp; /* NULL where libserialport did not open it */
    int fd;
    bool pty;
    bool has_lines;
    bool hupcl;
    bool broken; /* a break is on */
    bool watch_errors;
    bool reading;
    bool held;
    bool late_lines; /* a change came while it was held */
    bool closed;
    atomic_uint users; /* the loop's callbacks, and who closes it: the last one frees it */
    int write_error;   /* of a device that is gone, to be told from the loop */
    unsigned known;    /* modem lines as last seen; where there are none, outputs as last set */
    struct line_settings line; /* in force, as far as the tty can tell */
    struct termios2 found;
    struct tty_counts counts;
    struct serial_struct driver; /* as found, if low_latency was set */
    bool low_latency;
    int latency_error; /* an errno, to be told, or 0 */
    struct modem_watch *watch;
    struct event *readable;
    struct event *writable;
    char path[PATH_MAX];
};

static struct serial_io *io_of(struct serial *s)
{
    return (struct serial_io *)(void *)s;
}

/* --- bytes ------------------------------------------------------------------------------- */

static void report_gone(struct serial_io *io, int error)
{
    event_del(io->readable);
    event_del(io->writable);
    modem_watch_stop(io->watch);
    io->watch = NULL;
    io->base.callbacks->gone(io->base.ctx, error);
}

static void report_errors(struct serial_io *io)
{
    const unsigned state = io->watch_errors ? tty_counts_errors(&io->counts, io->fd) : 0;

    if (state)
        io->base.callbacks->errors(io->base.ctx, state);
}

/* Reads what is there, up to a batch: the length, 0 for nothing, or -errno. */
static int read_batch(struct serial_io *io, uint8_t *batch)
{
    size_t len = 0;

    while (len + READ_SIZE <= READ_BATCH) {
        ssize_t n = read(io->fd, batch + len, READ_SIZE);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) /* 0: hung up, as VMIN is 1 */
            return len > 0 ? (int)len : n < 0 ? -errno : -EIO;
        len += (size_t)n;
        if (n < READ_MORE)
            break;
    }
    return (int)len;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    static uint8_t batch[READ_BATCH];
    struct serial_io *io = ctx;

    (void)fd;
    (void)what;
    int n = read_batch(io, batch);
    if (n < 0) {
        report_gone(io, n);
        return;
    }
    report_errors(io);
    if (n > 0 && !io->closed)
        io->base.callbacks->received(io->base.ctx, batch, (size_t)n);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
    struct serial_io *io = ctx;

    (void)fd;
    (void)what;
    if (io->write_error)
        report_gone(io, io->write_error);
    else
        io->base.callbacks->writable(io->base.ctx);
}

static void update_reading(struct serial_io *io)
{
    if (io->reading && !io->held)
        event_add(io->readable, NULL);
    else
        event_del(io->readable);
}

static void io_read(struct serial *s, bool on)
{
    io_of(s)->reading = on;
    update_reading(io_of(s));
}

static int io_write(struct serial *s, const uint8_t *data, size_t len)
{
    struct serial_io *io = io_of(s);
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(io->fd, data + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN) {
            io->write_error = -errno;
            event_active(io->writable, EV_WRITE, 0);
            return io->write_error;
        }
        if (n <= 0) {
            event_add(io->writable, NULL);
            break;
        }
        done += (size_t)n;
    }
    return (int)done;
}

/* --- settings ---------------------------------------------------------------------------- */

/* The settings in force, from those of the tty and those that it does not have. */
static void read_settings(struct serial_io *io, const struct line_settings *want)
{
    struct termios2 t;

    if (os_ioctl(io->fd, TCGETS2, &t) < 0)
        return;
    line_termios_get(&t, &io->line);
    if (io->pty) { /* has no wire: it keeps neither parity nor size, and needs none */
        io->line.data_bits = want->data_bits;
        io->line.parity = want->parity;
    }
    if (want->stop == LINE_STOP_1_5 && io->line.stop == LINE_STOP_2)
        io->line.stop = LINE_STOP_1_5;
}

static int io_configure(struct serial *s, const struct line_settings *want,
                        struct line_settings *got)
{
    struct serial_io *io = io_of(s);
    struct termios2 t;
    int r = -EIO;

    *got = io->line;
    if (os_ioctl(io->fd, TCGETS2, &t) < 0)
        return -errno;
    line_termios_raw(&t);
    t.c_cflag = io->hupcl ? t.c_cflag | HUPCL : t.c_cflag & ~(unsigned)HUPCL;
    r = line_termios_put(want, &t);
    if (r < 0)
        return r;
    if (os_ioctl(io->fd, TCSETS2, &t) < 0)
        return -errno;
    read_settings(io, want);
    *got = io->line;
    return 0;
}

/* --- lines ------------------------------------------------------------------------------- */

static const struct {
    int tiocm;
    unsigned line;
} lines[] = {
    {TIOCM_DTR, LINE_DTR}, {TIOCM_RTS, LINE_RTS}, {TIOCM_CTS, LINE_CTS},
    {TIOCM_DSR, LINE_DSR}, {TIOCM_RI, LINE_RI},   {TIOCM_CD, LINE_CD},
};

enum { LINES = sizeof lines / sizeof *lines };

static unsigned io_lines(struct serial *s)
{
    struct serial_io *io = io_of(s);
    unsigned result = 0;
    int bits = 0;

    if (!io->has_lines || os_ioctl(io->fd, TIOCMGET, &bits) < 0)
        return io->known;
    for (int i = 0; i < LINES; i++)
        if (bits & lines[i].tiocm)
            result |= lines[i].line;
    return result;
}

static int io_set_outputs(struct serial *s, unsigned mask, unsigned values)
{
    struct serial_io *io = io_of(s);
    int bits = 0;

    io->known = (io->known & ~mask) | (values & mask);
    if (!io->has_lines)
        return 0;
    /* one TIOCMSET and not TIOCMBIS with TIOCMBIC: both lines move together */
    if (os_ioctl(io->fd, TIOCMGET, &bits) < 0)
        return -errno;
    for (int i = 0; i < LINES; i++) {
        if (!(mask & lines[i].line))
            continue;
        bits = values & lines[i].line ? bits | lines[i].tiocm : bits & ~lines[i].tiocm;
    }
    return os_ioctl(io->fd, TIOCMSET, &bits) < 0 ? -errno : 0;
}

static void on_lines_changed(void *ctx)
{
    struct serial_io *io = ctx;

    io->late_lines = io->held;
    if (io->held)
        return;

    unsigned before = io->known & LINE_INPUTS;
    unsigned inputs = io_lines(&io->base) & LINE_INPUTS;
    unsigned edges = line_edges(before, inputs) | tty_counts_edges(&io->counts, io->fd);

    report_errors(io);
    io->known = (io->known & LINE_OUTPUTS) | inputs;
    if ((edges || before != inputs) && !io->closed)
        io->base.callbacks->lines(io->base.ctx, inputs, edges);
}

static int io_set_break(struct serial *s, bool on)
{
    struct serial_io *io = io_of(s);

    if (io->pty)
        return 0;
    if (ioctl(io->fd, on ? TIOCSBRK : TIOCCBRK) < 0)
        return -errno;
    io->broken = on;
    return 0;
}

static int io_purge(struct serial *s, bool rx, bool tx)
{
    if (!rx && !tx)
        return 0;
    return ioctl(io_of(s)->fd, TCFLSH,
                 rx && tx ? TCIOFLUSH
                 : rx     ? TCIFLUSH
                          : TCOFLUSH) < 0
               ? -errno
               : 0;
}

static size_t io_untransmitted(struct serial *s)
{
    struct serial_io *io = io_of(s);
    int bytes = 0;
    unsigned status = 0;

    if (os_ioctl(io->fd, TIOCOUTQ, &bytes) < 0 || bytes < 0)
        return 0;
    if (bytes > 0)
        return (size_t)bytes;
    /* the driver's queue does not count what is in the chip */
    if (os_ioctl(io->fd, TIOCSERGETLSR, &status) == 0 && !(status & TIOCSER_TEMT))
        return 1;
    return 0;
}

static void io_watch_errors(struct serial *s, bool on)
{
    struct serial_io *io = io_of(s);

    if (on && !io->watch_errors) /* only what comes from now on */
        (void)tty_counts_errors(&io->counts, io->fd);
    io->watch_errors = on;
}

/* --- opening and closing ------------------------------------------------------------------ */

/* While a TCSETS2 is under way the kernel lets nobody read, write, or ask for the settings: it has
 * the terminal's termios_rwsem, for which also O_NONBLOCK waits. */
static void io_hold(struct serial *s, bool on)
{
    struct serial_io *io = io_of(s);

    io->held = on;
    update_reading(io);
    if (on)
        event_del(io->writable);
    else if (io->write_error)
        event_active(io->writable, EV_WRITE, 0);
    if (!on && io->late_lines)
        modem_watch_look(io->watch);
}

/* Lets go of the device. */
static void release(struct serial_io *io)
{
    if (io->fd >= 0)
        (void)flock(io->fd, LOCK_UN);
    if (io->sp) {
        sp_close(io->sp);
        sp_free_port(io->sp);
    } else if (io->fd >= 0) {
        close(io->fd);
    }
    io->sp = NULL;
    io->fd = -1;
}

static void leave(void *arg)
{
    struct serial_io *io = arg;

    if (atomic_fetch_sub(&io->users, 1) == 1)
        free(io);
}

/* Takes it out of the loop. */
static void forget_events(struct serial_io *io)
{
    if (io->readable)
        event_free(io->readable);
    if (io->writable)
        event_free(io->writable);
    modem_watch_stop(io->watch);
    io->readable = io->writable = NULL;
    io->watch = NULL;
}

/* Leaves the device as it was found, and lets go of it. */
static void put_back(struct serial_io *io)
{
    if (io->broken)
        ioctl(io->fd, TIOCCBRK);
    /* At the speed that is set, as at a program's close: boards take "1200, and DTR falls" for a
     * word to them. Afterwards it would be that which is put back. */
    if (io->hupcl)
        io_set_outputs(&io->base, LINE_OUTPUTS, 0);
    /* close() itself would wait up to 30 s for bytes that a stopped line does not take. A PTY's
     * does not wait, and what it has taken is on its way. */
    if (!io->pty)
        ioctl(io->fd, TCFLSH, TCOFLUSH);
    io->found.c_cflag =
        io->hupcl ? io->found.c_cflag | HUPCL : io->found.c_cflag & ~(unsigned)HUPCL;
    os_ioctl(io->fd, TCSETS2, &io->found);
    if (io->low_latency)
        os_ioctl(io->fd, TIOCSSERIAL, &io->driver);
    ioctl(io->fd, TIOCNXCL); /* a PTY outlives us: its emulator has it open */
    release(io);
}

static void io_stop(struct serial *s)
{
    struct serial_io *io = io_of(s);

    io->closed = true;
    forget_events(io);
    atomic_fetch_add(&io->users, 1);
    loop_defer(io->loop, leave, io);
}

static void io_close(struct serial *s)
{
    put_back(io_of(s));
    leave(io_of(s));
}

static const struct serial_ops io_ops = {
    .stop = io_stop,
    .close = io_close,
    .hold = io_hold,
    .read = io_read,
    .write = io_write,
    .configure = io_configure,
    .set_outputs = io_set_outputs,
    .lines = io_lines,
    .set_break = io_set_break,
    .purge = io_purge,
    .untransmitted = io_untransmitted,
    .watch_errors = io_watch_errors,
};

int serial_io_check(const char *path, char text[static SERIAL_ERROR_MAX])
{
    const int r = tty_node_look(path);

    if (r < 0)
        tty_node_say_error(path, -r, text);
    return r;
}

/* Opens through libserialport what it knows, otherwise by itself. Returns 0 or -errno. */
static int open_tty(struct serial_io *io)
{
    if (!io->pty && sp_get_port_by_name(io->path, &io->sp) == SP_OK) {
        if (sp_open(io->sp, SP_MODE_READ_WRITE) != SP_OK) {
            int error = sp_last_error_code();

            sp_free_port(io->sp);
            io->sp = NULL;
            return error > 0 ? -error : -EIO;
        }
        return sp_get_port_handle(io->sp, &io->fd) == SP_OK ? 0 : -EIO;
    }
    io->fd = open(io->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return io->fd < 0 ? -errno : 0;
}

/* For this process alone: others that ask are told that it is busy, and so are we. */
static int take_exclusively(struct serial_io *io)
{
    if (flock(io->fd, LOCK_EX | LOCK_NB) < 0)
        return -errno;
    /* old drivers do not know it */
    (void)ioctl(io->fd, TIOCEXCL);
    return 0;
}

/* Bytes handed on as they come, not after the 16 ms of an FTDI's latency timer. */
static void ask_low_latency(struct serial_io *io)
{
    struct serial_struct serial;

    if (os_ioctl(io->fd, TIOCGSERIAL, &serial) < 0)
        return;
    io->driver = serial;
    serial.flags = (int)((unsigned)serial.flags | ASYNC_LOW_LATENCY);
    io->low_latency = os_ioctl(io->fd, TIOCSSERIAL, &serial) == 0;
    io->latency_error = io->low_latency ? 0 : errno;
}

static void tell_latency(const struct serial_io *io)
{
    static bool said;

    if (!io->latency_error || said)
        return;
    said = true;
    log_info("%s: the driver refuses low latency (%s): answers may come some milliseconds later",
             io->path, error_text(io->latency_error));
}

static int set_up(struct serial_io *io, const struct serial_options *options)
{
    struct termios2 t;
    int bits = 0;

    if (os_ioctl(io->fd, TCGETS2, &io->found) < 0)
        return -errno;
    io->hupcl = options->hupcl;
    t = io->found;
    line_termios_get(&t, &io->line);
    if (io->line.baud == 0)
        io->line = line_default;
    /* a fresh tty has IXON: nobody asked for it, and 0x11 and 0x13 would be missing from the data
     */
    if (io->line.flow_out != LINE_FLOW_HARDWARE)
        io->line.flow_out = io->line.flow_in = LINE_FLOW_NONE;
    line_termios_put(&io->line, &t);
    line_termios_raw(&t);
    /* set by us either way: libserialport 0.1.1 leaves it, 0.1.2 clears it */
    t.c_cflag = io->hupcl ? t.c_cflag | HUPCL : t.c_cflag & ~(unsigned)HUPCL;
    if (os_ioctl(io->fd, TCSETS2, &t) < 0)
        return -errno;

    io->has_lines = os_ioctl(io->fd, TIOCMGET, &bits) == 0;
    tty_counts_begin(&io->counts, io->fd);
    io->known = io->has_lines ? io_lines(&io->base) : LINE_OUTPUTS;
    if (options->low_latency)
        ask_low_latency(io);
    return 0;
}

/* Has the loop watch it. Returns 0 or -errno. */
static int watch(struct serial_io *io)
{
    io->readable = event_new(io->loop, io->fd, EV_READ | EV_PERSIST, on_readable, io);
    io->writable = event_new(io->loop, io->fd, EV_WRITE, on_writable, io);
    if (!io->readable || !io->writable)
        return -ENOMEM;
    if (io->has_lines) {
        io->watch = modem_watch_start(io->loop, io->fd, on_lines_changed, io);
        if (!io->watch)
            return -EAGAIN;
    }
    return 0;
}

void serial_io_open(struct serial_opening *o)
{
    struct serial_io *io = calloc(1, sizeof *io);

    o->file = NULL;
    o->error = io ? serial_io_check(o->path, o->text) : -ENOMEM;
    if (o->error < 0) {
        if (!io)
            tty_node_say_error(o->path, ENOMEM, o->text);
        free(io);
        return;
    }
    io->fd = -1;
    io->users = 1;
    snprintf(io->path, sizeof io->path, "%s", o->path);
    io->pty = tty_node_is_pty(o->path);

    o->error = open_tty(io);
    if (o->error == 0)
        o->error = take_exclusively(io);
    if (o->error == 0)
        o->error = set_up(io, &o->options);
    if (o->error < 0) {
        tty_node_say_error(o->path, -o->error, o->text);
        release(io);
        free(io);
        return;
    }
    o->settings = io->line;
    o->lines = io->known;
    o->file = (struct serial_file *)(void *)io;
}

struct serial *serial_io_begin(struct serial_opening *o, struct event_base *base,
                               const struct serial_callbacks *callbacks, void *ctx)
{
    struct serial_io *io = (struct serial_io *)(void *)o->file;

    o->file = NULL;
    io->base = (struct serial){.ops = &io_ops, .callbacks = callbacks, .ctx = ctx, .blocks = true};
    io->loop = base;
    tell_latency(io);
    o->error = watch(io);
    if (o->error == 0)
        return &io->base;
    tty_node_say_error(o->path, -o->error, o->text);
    forget_events(io);
    release(io);
    free(io);
    return NULL;
}

void serial_io_discard(struct serial_opening *o)
{
    struct serial_io *io = (struct serial_io *)(void *)o->file;

    o->file = NULL;
    if (!io)
        return;
    put_back(io);
    free(io);
}
