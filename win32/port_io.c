#include "port_io.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>
#include <windows.h>

#include <event2/event.h>

#include "log.h"
#include "loop.h"
#include "timer.h"
#include "wake.h"
#include "win_error.h"

enum {
    READ_SIZE = 32768,
    WRITE_SIZE = 4096,
    BATCHES = 8,          /* in one turn of the loop: others want theirs */
    EMPTY_READS_MAX = 16, /* in a row: a driver whose device has gone may say no more */
    EMPTY_WATCHES_MAX = 16,
    POLL_MS = 500, /* where a driver does not tell of events */
    STOP_MS = 1000,
    STACK_SIZE = 64 * 1024,
};

/* One overlapped operation. Its event resets itself when the thread has seen it: the result is
 * asked of `at`. */
struct operation {
    OVERLAPPED at;
    bool pending;   /* begun, its result not taken */
    bool cancelled; /* by us: that it ends with an error is no failure */
};

struct port_io {
    struct event_base *base;
    HANDLE com;
    const struct port_io_callbacks *callbacks;
    void *ctx;
    struct wake *wake;
    HANDLE thread;
    HANDLE end;         /* tells the thread to end */
    HANDLE look;        /* tells the thread that `writes` has changed */
    atomic_bool writes; /* it waits for a write */
    bool stopped;
    bool held;
    atomic_uint users; /* the loop's callbacks, and port_io_end: the last one frees it */
    bool reading;
    bool write_refused; /* somebody waits for room */
    DWORD failure;      /* to be told */
    DWORD events;       /* where WaitCommEvent writes */
    DWORD errors;       /* that ClearCommError told, to be told */
    int empty_reads;
    int empty_watches;
    unsigned long wanted; /* events */
    struct timer poll;    /* instead of the watch, which has failed */
    bool told_poll;
    struct operation read; /* of the first byte */
    struct operation more; /* of those that the driver has; nobody waits for it */
    struct operation write, watch;
    size_t write_len, write_done;
    uint8_t rx[READ_SIZE];
    uint8_t tx[WRITE_SIZE];
};

/* --- the thread ------------------------------------------------------------------------------ */

/* An operation that ends at once, as most writes do, ends with its event set too. The thread waits
 * only for others, or each would wake the loop for nothing. */
static DWORD WINAPI wait_for_ends(void *arg)
{
    struct port_io *p = arg;
    HANDLE handles[] = {p->end, p->look, p->read.at.hEvent, p->watch.at.hEvent, p->write.at.hEvent};

    for (;;) {
        DWORD count = atomic_load(&p->writes) ? 5 : 4;
        DWORD r = WaitForMultipleObjects(count, handles, FALSE, INFINITE);

        if (r == WAIT_OBJECT_0 || r == WAIT_FAILED)
            return 0;
        if (r != WAIT_OBJECT_0 + 1)
            wake_up(p->wake);
    }
}

static void wait_for_write(struct port_io *p, bool on)
{
    if (atomic_exchange(&p->writes, on) != on && on)
        SetEvent(p->look);
}

/* --- operations ------------------------------------------------------------------------------ */

static void fail(struct port_io *p, DWORD code)
{
    if (!p->failure)
        p->failure = code ? code : ERROR_GEN_FAILURE;
    wake_up(p->wake);
}

/* The result of beginning an operation: true if it is under way or has ended. */
static bool begun(struct port_io *p, struct operation *o, BOOL ok)
{
    DWORD code = ok ? ERROR_SUCCESS : GetLastError();

    o->pending = ok || code == ERROR_IO_PENDING;
    o->cancelled = false;
    if (!o->pending)
        fail(p, code);
    return o->pending;
}

static bool has_ended(const struct operation *o)
{
    return o->pending && HasOverlappedIoCompleted(&o->at);
}

/* Takes the result of an operation that has ended: true with the bytes it moved. */
static bool take(struct port_io *p, struct operation *o, DWORD *n)
{
    bool cancelled = o->cancelled;

    *n = 0;
    o->pending = o->cancelled = false;
    if (GetOverlappedResult(p->com, &o->at, n, FALSE))
        return true;
    if (cancelled && GetLastError() == ERROR_OPERATION_ABORTED)
        return true;
    fail(p, GetLastError());
    return false;
}

