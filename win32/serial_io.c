/*
 * Windows's COM ports; see common/seam/serial_io.h. Bytes and events are port_io.c's.
 *
 * libserialport is not used. It loses the reason why an open failed. Its settings fix DTR and RTS
 * without knowing their present state. Its way to wait spins under Wine. Its list opens ports.
 */
#include "serial_io.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>
#include <windows.h>

#include "com_name.h"
#include "dcb.h"
#include "loop.h"
#include "port_io.h"
#include "win_error.h"

enum {
    DRIVER_BUFFER = 65536,
    EVENTS = EV_CTS | EV_DSR | EV_RLSD | EV_RING | EV_BREAK | EV_ERR,
};

struct serial_io {
    struct serial base;
    struct event_base *loop;
    HANDLE com;
    struct port_io *io;
    bool has_lines;
    bool hupcl;
    bool broken; /* a break is on */
    bool watch_errors;
    bool closed;
    atomic_uint users; /* the loop's callbacks, and who closes it: the last one frees it */
    unsigned outputs;  /* as last set: Windows does not tell */
    unsigned inputs;   /* as last told */
    struct line_settings line;
    DCB found;
};

static struct serial_io *io_of(struct serial *s)
{
    return (struct serial_io *)(void *)s;
}

static int last_error(void)
{
    return -win_error_errno(GetLastError());
}

/* --- bytes ------------------------------------------------------------------------------- */

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct serial_io *io = ctx;

    io->base.callbacks->received(io->base.ctx, data, len);
}

static void on_writable(void *ctx)
{
    struct serial_io *io = ctx;

    io->base.callbacks->writable(io->base.ctx);
}

static void on_failed(void *ctx, unsigned long code)
{
    struct serial_io *io = ctx;

    /* whatever the driver calls it: an error that reading or writing ends with is the device's end
     */
    int error = win_error_errno(code);
    io->base.callbacks->gone(io->base.ctx, error == EACCES || error == EINVAL ? -ENODEV : -error);
}

static void io_read(struct serial *s, bool on)
{
    port_io_read(io_of(s)->io, on);
}

static int io_write(struct serial *s, const uint8_t *data, size_t len)
{
    return port_io_write(io_of(s)->io, data, len);
}

static int io_purge(struct serial *s, bool rx, bool tx)
{
    return port_io_purge(io_of(s)->io, rx, tx);
}

static size_t io_untransmitted(struct serial *s)
{
    return port_io_untransmitted(io_of(s)->io);
}

/* --- settings ---------------------------------------------------------------------------- */

/* Makes settings with DTR and RTS unchanged, and reads back the settings in force. */
static int apply(struct serial_io *io, const struct line_settings *want)
{
    DCB dcb = {.DCBlength = sizeof dcb};

    if (!GetCommState(io->com, &dcb))
        return last_error();
    int r = dcb_put(want, io->outputs, &dcb);
    if (r < 0)
        return r;
    if (!SetCommState(io->com, &dcb) || !GetCommState(io->com, &dcb))
        return last_error();
    dcb_get(&dcb, &io->line);
    if (want->data_bits == 5 && want->stop != LINE_STOP_1 && io->line.stop != LINE_STOP_1)
        io->line.stop = want->stop;
    return 0;
}

static int io_configure(struct serial *s, const struct line_settings *want,
                        struct line_settings *got)
{
    struct serial_io *io = io_of(s);
    int r = apply(io, want);

    *got = io->line;
    return r;
}

/* --- lines ------------------------------------------------------------------------------- */

static unsigned read_inputs(const struct serial_io *io)
{
    DWORD status = 0;

    /* MS_CTS_ON and the others have the numbers of LINE_CTS and the others */
    if (!io->has_lines || !GetCommModemStatus(io->com, &status))
        return io->inputs;
    return status & LINE_INPUTS;
}

static unsigned io_lines(struct serial *s)
{
    return io_of(s)->outputs | read_inputs(io_of(s));
}

static bool escape(const struct serial_io *io, unsigned line, DWORD set, DWORD clear)
{
    return EscapeCommFunction(io->com, io->outputs & line ? set : clear);
}

static int io_set_outputs(struct serial *s, unsigned mask, unsigned values)
{
    struct serial_io *io = io_of(s);
    bool ok = true;

    io->outputs = (io->outputs & ~mask) | (values & mask);
    if (!io->has_lines || !(mask & LINE_OUTPUTS))
        return 0;
    /* RTS first, and DTR also where only RTS is to change: usbser.sys sends RTS with the next DTR.
     * While RTS is flow control's, the driver has it. */
    if ((mask & LINE_RTS) && io->line.flow_in != LINE_FLOW_HARDWARE)
        ok = escape(io, LINE_RTS, SETRTS, CLRRTS);
    return escape(io, LINE_DTR, SETDTR, CLRDTR) && ok ? 0 : last_error();
}

