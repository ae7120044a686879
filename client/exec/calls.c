/*
 * Theory of operation. What a program has written before its request is taken first, so that
 * everything is in order, as long as that gets on; then ioctl_tty says what the request means. One
 * that waits (for a modem line, the end of a break, a drain), that finds no room, or that another
 * net2pty has been asked for, is held: looked at when something has happened and every 10 ms,
 * because no descriptor tells that a signal wants its program.
 */
#include "calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <asm/ioctls.h>

#include "ioctl_wire.h"
#include "joined.h"
#include "log.h"
#include "loop.h"
#include "os.h"
#include "pty_ioctl.h"
#include "pty_session.h"

enum {
    TICK_MS = 10,
    LINES_MS = 1000,         /* for lines that a program has set, before it reads them */
    STUCK_MS = 1000,         /* of bytes that do not get on, before sets go ahead of them */
    PATIENCE_MS = 2000,      /* before a signal interrupts what never waits on a serial port */
    CLOSING_WAIT_MS = 30000, /* of a serial port: struct serial_struct, closing_wait */
};

struct link {
    struct link *next;
    struct calls *calls;
    struct vport_identity identity;
    bool known; /* the identity */
    struct pty_session *session;
    struct ioctl_tty tty; /* of the session's */
    size_t unsent;        /* while leaving, when it was looked at last */
    bool drain_asked;
    unsigned drain;
    struct joined *joined; /* in the place of a session */
    enum calls_join how;
    void (*on_joined)(void *ctx, const char *link, const char *why_not); /* until it is called */
    void *ctx;
};

enum held_for {
    HELD_FOR_ROOM,       /* nothing is done yet */
    HELD_FOR_LINES,      /* likewise: they are asked for */
    HELD_FOR_WAIT,       /* `wait` is not over */
    HELD_FOR_ANSWER,     /* of another net2pty, with the number `id` */
    HELD_FOR_CONNECTION, /* a greeting */
    HELD_FOR_LINK,       /* on `file`: a link that is not joined again yet */
};

struct held {
    struct held *next;
    struct caller *caller;
    struct link *link;
    enum held_for what;
    struct ioctl_wait wait;
    uint32_t id;
    struct vport_identity file;
    uint64_t since_ms;
    uint64_t progress;    /* FOR_ROOM: of the bytes before it, */
    uint64_t progress_ms; /* and when that was something else */
};

struct calls {
    struct event_base *base;
    struct link *links;
    struct held *held;
    struct event *tick;
    uint32_t last_id;
    void (*left)(void *ctx); /* while leaving, or NULL */
    void *left_ctx;
    uint64_t progress_ms; /* while leaving, the last time */
};

static void schedule_tick(struct calls *c)
{
    const struct timeval delay = {0, TICK_MS * 1000};

    if ((c->held || c->left) && !event_pending(c->tick, EV_TIMEOUT, NULL))
        event_add(c->tick, &delay);
}

/* A link has news. Held calls are looked at from the loop: they may send, and the link is in the
 * middle of receiving. */
static void on_changed(void *ctx)
{
    struct calls *c = ctx;
    const struct timeval now = {0, 0};

    if (c->held || c->left)
        event_add(c->tick, &now);
}

/* What has been begun for a caller that does not wait for it any more is ended. */
static void abandon(struct held *h)
{
    if (h->what == HELD_FOR_WAIT)
        ioctl_tty_abandon(&h->link->tty, &h->wait);
    else if (h->what == HELD_FOR_ANSWER)
        joined_cancel(h->link->joined, h->id);
}

static void hold(struct calls *c, struct link *link, struct caller *caller,
                 const struct held *state)
{
    struct held *h = malloc(sizeof *h);
    struct held held = *state;

    held.caller = caller;
    held.link = link;
    held.since_ms = os_now_ms();
    if (!h) {
        abandon(&held);
        caller->ops->answer(caller, -ENOMEM);
        return;
    }
    *h = held;
    h->next = c->held;
    c->held = h;
    schedule_tick(c);
}

/* --- carrying out ------------------------------------------------------------------------------
 */

