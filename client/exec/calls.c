/*
 * Theory of operation. The bytes that a program has written before its request are taken first, as
 * long as that gets on. So everything is in order. Then ioctl_tty tells the meaning of the request.
 * A request is held if it waits (for a modem line, the end of a break, a drain) or finds no room.
 * So is one that another net2pty has been asked for. Held requests are looked at when something has
 * happened, and every 10 ms. The timer is needed because no descriptor tells that a signal wants
 * its program.
 */
#include "calls.h"

#include <errno.h>
#include <stdlib.h>

#include "call_link.h"
#include "clock.h"
#include "ioctl_wire.h"
#include "joined.h"
#include "log.h"
#include "loop.h"
#include "pty_ioctl.h"
#include "pty_session.h"
#include "timer.h"

enum {
    TICK_MS = 10,
    LINES_MS = 1000,         /* for lines that a program has set, before it reads them */
    PATIENCE_MS = 2000,      /* before a signal interrupts what never waits on a serial port */
    CLOSING_WAIT_MS = 30000, /* of a serial port: struct serial_struct, closing_wait */
};

struct link {
    struct link *next;
    struct calls *calls;
    struct call_link at;
    enum calls_join how;                                                 /* of one that is joined */
    void (*on_joined)(void *ctx, const char *link, const char *why_not); /* until it is called */
    void *ctx;
};

struct held {
    struct held *next;
    struct caller *caller;
    struct link *link;
    struct call_wait wait;
    struct vport_identity file; /* of CALL_WAIT_LINK */
    uint64_t since_ms;
};

struct calls {
    struct event_base *base;
    struct link *links;
    struct held *held;
    struct timer tick;
    uint32_t last_id;
    void (*left)(void *ctx); /* while leaving, or NULL */
    void *left_ctx;
    uint64_t progress_ms; /* while leaving, the last time */
};

static void schedule_tick(struct calls *c)
{
    if ((c->held || c->left) && !timer_is_set(&c->tick))
        timer_in_ms(&c->tick, TICK_MS);
}

/* A link has news. Held calls are looked at from the loop: they may send, and the link is in the
 * middle of receiving. */
static void on_changed(void *ctx)
{
    struct calls *c = ctx;

    if (c->held || c->left)
        timer_in_ms(&c->tick, 0);
}

static void hold(struct calls *c, struct link *link, struct caller *caller, struct call_wait *w,
                 const struct vport_identity *file)
{
    struct held *h = malloc(sizeof *h);

    if (!h) {
        call_link_abandon(&link->at, w);
        caller->ops->answer(caller, -ENOMEM);
        return;
    }
    *h = (struct held){.caller = caller, .link = link, .wait = *w, .since_ms = clock_now_ms()};
    if (file)
        h->file = *file;
    h->next = c->held;
    c->held = h;
    schedule_tick(c);
}

/* --- carrying out ------------------------------------------------------------------------------
 */

static uint32_t next_id(struct calls *c)
{
    c->last_id++;
    if (c->last_id == IOCTL_WIRE_PING)
        c->last_id = 1;
    return c->last_id;
}

/* Carries a request out, or says in `w` what it waits for. */
static bool carry_out(struct link *link, struct caller *caller, struct call_wait *w)
{
    w->id = next_id(link->calls);
    return call_link_carry_out(&link->at, caller, w);
}

static struct link *link_of(struct calls *c, const struct vport_identity *file)
{
    for (struct link *l = c->links; l; l = l->next)
        if (call_link_is(&l->at, file))
            return l;
    return NULL;
}

static struct link *lost_link_of(struct calls *c, const struct vport_identity *file)
{
    for (struct link *l = c->links; l; l = l->next)
        if (!l->on_joined && call_link_is_lost(&l->at, file))
            return l;
    return NULL;
}

void calls_make(struct calls *c, const struct vport_identity *identity, struct caller *caller)
{
    struct link *link = link_of(c, identity);
    struct link *lost = link ? NULL : lost_link_of(c, identity);
    struct call_wait w = {.what = CALL_WAIT_LINK};

    if (lost) {
        joined_hurry(lost->at.joined);
        hold(c, lost, caller, &w, identity);
    } else if (!link)
        caller->ops->pass(caller);
    else if (!carry_out(link, caller, &w))
        hold(c, link, caller, &w, NULL);
}

void calls_greet(struct calls *c, struct pty_session *session, bool at_once, struct caller *caller)
{
    struct link *link = c->links;
    struct call_wait w = {.what = CALL_WAIT_CONNECTION};

    while (link && link->at.session != session)
        link = link->next;
    if (!link)
        caller->ops->pass(caller);
    else if (at_once || pty_session_has_device(session))
        caller->ops->answer(caller, 0);
    else
        hold(c, link, caller, &w, NULL);
}

/* --- callers that are held ---------------------------------------------------------------------
 */

/* The answer because the caller has gone, or a signal wants it: 0 for none. On a serial port no
 * signal interrupts a setting, and programs are not made for it. They are only released when it
 * takes as long as it never should. */
static int interruption(const struct held *h)
{
    struct caller *caller = h->caller;
    struct ioctl_shape shape = {0};

    if (!caller->ops->is_waiting(caller))
        return -EINTR;
    ioctl_shape_find(caller->call.request, caller->call.compat, &shape);
    if (!shape.waits && clock_now_ms() - h->since_ms < PATIENCE_MS)
        return 0;
    return caller->ops->interruption(caller);
}