static bool ask_status(struct port_io *p, COMSTAT *status)
{
    DWORD errors = 0;

    if (!ClearCommError(p->com, &errors, status)) {
        fail(p, GetLastError());
        return false;
    }
    p->errors |= errors;
    if (errors)
        wake_up(p->wake);
    return true;
}

/* Whether the driver may be asked for something, and the owner called. */
static bool goes_on(const struct port_io *p)
{
    return !p->stopped && !p->held && !p->failure;
}

/* --- reading ------------------------------------------------------------------------------- */

static bool begin_read(struct port_io *p)
{
    return begun(p, &p->read, ReadFile(p->com, p->rx, 1, NULL, &p->read.at));
}

/* Adds the driver's bytes after the `len` bytes that are there. Returns how many there are then. */
static size_t read_more(struct port_io *p, size_t len)
{
    COMSTAT status;
    DWORD n;

    if (!ask_status(p, &status) || status.cbInQue == 0)
        return len;
    DWORD room = (DWORD)(sizeof p->rx - len);
    DWORD want = status.cbInQue < room ? status.cbInQue : room;
    if (!begun(p, &p->more, ReadFile(p->com, p->rx + len, want, NULL, &p->more.at)))
        return len;
    if (!has_ended(&p->more)) { /* a driver that does not have what it says */
        p->more.cancelled = true;
        CancelIoEx(p->com, &p->more.at);
        if (WaitForSingleObject(p->more.at.hEvent, STOP_MS) != WAIT_OBJECT_0) {
            fail(p, ERROR_OPERATION_ABORTED); /* nor one that gives up */
            return len;
        }
    }
    return take(p, &p->more, &n) ? len + n : len;
}

/* Takes the byte that it waited for, the bytes that have come with it, and those that come
 * meanwhile. */
static void take_batches(struct port_io *p)
{
    DWORD n = 0;

    if (!take(p, &p->read, &n))
        return;
    p->empty_reads = n > 0 ? 0 : p->empty_reads + 1;
    if (p->empty_reads > EMPTY_READS_MAX)
        fail(p, ERROR_DEVICE_NOT_CONNECTED);
    size_t len = n > 0 ? read_more(p, n) : 0;
    for (int i = 1; len > 0; i++) {
        p->callbacks->received(p->ctx, p->rx, len);
        len = i < BATCHES && p->reading && goes_on(p) ? read_more(p, 0) : 0;
    }
}

/* Hands on the bytes that have come, and waits for the next one. */
static void pump_read(struct port_io *p)
{
    DWORD n;

    if (!p->reading) {
        /* what has come waits in rx; but a failure must be told */
        if (has_ended(&p->read) && p->read.at.Internal != 0)
            take(p, &p->read, &n);
        return;
    }
    if (has_ended(&p->read))
        take_batches(p);
    if (goes_on(p) && p->reading && !p->read.pending && begin_read(p) && has_ended(&p->read))
        wake_up(p->wake);
}

void port_io_read(struct port_io *p, bool on)
{
    p->reading = on;
    if (on)
        wake_up(p->wake);
}

/* --- writing ------------------------------------------------------------------------------- */

static bool begin_write(struct port_io *p)
{
    return begun(p, &p->write,
                 WriteFile(p->com, p->tx + p->write_done, (DWORD)(p->write_len - p->write_done),
                           NULL, &p->write.at));
}

/* Takes the end of a write, and begins it again for the rest of it. False: it has failed. */
static bool go_on_writing(struct port_io *p)
{
    while (has_ended(&p->write)) {
        bool cancelled = p->write.cancelled;
        DWORD n;

        if (!take(p, &p->write, &n))
            return false;
        p->write_done = cancelled ? p->write_len : p->write_done + n;
        if (p->write_done == p->write_len)
            break;
        if (n == 0) {
            fail(p, ERROR_WRITE_FAULT);
            return false;
        }
        if (!begin_write(p))
            return false;
    }
    wait_for_write(p, p->write.pending);
    return true;
}