static int read_memory(void *ctx, uint64_t address, void *data, size_t len)
{
    struct caller *caller = ctx;

    return caller->ops->read(caller, address, data, len);
}

static int write_memory(void *ctx, uint64_t address, const void *data, size_t len)
{
    struct caller *caller = ctx;

    return caller->ops->write(caller, address, data, len);
}

static void end_call(struct caller *caller, int result)
{
    if (result == -EPERM || result == -EACCES) /* unreadable: the kernel's answer is better */
        caller->ops->pass(caller);
    else
        caller->ops->answer(caller, result);
}

/* Whether a call goes ahead of the bytes that were written before it, which have no room. For who
 * only asks they are no matter. A set has its place behind them; but a serial port would not have
 * it wait for them, and where they do not get on, as with flow control, it may be what ends that.
 */
static bool goes_ahead(const struct link *link, const struct caller *caller, struct held *state)
{
    const uint64_t progress = pty_ioctl_progress(pty_session_ioctl(link->session)),
                   now_ms = os_now_ms();

    switch (ioctl_tty_order(caller->call.request)) {
    case IOCTL_ORDER_NONE:
        return true;
    case IOCTL_ORDER_DRAIN:
        return false;
    case IOCTL_ORDER_BEHIND:
        break;
    }
    if (state->progress_ms == 0 || state->progress != progress)
        state->progress_ms = now_ms;
    state->progress = progress;
    return now_ms - state->progress_ms >= STUCK_MS &&
           pty_ioctl_has_room(pty_session_ioctl(link->session));
}

static bool reads_lines(const struct caller *caller)
{
    return caller->call.request == TIOCMGET || caller->call.request == TIOCGICOUNT;
}

/* On a link of this process. Returns false, with what it waits for in `state`. */
static bool carry_out_here(struct link *link, struct caller *caller, struct held *state)
{
    const struct ioctl_memory memory = {read_memory, write_memory, caller};
    int result;

    state->what = HELD_FOR_ROOM;
    if (!pty_ioctl_take(pty_session_ioctl(link->session)) && !goes_ahead(link, caller, state))
        return false;
    state->what = HELD_FOR_LINES;
    if (reads_lines(caller) && !pty_ioctl_knows_lines(pty_session_ioctl(link->session)))
        return false;
    if (!caller->ops->is_waiting(caller)) { /* its number may be another one's by now */
        caller->ops->answer(caller, -EINTR);
        return true;
    }
    switch (
        ioctl_tty_call(&link->tty, &caller->call, &memory, os_now_ms(), &result, &state->wait)) {
    case IOCTL_ANSWER:
        end_call(caller, result);
        return true;
    case IOCTL_CONTINUE:
        caller->ops->pass(caller);
        return true;
    case IOCTL_WAIT:
        break;
    }
    state->what = HELD_FOR_WAIT;
    return false;
}

static uint32_t next_id(struct calls *c)
{
    c->last_id++;
    if (c->last_id == IOCTL_WIRE_PING)
        c->last_id = 1;
    return c->last_id;
}

/* Asks the net2pty that serves the link. Returns likewise. */
static bool carry_out_there(struct link *link, struct caller *caller, struct held *state)
{
    const struct ioctl_call *call = &caller->call;
    struct ioctl_wire_question q = {.kind = IOCTL_WIRE_CALL,
                                    .compat = call->compat,
                                    .request = call->request,
                                    .argument = call->argument,
                                    .device = link->identity.device,
                                    .inode = link->identity.inode,
                                    .special = link->identity.special};
    struct ioctl_shape shape;

    state->what = HELD_FOR_ROOM;
    if (!ioctl_shape_find(call->request, call->compat, &shape)) {
        caller->ops->pass(caller);
        return true;
    }
    q.len = shape.in;
    int r = shape.in > 0 ? caller->ops->read(caller, call->argument, q.data, q.len) : 0;
    if (r == 0) {
        q.id = next_id(link->calls);
        r = joined_ask(link->joined, &q);
    }
    if (r == -ENOBUFS)
        return false;
    if (r < 0) {
        end_call(caller, r);
        return true;
    }
    state->what = HELD_FOR_ANSWER;
    state->id = q.id;
    return false;
}

