#include "calls.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "log_peer.h"
#include "serial.h"
#include "worker.h"

enum {
    TELL_MS = 1000,     /* that it takes long */
    END_MS = 2000,      /* when com2net ends, for all ports together */
    END_LEAST_MS = 200, /* then, for each: most drivers are well */
};

/* What the thread is given. */
struct job {
    struct serial *serial;
    struct call call;
};

/* --- the thread ------------------------------------------------------------------------------- */

static void make_now(struct serial *s, struct call *c)
{
    switch (c->kind) {
    case CALL_CONFIGURE:
        c->error = serial_configure(s, &c->want, &c->got);
        break;
    case CALL_SET_OUTPUTS:
        c->error = serial_set_outputs(s, c->mask, c->values);
        break;
    case CALL_SET_BREAK:
        c->error = serial_set_break(s, c->on);
        break;
    case CALL_PURGE:
        c->error = serial_purge(s, c->rx, c->tx);
        break;
    case CALL_LINES:
        c->lines = serial_lines(s);
        break;
    case CALL_UNTRANSMITTED:
        c->left = serial_untransmitted(s);
        break;
    case CALL_CLOSE:
        serial_close(s);
        break;
    }
}

static void run(void *job)
{
    struct job *j = job;

    make_now(j->serial, &j->call);
}

/* --- one call --------------------------------------------------------------------------------- */

static struct job *job_new(struct calls *c, const struct call *call)
{
    struct job *j = malloc(sizeof *j);

    if (j)
        *j = (struct job){.serial = c->serial, .call = *call};
    return j;
}

static void on_done(void *ctx, void *job);

/* A device that is given up stays open until the process ends, which is now. */
static const struct worker_work work = {.run = run, .done = on_done, .drop = free};

/* Has the thread make it, and waits a little. Returns whether it is made; then `call` has the
 * result. Without a thread it takes as long as it takes. */
static bool make(struct calls *c, struct call *call)
{
    if (!c->worker)
        c->worker = worker_new(c->base, &work, c);
    struct job *j = c->worker ? job_new(c, call) : NULL;
    if (!j || worker_start(c->worker, j) < 0) {
        free(j);
        make_now(c->serial, call);
        return true;
    }
    c->kind = call->kind;
    c->awaited = call;
    c->begun_ms = clock_now_ms();
    const bool is_made = worker_wait(c->worker, c->is_slow ? 0 : CALLS_PATIENCE_MS);
    c->awaited = NULL;
    return is_made;
}

/* --- calls that take long --------------------------------------------------------------------- */

static void on_tell(void *ctx)
{
    static const char *const names[] = {
        [CALL_CONFIGURE] = "make its settings",
        [CALL_SET_OUTPUTS] = "set its lines",
        [CALL_SET_BREAK] = "begin or end a break",
        [CALL_PURGE] = "drop its bytes",
        [CALL_LINES] = "say how its lines are",
        [CALL_UNTRANSMITTED] = "say what is not sent",
        [CALL_CLOSE] = "close it",
    };
    const struct calls *c = ctx;

    log_peer_warn(c->name, "%s: the driver takes long to %s: the port waits for it, others go on",
                  c->name, names[c->kind]);
}

static void become_busy(struct calls *c)
{
    c->is_busy = true;
    c->error = 0;
    timer_in_ms(&c->tell, TELL_MS);
}

static void become_free(struct calls *c)
{
    c->is_busy = false;
    timer_stop(&c->tell);
    if (c->serial)
        serial_hold(c->serial, false);
    if (!c->is_busy)
        c->callbacks->over(c->ctx);
}

/* What is to be called next; false if there is nothing. */
static bool take_next(struct calls *c, struct call *next)
{
    if (c->closes) {
        c->closes = false;
        serial_stop(c->serial);
        *next = (struct call){.kind = CALL_CLOSE};
        return true;
    }
    if (c->count == 0)
        return false;
    *next = c->queue[0];
    c->count--;
    for (unsigned i = 0; i < c->count; i++)
        c->queue[i] = c->queue[i + 1];
    return true;
}

static void tell_made(struct calls *c, const struct call *call)
{
    if (c->error == 0)
        c->error = call->error;
    if (call->kind == CALL_CLOSE)
        c->serial = NULL;
    else
        c->callbacks->made(c->ctx, call);
}

static void on_done(void *ctx, void *job)
{
    struct calls *c = ctx;
    struct job *j = job;
    struct call call = j->call;

    free(j);
    if (c->awaited) {
        *c->awaited = call;
        return;
    }
    c->is_slow = clock_now_ms() - c->begun_ms > CALLS_PATIENCE_MS;
    do {
        tell_made(c, &call);
        if (!take_next(c, &call)) {
            become_free(c);
            return;
        }
    } while (make(c, &call));
}

/* --- for the device --------------------------------------------------------------------------- */

bool calls_make(struct calls *c, struct call *call)
{
    if (!c->serial->blocks) {
        make_now(c->serial, call);
        return true;
    }
    if (!c->is_busy) {
        if (make(c, call))
            return true;
        become_busy(c);
        serial_hold(c->serial, true);
        return false;
    }
    if (c->count < CALLS_MAX) {
        c->queue[c->count++] = *call;
        return false;
    }
    call->error = -EBUSY;
    return true;
}

void calls_close(struct calls *c)
{
    struct call call = {.kind = CALL_CLOSE};

    c->count = 0;
    if (c->is_busy) {
        c->closes = true;
        return;
    }
    serial_stop(c->serial);
    if (!c->serial->blocks)
        make_now(c->serial, &call);
    else if (!make(c, &call)) {
        become_busy(c);
        return;
    }
    c->serial = NULL;
}

void calls_begin(struct calls *c, struct serial *serial)
{
    c->serial = serial;
}

void calls_init(struct calls *c, struct event_base *base, const char *name,
                const struct calls_callbacks *callbacks, void *ctx)
{
    *c = (struct calls){.base = base, .name = name, .callbacks = callbacks, .ctx = ctx};
    timer_make(&c->tell, base, on_tell, c);
}

static void ignore_call(void *ctx, const struct call *call)
{
    (void)ctx;
    (void)call;
}

static void ignore_over(void *ctx)
{
    (void)ctx;
}

/* How long to wait at the end. */
static unsigned end_patience_ms(void)
{
    static uint64_t end_ms; /* of the wait for all ports, once there is one */
    const uint64_t now_ms = clock_now_ms();

    if (end_ms == 0)
        end_ms = now_ms + END_MS;
    return now_ms + END_LEAST_MS < end_ms ? (unsigned)(end_ms - now_ms) : END_LEAST_MS;
}

void calls_free(struct calls *c)
{
    static const struct calls_callbacks nobody = {.made = ignore_call, .over = ignore_over};

    c->callbacks = &nobody;
    while (c->is_busy && worker_wait(c->worker, end_patience_ms()))
        ;
    timer_stop(&c->tell);
    worker_free(c->worker);
    c->worker = NULL;
}
