#include "call_link.h"

#include <errno.h>

#include <asm/ioctls.h>

#include "caller.h"
#include "clock.h"
#include "ioctl_wire.h"
#include "joined.h"
#include "pty_ioctl.h"
#include "pty_session.h"

enum { STUCK_MS = 1000 }; /* of bytes that do not get on, before sets go ahead of them */

static bool is_same(const struct vport_identity *a, const struct vport_identity *b)
{
    return a->inode == b->inode && a->special == b->special && a->device == b->device;
}

bool call_link_is(struct call_link *l, const struct vport_identity *file)
{
    if (l->session) /* a port that hangs up is replaced */
        vport_identity(pty_session_port(l->session), &l->identity);
    return l->known && is_same(&l->identity, file);
}

bool call_link_is_lost(const struct call_link *l, const struct vport_identity *file)
{
    struct vport_identity now;

    return !l->known && vport_find(joined_link(l->joined), &now) == 0 && is_same(&now, file);
}

/* --- carrying out ----------------------------------------------------------------------------- */

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

void call_link_end_call(struct caller *caller, int result)
{
    if (result == -EPERM || result == -EACCES) /* unreadable: the kernel's answer is better */
        caller->ops->pass(caller);
    else
        caller->ops->answer(caller, result);
}

/* Whether a call goes ahead of the bytes that were written before it, which have no room. A call
 * that only asks ignores them. A set has its place after them. But a serial port would not have it
 * wait for them. Where they do not get on, as with flow control, the set may end that. */
static bool goes_ahead(const struct call_link *l, const struct caller *caller, struct call_wait *w)
{
    const uint64_t progress = pty_ioctl_progress(pty_session_ioctl(l->session)),
                   now_ms = clock_now_ms();

    switch (ioctl_tty_order(caller->call.request)) {
    case IOCTL_ORDER_NONE:
        return true;
    case IOCTL_ORDER_DRAIN:
        return false;
    case IOCTL_ORDER_BEHIND:
        break;
    }
    if (w->progress_ms == 0 || w->progress != progress)
        w->progress_ms = now_ms;
    w->progress = progress;
    return now_ms - w->progress_ms >= STUCK_MS && pty_ioctl_has_room(pty_session_ioctl(l->session));
}

static bool reads_lines(const struct caller *caller)
{
    return caller->call.request == TIOCMGET || caller->call.request == TIOCGICOUNT;
}

/* On a link of this process. Returns false, with the event that it waits for in `w`. */
static bool carry_out_here(struct call_link *l, struct caller *caller, struct call_wait *w)
{
    const struct ioctl_memory memory = {read_memory, write_memory, caller};
    int result;

    w->what = CALL_WAIT_ROOM;
    if (!pty_ioctl_take(pty_session_ioctl(l->session)) && !goes_ahead(l, caller, w))
        return false;
    w->what = CALL_WAIT_LINES;
    if (reads_lines(caller) && !pty_ioctl_knows_lines(pty_session_ioctl(l->session)))
        return false;
    if (!caller->ops->is_waiting(caller)) { /* its number may be another one's by now */
        caller->ops->answer(caller, -EINTR);
        return true;
    }
    switch (ioctl_tty_call(&l->tty, &caller->call, &memory, clock_now_ms(), &result, &w->tty)) {
    case IOCTL_ANSWER:
        call_link_end_call(caller, result);
        return true;
    case IOCTL_CONTINUE:
        caller->ops->pass(caller);
        return true;
    case IOCTL_WAIT:
        break;
    }
    w->what = CALL_WAIT_TTY;
    return false;
}

/* Asks the net2pty that serves the link. Returns the same. */
static bool carry_out_there(struct call_link *l, struct caller *caller, struct call_wait *w)
{
    const struct ioctl_call *call = &caller->call;
    struct ioctl_wire_question q = {.kind = IOCTL_WIRE_CALL,
                                    .compat = call->compat,
                                    .request = call->request,
                                    .argument = call->argument,
                                    .device = l->identity.device,
                                    .inode = l->identity.inode,
                                    .special = l->identity.special};
    struct ioctl_shape shape;

    w->what = CALL_WAIT_ROOM;
    if (!ioctl_shape_find(call->request, call->compat, &shape)) {
        caller->ops->pass(caller);
        return true;
    }
    q.len = shape.in;
    int r = shape.in > 0 ? caller->ops->read(caller, call->argument, q.data, q.len) : 0;
    if (r == 0) {
        q.id = w->id;
        r = joined_ask(l->joined, &q);
    }
    if (r == -ENOBUFS)
        return false;
    if (r < 0) {
        call_link_end_call(caller, r);
        return true;
    }
    w->what = CALL_WAIT_ANSWER;
    return false;
}

bool call_link_carry_out(struct call_link *l, struct caller *caller, struct call_wait *w)
{
    return l->session ? carry_out_here(l, caller, w) : carry_out_there(l, caller, w);
}

void call_link_abandon(struct call_link *l, struct call_wait *w)
{
    if (w->what == CALL_WAIT_TTY)
        ioctl_tty_abandon(&l->tty, &w->tty);
    else if (w->what == CALL_WAIT_ANSWER)
        joined_cancel(l->joined, w->id);
}

/* --- leaving ---------------------------------------------------------------------------------- */

bool call_link_is_done(struct call_link *l, bool *progress)
{
    const struct ioctl_port *port = l->tty.port;
    size_t unsent = port->unsent(l->tty.ctx);

    if (unsent != l->unsent)
        *progress = true;
    l->unsent = unsent;
    if (!pty_ioctl_is_settled(pty_session_ioctl(l->session)))
        return false;
    if (!pty_session_is_connected(l->session)) /* settings for nobody */
        return true;
    if (!l->drain_asked && unsent == 0 && !pty_session_was_used(l->session))
        return true;
    /* bytes that TCP has acknowledged may still be lost: com2net keeps the time between changes of
     * lines. Its answers to us, once we have gone, end the connection */
    if (!l->drain_asked)
        l->drain = port->begin_drain(l->tty.ctx);
    l->drain_asked = true;
    return port->is_drained(l->tty.ctx, l->drain);
}