int port_io_write(struct port_io *p, const uint8_t *data, size_t len)
{
    size_t done = 0;

    if (p->failure || !go_on_writing(p))
        return -win_error_errno(p->failure);
    while (done < len && !p->write.pending) {
        p->write_len = len - done < sizeof p->tx ? len - done : sizeof p->tx;
        p->write_done = 0;
        memcpy(p->tx, data + done, p->write_len);
        if (!begin_write(p) || !go_on_writing(p))
            return -win_error_errno(p->failure);
        done += p->write_len;
    }
    p->write_refused = done < len;
    return (int)done;
}

static void pump_write(struct port_io *p)
{
    if (!go_on_writing(p) || p->write.pending || !p->write_refused)
        return;
    p->write_refused = false;
    p->callbacks->writable(p->ctx);
}

size_t port_io_untransmitted(struct port_io *p)
{
    COMSTAT status;

    if (p->failure || !go_on_writing(p) || !ask_status(p, &status))
        return 0;
    if (status.cbOutQue > 0)
        return status.cbOutQue;
    return p->write.pending ? p->write_len - p->write_done : 0;
}

/* --- events -------------------------------------------------------------------------------- */

/* Begins to wait for events. Returns whether the driver does: that it does not is no sign that the
 * device has gone. Some drivers have no ring, and some no errors. */
static bool begin_watch(struct port_io *p)
{
    static const DWORD refused[] = {0, EV_RING, EV_RING | EV_ERR};
    size_t i = 0;

    while (i < 3 && !SetCommMask(p->com, p->wanted & ~refused[i]))
        i++;
    if (i == 3)
        return false;
    p->events = 0;
    p->watch.pending =
        WaitCommEvent(p->com, &p->events, &p->watch.at) || GetLastError() == ERROR_IO_PENDING;
    return p->watch.pending;
}

/* Takes the events that have come, and waits for the next ones. Returns 0 where there are none. */
static DWORD take_events(struct port_io *p)
{
    DWORD n;

    p->watch.pending = false;
    bool good = GetOverlappedResult(p->com, &p->watch.at, &n, FALSE);
    const DWORD events = good ? p->events : 0;
    p->empty_watches = events ? 0 : p->empty_watches + 1;
    good = good && p->empty_watches <= EMPTY_WATCHES_MAX && begin_watch(p);
    if (!good) {
        if (!p->told_poll)
            log_debug("a serial driver tells of no events: they are looked for");
        p->told_poll = true;
        timer_in_ms(&p->poll, POLL_MS);
    } else if (has_ended(&p->watch)) {
        wake_up(p->wake);
    }
    return events;
}

static void tell_events(struct port_io *p, DWORD events)
{
    const DWORD errors = p->errors;

    p->errors = 0;
    p->callbacks->events(p->ctx, events, errors);
}

static void pump_events(struct port_io *p)
{
    const DWORD events = has_ended(&p->watch) ? take_events(p) : 0;
    COMSTAT status;

    if ((events & (EV_ERR | EV_BREAK)) && !ask_status(p, &status))
        return;
    if (events || p->errors)
        tell_events(p, events);
}

/* Looks for what the driver does not tell, and tries again whether it does. */
static void on_poll(void *ctx)
{
    struct port_io *p = ctx;
    COMSTAT status;

    if (p->held)
        timer_in_ms(&p->poll, POLL_MS);
    if (!goes_on(p) || !ask_status(p, &status))
        return;
    p->empty_watches = 0;
    if (!begin_watch(p))
        timer_in_ms(&p->poll, POLL_MS);
    tell_events(p, 0);
}

/* --- all of it ------------------------------------------------------------------------------ */

static void on_woken(void *ctx)
{
    struct port_io *p = ctx;
    static void (*const pumps[])(struct port_io * p) = {pump_read, pump_write, pump_events};

    for (size_t i = 0; i < 3 && goes_on(p); i++)
        pumps[i](p);
    if (p->failure && !p->stopped && !p->held) {
        p->stopped = true; /* as far as callbacks go */
        p->callbacks->failed(p->ctx, p->failure);
    }
}