static bool carry_out(struct link *link, struct caller *caller, struct held *state)
{
    return link->session ? carry_out_here(link, caller, state)
                         : carry_out_there(link, caller, state);
}

static bool is_same(const struct vport_identity *a, const struct vport_identity *b)
{
    return a->inode == b->inode && a->special == b->special && a->device == b->device;
}

static struct link *link_of(struct calls *c, const struct vport_identity *file)
{
    for (struct link *l = c->links; l; l = l->next) {
        if (l->session) /* a port that hangs up is replaced */
            vport_identity(pty_session_port(l->session), &l->identity);
        if (l->known && is_same(&l->identity, file))
            return l;
    }
    return NULL;
}

/* The link at whose path the file stands, and which is to be joined again: a program was quicker
 * than we to see that somebody serves it now. */
static struct link *lost_link_of(struct calls *c, const struct vport_identity *file)
{
    struct vport_identity now;

    for (struct link *l = c->links; l; l = l->next)
        if (!l->known && !l->on_joined && vport_find(joined_link(l->joined), &now) == 0 &&
            is_same(&now, file))
            return l;
    return NULL;
}

void calls_make(struct calls *c, const struct vport_identity *identity, struct caller *caller)
{
    struct link *link = link_of(c, identity);
    struct link *lost = link ? NULL : lost_link_of(c, identity);
    struct held state = {.what = HELD_FOR_LINK, .file = *identity};

    if (lost) {
        joined_hurry(lost->joined);
        hold(c, lost, caller, &state);
    } else if (!link)
        caller->ops->pass(caller);
    else if (!carry_out(link, caller, &state))
        hold(c, link, caller, &state);
}

void calls_greet(struct calls *c, struct pty_session *session, bool at_once, struct caller *caller)
{
    struct link *link = c->links;
    const struct held state = {.what = HELD_FOR_CONNECTION};

    while (link && link->session != session)
        link = link->next;
    if (!link)
        caller->ops->pass(caller);
    else if (at_once || pty_session_is_connected(session))
        caller->ops->answer(caller, 0);
    else
        hold(c, link, caller, &state);
}

/* --- callers that are held ---------------------------------------------------------------------
 */

/* What to answer because the caller has gone, or a signal wants it: 0 for nothing. On a serial port
 * no signal interrupts a setting, and programs are not made for it: they are only let go when it
 * takes as long as it never should. */
static int interruption(const struct held *h)
{
    struct caller *caller = h->caller;
    struct ioctl_shape shape = {0};

    if (!caller->ops->is_waiting(caller))
        return -EINTR;
    ioctl_shape_find(caller->call.request, caller->call.compat, &shape);
    if (!shape.waits && os_now_ms() - h->since_ms < PATIENCE_MS)
        return 0;
    return caller->ops->interruption(caller);
}

/* Looks at a held call again. Returns whether it is still held. */
static bool look_again(struct held *h)
{
    struct caller *caller = h->caller;
    int result = interruption(h);

    if (result < 0) {
        abandon(h);
        caller->ops->answer(caller, result);
        return false;
    }
    switch (h->what) {
    case HELD_FOR_LINES:
        if (os_now_ms() - h->since_ms >= LINES_MS)
            pty_ioctl_forgo_lines(pty_session_ioctl(h->link->session));
        return !carry_out(h->link, caller, h);
    case HELD_FOR_ROOM:
        return !carry_out(h->link, caller, h);
    case HELD_FOR_WAIT:
        if (!ioctl_tty_is_over(&h->link->tty, &h->wait, os_now_ms(), &result))
            return true;
        break;
    case HELD_FOR_ANSWER:
        return true;
    case HELD_FOR_CONNECTION:
        if (!pty_session_is_connected(h->link->session))
            return true;
        break;
    case HELD_FOR_LINK:
        if (!h->link->known)
            return true;
        if (is_same(&h->link->identity, &h->file))
            return !carry_out(h->link, caller, h);
        caller->ops->pass(caller);
        return false;
    }
    caller->ops->answer(caller, result);
    return false;
}