static unsigned edges_of(const struct serial_io *io, unsigned inputs, unsigned long events)
{
    unsigned edges = line_edges(io->inputs, inputs);

    edges |= events & EV_CTS ? (unsigned)LINE_CTS : 0;
    edges |= events & EV_DSR ? (unsigned)LINE_DSR : 0;
    edges |= events & EV_RLSD ? (unsigned)LINE_CD : 0;
    edges |= events & EV_RING ? (unsigned)LINE_RI : 0;
    return edges;
}

static unsigned line_state(unsigned long events, unsigned long errors)
{
    unsigned state = 0;

    state |= errors & (CE_OVERRUN | CE_RXOVER) ? (unsigned)LINE_STATE_OVERRUN : 0;
    state |= errors & CE_RXPARITY ? (unsigned)LINE_STATE_PARITY : 0;
    state |= errors & CE_FRAME ? (unsigned)LINE_STATE_FRAMING : 0;
    state |= (errors & CE_BREAK) || (events & EV_BREAK) ? (unsigned)LINE_STATE_BREAK : 0;
    return state;
}

static void on_events(void *ctx, unsigned long events, unsigned long errors)
{
    struct serial_io *io = ctx;
    unsigned before = io->inputs;
    unsigned inputs = read_inputs(io);
    unsigned edges = edges_of(io, inputs, events);
    unsigned state = line_state(events, errors);

    io->inputs = inputs;
    if (edges || inputs != before)
        io->base.callbacks->lines(io->base.ctx, inputs, edges);
    if (state && io->watch_errors && !io->closed)
        io->base.callbacks->errors(io->base.ctx, state);
}

static int io_set_break(struct serial *s, bool on)
{
    struct serial_io *io = io_of(s);

    if (!(on ? SetCommBreak(io->com) : ClearCommBreak(io->com)))
        return last_error();
    io->broken = on;
    return 0;
}

static void io_watch_errors(struct serial *s, bool on)
{
    io_of(s)->watch_errors = on;
}

/* --- opening and closing ------------------------------------------------------------------ */

static void put_back(struct serial_io *io)
{
    struct line_settings found;

    if (io->broken)
        ClearCommBreak(io->com);
    if (io->hupcl)
        io_set_outputs(&io->base, LINE_OUTPUTS, 0);
    /* as found, but for DTR and RTS: their old settings would raise them once more */
    dcb_get(&io->found, &found);
    if (found.flow_in != LINE_FLOW_HARDWARE)
        io->found.fRtsControl = io->outputs & LINE_RTS ? 1u : 0u;
    io->found.fDtrControl = io->outputs & LINE_DTR ? 1u : 0u;
    SetCommState(io->com, &io->found);
}

static void leave(void *arg)
{
    struct serial_io *io = arg;

    if (atomic_fetch_sub(&io->users, 1) == 1)
        free(io);
}

static void io_stop(struct serial *s)
{
    struct serial_io *io = io_of(s);

    io->closed = true;
    port_io_stop(io->io);
    atomic_fetch_add(&io->users, 1);
    loop_defer(io->loop, leave, io);
}

static void io_close(struct serial *s)
{
    struct serial_io *io = io_of(s);

    /* closing would wait for bytes that a stopped line does not take */
    port_io_purge(io->io, false, true);
    port_io_end(io->io);
    put_back(io);
    CloseHandle(io->com);
    leave(io);
}

static void io_hold(struct serial *s, bool on)
{
    port_io_hold(io_of(s)->io, on);
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

static void say_error(const char *path, DWORD code, int error, char text[static SERIAL_ERROR_MAX])
{
    char words[WIN_ERROR_TEXT_MAX];

    win_error_text(code, words);
    switch (error) {
    case ENOENT:
        snprintf(text, SERIAL_ERROR_MAX,
                 "%.200s: no such port; `com2net --list` shows the ports there are", path);
        break;
    case EBUSY:
        snprintf(text, SERIAL_ERROR_MAX,
                 "%.200s: busy: another program has it open; end that first (a terminal program, "
                 "an IDE's monitor, another com2net)",
                 path);
        break;
    case EACCES:
        snprintf(text, SERIAL_ERROR_MAX,
                 "%.200s: permission denied; this account may not use it: run com2net as another "
                 "one, or as administrator",
                 path);
        break;
    case ENOTTY:
        snprintf(text, SERIAL_ERROR_MAX, "%.200s: is not a serial port", path);
        break;
    case ENODEV:
        snprintf(text, SERIAL_ERROR_MAX,
                 "%.200s: the name exists but has no device (%s); plug it in, or choose "
                 "another of `com2net --list`",
                 path, words);
        break;
    case ENOMEM:
        snprintf(text, SERIAL_ERROR_MAX, "%.200s: out of memory", path);
        break;
    default:
        snprintf(text, SERIAL_ERROR_MAX, "%.200s: %s", path, words);
    }
}

/* The cause of an open's "access denied": somebody who has the port, or our rights. Nobody can open
 * a port that somebody has, for whatever; one that is free lets itself be asked of. */
static int who_denies(const WCHAR *name)
{
    HANDLE asked = CreateFileW(name, 0, 0, NULL, OPEN_EXISTING, 0, NULL);

    if (asked == INVALID_HANDLE_VALUE)
        return EBUSY;
    CloseHandle(asked);
    return EACCES;
}

/* Opens the port for this process alone. Returns 0, or the errno with Windows's error in `*code`.
 */
static int open_port(struct serial_io *io, const char *path, DWORD *code)
{
    WCHAR *name = com_name_of_device(path);
    int error = 0;

    if (!name)
        return ENOMEM;
    io->com = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                          FILE_FLAG_OVERLAPPED, NULL);
    *code = GetLastError();
    if (io->com == INVALID_HANDLE_VALUE)
        error = *code == ERROR_ACCESS_DENIED ? who_denies(name) : win_error_errno(*code);
    free(name);
    return error;
}