void port_io_hold(struct port_io *p, bool on)
{
    p->held = on;
    if (!on)
        wake_up(p->wake); /* for what has ended meanwhile */
}

int port_io_purge(struct port_io *p, bool rx, bool tx)
{
    DWORD what = (rx ? PURGE_RXCLEAR : 0u) | (tx ? PURGE_TXABORT | PURGE_TXCLEAR : 0u);
    DWORD n;

    if (!what || p->failure)
        return 0;
    /* a byte that has been read already is one of those to be dropped. PURGE_RXABORT would end the
     * read that waits, too, with the bytes that come next. */
    if (rx && has_ended(&p->read) && take(p, &p->read, &n))
        wake_up(p->wake);
    if (tx && p->write.pending) {
        p->write.cancelled = true;
        CancelIoEx(p->com, &p->write.at);
    }
    return PurgeComm(p->com, what) ? 0 : -win_error_errno(GetLastError());
}

static void port_io_free(struct port_io *p)
{
    struct operation *all[] = {&p->read, &p->more, &p->write, &p->watch};

    for (int i = 0; i < 4; i++)
        if (all[i]->at.hEvent)
            CloseHandle(all[i]->at.hEvent);
    if (p->end)
        CloseHandle(p->end);
    if (p->look)
        CloseHandle(p->look);
    if (p->thread)
        CloseHandle(p->thread);
    free(p);
}

static void leave(struct port_io *p)
{
    if (atomic_fetch_sub(&p->users, 1) == 1)
        port_io_free(p);
}

/* No callback is running any more. */
static void leave_loop(void *arg)
{
    struct port_io *p = arg;

    wake_free(p->wake);
    leave(p);
}

struct port_io *port_io_start(struct event_base *base, void *com, unsigned long events,
                              const struct port_io_callbacks *callbacks, void *ctx)
{
    struct port_io *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->base = base;
    p->com = com;
    p->callbacks = callbacks;
    p->ctx = ctx;
    p->wanted = events;
    timer_make(&p->poll, base, on_poll, p);
    p->wake = wake_new(base, on_woken, p);
    p->end = CreateEventW(NULL, FALSE, FALSE, NULL);
    p->look = CreateEventW(NULL, FALSE, FALSE, NULL);
    p->read.at.hEvent = CreateEventW(NULL, FALSE, FALSE, NULL);
    p->more.at.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    p->write.at.hEvent = CreateEventW(NULL, FALSE, FALSE, NULL);
    p->watch.at.hEvent = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (p->wake && p->end && p->look && p->read.at.hEvent && p->more.at.hEvent &&
        p->write.at.hEvent && p->watch.at.hEvent)
        p->thread = CreateThread(NULL, STACK_SIZE, wait_for_ends, p,
                                 STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (!p->thread) {
        wake_free(p->wake);
        port_io_free(p);
        return NULL;
    }
    p->users = 2;
    if (events && !begin_watch(p))
        timer_in_ms(&p->poll, POLL_MS);
    return p;
}

/* Waits for the ends of cancelled operations. False: a driver does not release one. */
static bool end_operations(struct port_io *p)
{
    struct operation *all[] = {&p->read, &p->more, &p->write, &p->watch};
    ULONGLONG limit = GetTickCount64() + STOP_MS;

    SetCommMask(p->com, 0); /* ends WaitCommEvent, where cancelling does not */
    CancelIoEx(p->com, NULL);
    for (int i = 0; i < 4; i++) {
        while (all[i]->pending && !HasOverlappedIoCompleted(&all[i]->at)) {
            ULONGLONG now = GetTickCount64();

            if (now >= limit)
                return false;
            WaitForSingleObject(all[i]->at.hEvent, (DWORD)(limit - now));
        }
    }
    return true;
}

void port_io_stop(struct port_io *p)
{
    p->stopped = true;
    timer_stop(&p->poll);
    SetEvent(p->end);
    WaitForSingleObject(p->thread, INFINITE);
    loop_defer(p->base, leave_loop, p);
}

void port_io_end(struct port_io *p)
{
    if (end_operations(p)) /* otherwise it may still write to our memory */
        leave(p);
}