static void look_at_held(struct calls *c)
{
    struct held **at = &c->held;

    while (*at) {
        struct held *h = *at;

        if (look_again(h)) {
            at = &h->next;
        } else {
            *at = h->next;
            free(h);
        }
    }
}

static void look_at_leaving(struct calls *c);

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
    struct calls *c = ctx;

    (void)fd;
    (void)what;
    look_at_held(c);
    if (c->left)
        look_at_leaving(c);
    schedule_tick(c);
}

/* Takes the held call with this number off the list; NULL if there is none. */
static struct held *take_asked(struct link *link, uint32_t id)
{
    for (struct held **at = &link->calls->held; *at; at = &(*at)->next) {
        struct held *h = *at;

        if (h->link == link && h->what == HELD_FOR_ANSWER && h->id == id) {
            *at = h->next;
            return h;
        }
    }
    return NULL;
}

void calls_cancel(struct calls *c, const struct caller *caller)
{
    for (struct held **at = &c->held; *at; at = &(*at)->next) {
        struct held *h = *at;

        if (h->caller == caller) {
            *at = h->next;
            abandon(h);
            free(h);
            return;
        }
    }
}

/* --- leaving -----------------------------------------------------------------------------------
 */

/* Whether a link has nothing more to do for the programs that have ended. */
static bool is_done(struct calls *c, struct link *link)
{
    const struct ioctl_port *port = link->tty.port;
    size_t unsent = port->unsent(link->tty.ctx);

    if (unsent != link->unsent)
        c->progress_ms = os_now_ms();
    link->unsent = unsent;
    if (!pty_ioctl_is_settled(pty_session_ioctl(link->session)))
        return false;
    if (!pty_session_is_connected(link->session)) /* settings for nobody */
        return true;
    if (!link->drain_asked && unsent == 0 && !pty_session_was_used(link->session))
        return true;
    /* what TCP has acknowledged may still be lost: com2net keeps the time between changes of lines,
     * and its answers to us, once we have gone, are the connection's end */
    if (!link->drain_asked)
        link->drain = port->begin_drain(link->tty.ctx);
    link->drain_asked = true;
    return port->is_drained(link->tty.ctx, link->drain);
}

static void look_at_leaving(struct calls *c)
{
    void (*left)(void *ctx) = c->left;
    bool done = true;

    for (struct link *link = c->links; link; link = link->next)
        done = (!link->session || is_done(c, link)) && done;
    if (!done && os_now_ms() - c->progress_ms < CLOSING_WAIT_MS)
        return;
    if (!done)
        log_warn("what the command wrote last is lost: nothing has taken it for %d s",
                 CLOSING_WAIT_MS / 1000);
    c->left = NULL;
    left(c->left_ctx);
}

void calls_leave(struct calls *c, void (*left)(void *ctx), void *ctx)
{
    c->left = left;
    c->left_ctx = ctx;
    c->progress_ms = os_now_ms();
    look_at_leaving(c);
    schedule_tick(c);
}

/* --- links of another net2pty ------------------------------------------------------------------
 */

/* Tells once how joining has ended. */
static void tell_joined(struct link *link, const char *why_not)
{
    void (*tell)(void *ctx, const char *name, const char *why_not) = link->on_joined;

    link->on_joined = NULL;
    if (tell)
        tell(link->ctx, joined_link(link->joined), why_not);
}

static void remove_link(struct link *link)
{
    struct link **at = &link->calls->links;

    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    joined_free(link->joined);
    free(link);
}

static void on_ready(void *ctx, const struct vport_identity *identity)
{
    struct link *link = ctx;
    struct calls *c = link->calls;
    struct link *same = link->how == CALLS_JOIN_ONCE ? link_of(c, identity) : NULL;

    log_debug("%s: joined%s", joined_link(link->joined), same ? " already" : "");
    link->identity = *identity;
    link->known = true;
    on_changed(c);
    tell_joined(link, NULL);
    if (!same)
        return;
    /* one of our own would ask us, who ask for it, and so on */
    for (struct held *h = c->held; h; h = h->next)
        if (h->link == link)
            h->link = same;
    remove_link(link);
}