/* Looks at a held call again. Returns whether it is still held. */
static bool look_again(struct held *h)
{
    struct caller *caller = h->caller;
    struct call_link *link = &h->link->at;
    int result = interruption(h);

    if (result < 0) {
        call_link_abandon(link, &h->wait);
        caller->ops->answer(caller, result);
        return false;
    }
    switch (h->wait.what) {
    case CALL_WAIT_LINES:
        if (clock_now_ms() - h->since_ms >= LINES_MS)
            pty_ioctl_forgo_lines(pty_session_ioctl(link->session));
        return !carry_out(h->link, caller, &h->wait);
    case CALL_WAIT_ROOM:
        return !carry_out(h->link, caller, &h->wait);
    case CALL_WAIT_TTY:
        if (!ioctl_tty_is_over(&link->tty, &h->wait.tty, clock_now_ms(), &result))
            return true;
        break;
    case CALL_WAIT_ANSWER:
        return true;
    case CALL_WAIT_CONNECTION:
        if (!pty_session_has_device(link->session))
            return true;
        break;
    case CALL_WAIT_LINK:
        if (!link->known)
            return true;
        if (call_link_is(link, &h->file))
            return !carry_out(h->link, caller, &h->wait);
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

static void on_tick(void *ctx)
{
    struct calls *c = ctx;

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

        if (h->link == link && h->wait.what == CALL_WAIT_ANSWER && h->wait.id == id) {
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
            call_link_abandon(&h->link->at, &h->wait);
            free(h);
            return;
        }
    }
}

/* --- leaving -----------------------------------------------------------------------------------
 */

static void look_at_leaving(struct calls *c)
{
    void (*left)(void *ctx) = c->left;
    bool done = true, progress = false;

    for (struct link *link = c->links; link; link = link->next)
        done = (!link->at.session || call_link_is_done(&link->at, &progress)) && done;
    if (progress)
        c->progress_ms = clock_now_ms();
    if (!done && clock_now_ms() - c->progress_ms < CLOSING_WAIT_MS)
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
    c->progress_ms = clock_now_ms();
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
        tell(link->ctx, joined_link(link->at.joined), why_not);
}

static void remove_link(struct link *link)
{
    struct link **at = &link->calls->links;

    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    joined_free(link->at.joined);
    free(link);
}

static void on_ready(void *ctx, const struct vport_identity *identity)
{
    struct link *link = ctx;
    struct calls *c = link->calls;
    struct link *same = link->how == CALLS_JOIN_ONCE ? link_of(c, identity) : NULL;

    log_debug("%s: joined%s", joined_link(link->at.joined), same ? " already" : "");
    link->at.identity = *identity;
    link->at.known = true;
    on_changed(c);
    tell_joined(link, NULL);
    if (!same)
        return;
    /* one of our own would ask us, we would ask for it, and so on */
    for (struct held *h = c->held; h; h = h->next)
        if (h->link == link)
            h->link = same;
    remove_link(link);
}

static void on_lost(void *ctx, const char *why)
{
    struct link *link = ctx;
    struct calls *c = link->calls;
    bool was_known = link->at.known;

    if (was_known)
        log_debug("%s: %s", joined_link(link->at.joined), why);
    link->at.known = false;
    for (struct held **at = &c->held; *at;) {
        struct held *h = *at;

        if (h->link != link) {
            at = &h->next;
            continue;
        }
        *at = h->next;
        if (h->wait.what == CALL_WAIT_LINK)
            h->caller->ops->pass(h->caller);
        else
            h->caller->ops->answer(h->caller, -EIO); /* as on a port that has been hung up */
        free(h);
    }
    bool first = link->on_joined != NULL;
    if (link->how == CALLS_JOIN_PATIENTLY || (link->how == CALLS_JOIN_NOW && !first) ||
        was_known) { /* its port may only be another one now */
        joined_retry(link->at.joined);
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
    call_link_end_call(caller, result);
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
        link->at.joined = joined_new(c->base, name, &joined_callbacks, link);
    }
    if (!link || !link->at.joined) {
        free(link);
        joined(ctx, name, "out of memory");
        return;
    }
    link->next = c->links;
    c->links = link;
    joined_start(link->at.joined);
}

/* --- beginning and end ------------------------------------------------------------------------ */

int calls_add(struct calls *c, struct pty_session *session)
{
    struct link *link = calloc(1, sizeof *link);

    if (!link)
        return -ENOMEM;
    link->calls = c;
    link->at.session = session;
    link->at.tty = (struct ioctl_tty){.port = &pty_ioctl_port, .ctx = pty_session_ioctl(session)};
    link->at.known = true;
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
    timer_make(&c->tick, base, on_tick, c);
    return c;
}

void calls_free(struct calls *c)
{
    if (!c)
        return;
    while (c->held) {
        struct held *h = c->held;

        c->held = h->next;
        call_link_abandon(&h->link->at, &h->wait);
        h->caller->ops->answer(h->caller, -EIO);
        free(h);
    }
    while (c->links) {
        struct link *link = c->links;

        c->links = link->next;
        if (link->at.session)
            pty_session_watch(link->at.session, NULL, NULL);
        joined_free(link->at.joined);
        free(link);
    }
    timer_stop(&c->tick);
    free(c);
}