/* Whether what was opened is a port, and its device there. Returns as open_port. */
static int recognize(struct serial_io *io, DWORD *code)
{
    SetLastError(ERROR_SUCCESS);
    DWORD type = GetFileType(io->com);
    if (type == FILE_TYPE_UNKNOWN) { /* the name is all there is */
        *code = GetLastError();
        return ENODEV;
    }
    io->found.DCBlength = sizeof io->found;
    if (type == FILE_TYPE_CHAR && GetCommState(io->com, &io->found))
        return 0;
    *code = GetLastError();
    return *code != ERROR_INVALID_HANDLE && win_error_errno(*code) == ENODEV ? ENODEV : ENOTTY;
}

int serial_io_check(const char *path, char text[static SERIAL_ERROR_MAX])
{
    const char *bare = com_name_bare(path);
    DWORD code = ERROR_SUCCESS;
    int error = com_name_is_known(bare) ? 0 : ENOENT;

    /* nothing is opened: that would raise DTR, and reset many a board; and the name may be that of
     * a disk */
    if (error == 0 && !com_name_is_com(bare) && !com_name_is_listed(bare))
        error = ENOTTY;
    if (error)
        say_error(path, code, error, text);
    return -error;
}

/* As every system opens a port: raw, DTR and RTS up. Returns as open_port. */
static int set_up(struct serial_io *io, const struct serial_options *options, DWORD *code)
{
    COMMTIMEOUTS none = {0};
    DWORD status;

    io->hupcl = options->hupcl;
    int r = recognize(io, code);
    if (r != 0)
        return r;
    SetupComm(io->com, DRIVER_BUFFER, DRIVER_BUFFER); /* a driver may have its own opinion */
    dcb_get(&io->found, &io->line);
    if (io->line.baud == 0)
        io->line = line_default;
    /* nobody asked for it, and 0x11 and 0x13 would be missing from the data */
    if (io->line.flow_out != LINE_FLOW_HARDWARE)
        io->line.flow_out = io->line.flow_in = LINE_FLOW_NONE;
    io->outputs = LINE_OUTPUTS;
    io->has_lines = GetCommModemStatus(io->com, &status);
    struct line_settings want = io->line;
    r = apply(io, &want);
    if (r < 0 || !SetCommTimeouts(io->com, &none)) {
        *code = GetLastError();
        return r < 0 ? -r : EIO;
    }
    io->inputs = read_inputs(io);
    return 0;
}

void serial_io_open(struct serial_opening *o)
{
    struct serial_io *io = calloc(1, sizeof *io);
    DWORD code = ERROR_SUCCESS;
    int r = io ? open_port(io, o->path, &code) : ENOMEM;

    o->file = NULL;
    if (r == 0) {
        r = set_up(io, &o->options, &code);
        if (r != 0)
            CloseHandle(io->com);
    }
    o->error = -r;
    if (r != 0) {
        say_error(o->path, code, r, o->text);
        free(io);
        return;
    }
    o->settings = io->line;
    o->lines = io->outputs | io->inputs;
    o->file = (struct serial_file *)(void *)io;
}

struct serial *serial_io_begin(struct serial_opening *o, struct event_base *base,
                               const struct serial_callbacks *callbacks, void *ctx)
{
    static const struct port_io_callbacks port_callbacks = {
        .received = on_received,
        .writable = on_writable,
        .events = on_events,
        .failed = on_failed,
    };
    struct serial_io *io = (struct serial_io *)(void *)o->file;

    io->base = (struct serial){.ops = &io_ops, .callbacks = callbacks, .ctx = ctx, .blocks = true};
    io->loop = base;
    io->users = 1;
    io->io = port_io_start(base, io->com, io->has_lines ? EVENTS : 0, &port_callbacks, io);
    if (!io->io) {
        serial_io_discard(o);
        o->error = -ENOMEM;
        say_error(o->path, ERROR_SUCCESS, ENOMEM, o->text);
        return NULL;
    }
    o->file = NULL;
    return &io->base;
}

void serial_io_discard(struct serial_opening *o)
{
    struct serial_io *io = (struct serial_io *)(void *)o->file;

    o->file = NULL;
    if (!io)
        return;
    put_back(io);
    CloseHandle(io->com);
    free(io);
}