static void on_lost(void *ctx, const char *why)
{
    struct link *link = ctx;
    struct calls *c = link->calls;
    bool was_known = link->known;

    if (was_known)
        log_debug("%s: %s", joined_link(link->joined), why);
    link->known = false;
    for (struct held **at = &c->held; *at;) {
        struct held *h = *at;

        if (h->link != link) {
            at = &h->next;
            continue;
        }
        *at = h->next;
        if (h->what == HELD_FOR_LINK)
            h->caller->ops->pass(h->caller);
        else
            h->caller->ops->answer(h->caller, -EIO); /* as on a port that has been hung up */
        free(h);
    }
    bool first = link->on_joined != NULL;
    if (link->how == CALLS_JOIN_PATIENTLY || (link->how == CALLS_JOIN_NOW && !first) ||
        was_known) { /* its port may only be another one now */
        joined_retry(link->joined);
        return;
    }
    tell_joined(link, why);
    remove_link(link);
}

static bool on_answered(void *ctx, const struct ioctl_wire_answer *a)
{
    struct link *link = ctx;
    struct held *h = take_asked(link, a->id);

    if (!h) /* it was cancelled meanwhile */
        return false;
    struct caller *caller = h->caller;
    int result = a->result;
    struct ioctl_shape shape = {0};

    free(h);
    ioctl_shape_find(caller->call.request, caller->call.compat, &shape);
    if (a->kind == IOCTL_WIRE_PASS) {
        caller->ops->pass(caller);
        return true;
    }
    if (!caller->ops->is_waiting(caller))
        result = -EINTR;
    else if (result >= 0 && shape.out > 0 && a->len != shape.out)
        result = -EIO; /* of another version */
    else if (result >= 0 && shape.out > 0)
        result = caller->ops->write(caller, caller->call.argument, a->data, a->len);
    end_call(caller, result);
    return true;
}

static const struct joined_callbacks joined_callbacks = {
    .ready = on_ready,
    .lost = on_lost,
    .answered = on_answered,
};

void calls_join(struct calls *c, const char *name, enum calls_join how,
                void (*joined)(void *ctx, const char *link, const char *why_not), void *ctx)
{
    struct link *link = calloc(1, sizeof *link);

    if (link) {
        *link = (struct link){.calls = c, .how = how, .on_joined = joined, .ctx = ctx};
        link->joined = joined_new(c->base, name, &joined_callbacks, link);
    }
    if (!link || !link->joined) {
        free(link);
        joined(ctx, name, "out of memory");
        return;
    }
    link->next = c->links;
    c->links = link;
    joined_start(link->joined);
}

/* --- beginning and end ------------------------------------------------------------------------ */

int calls_add(struct calls *c, struct pty_session *session)
{
    struct link *link = calloc(1, sizeof *link);

    if (!link)
        return -ENOMEM;
    link->calls = c;
    link->session = session;
    link->tty = (struct ioctl_tty){.port = &pty_ioctl_port, .ctx = pty_session_ioctl(session)};
    link->known = true;
    link->next = c->links;
    c->links = link;
    pty_session_watch(session, on_changed, c);
    return 0;
}

struct calls *calls_new(struct event_base *base)
{
    struct calls *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->base = base;
    c->tick = evtimer_new(base, on_tick, c);
    if (!c->tick) {
        free(c);
        return NULL;
    }
    return c;
}

void calls_free(struct calls *c)
{
    if (!c)
        return;
    while (c->held) {
        struct held *h = c->held;

        c->held = h->next;
        abandon(h);
        h->caller->ops->answer(h->caller, -EIO);
        free(h);
    }
    while (c->links) {
        struct link *link = c->links;

        c->links = link->next;
        if (link->session)
            pty_session_watch(link->session, NULL, NULL);
        joined_free(link->joined);
        free(link);
    }
    event_free(c->tick);
    free(c);
}
