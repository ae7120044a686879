/*
 * Theory of operation. A request that the filter stops arrives in on_called. If its descriptor is
 * one of our ports, what the program has written before is taken first, so that everything is in
 * order; then ioctl_tty says what the request means. One that waits (for a modem line, the end of a
 * break, a drain) or that finds no room is held: looked at when something has happened and every
 * 10 ms, because no descriptor tells that a signal wants its program.
 *
 * When the last program has ended, its bytes may still be in the pseudo-terminal. The end is put
 * off until the server has said that all is done, or for 30 s without progress, as a serial driver
 * does.
 */
#include "exec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "ioctl_tty.h"
#include "log.h"
#include "os.h"
#include "pty_session.h"

enum {
    TICK_MS = 10,
    CLOSING_WAIT_MS = 30000,
};

struct link {
    struct pty_session *session;
    struct ioctl_tty tty;
    struct vport_identity identity;
    size_t unsent; /* while leaving, when it was looked at last */
    bool drain_asked;
    unsigned drain;
};

/* A call that is not answered yet. */
struct held {
    struct held *next;
    struct supervise_call call;
    struct link *link;
    bool started; /* it waits for `wait`; otherwise for room, and has done nothing */
    struct ioctl_wait wait;
};

struct exec {
    struct event_base *base;
    struct supervisor *supervisor;
    struct link *links;
    int count;
    struct held *held;
    struct event *tick;
    bool leaving;
    uint64_t progress_ms; /* while leaving, the last time */
    int status;
    void (*finished)(void *ctx, int status);
    void *ctx;
};

static void schedule_tick(struct exec *e)
{
    const struct timeval delay = {0, TICK_MS * 1000};

    if ((e->held || e->leaving) && !event_pending(e->tick, EV_TIMEOUT, NULL))
        event_add(e->tick, &delay);
}

static int read_memory(void *ctx, uint64_t address, void *data, size_t len)
{
    return supervise_read(ctx, address, data, len);
}

static int write_memory(void *ctx, uint64_t address, const void *data, size_t len)
{
    return supervise_write(ctx, address, data, len);
}

/* Carries a call out, now that there is room. Returns false, with `wait`, if it has to be held. */
static bool carry_out(struct exec *e, struct link *link, const struct supervise_call *call,
                      struct ioctl_wait *wait)
{
    struct supervise_call copy = *call;
    const struct ioctl_memory memory = {read_memory, write_memory, &copy};
    const struct ioctl_call ioctl_call = {call->request, call->argument, call->compat};
    int result;

    if (!supervise_is_waiting(e->supervisor, call)) /* its number may be another one's by now */
        return true;
    switch (ioctl_tty_call(&link->tty, &ioctl_call, &memory, os_now_ms(), &result, wait)) {
    case IOCTL_ANSWER:
        if (result == -EPERM || result == -EACCES) /* unreadable: the kernel's answer is better */
            supervise_continue(e->supervisor, call);
        else
            supervise_answer(e->supervisor, call, result);
        return true;
    case IOCTL_CONTINUE:
        supervise_continue(e->supervisor, call);
        return true;
    case IOCTL_WAIT:
        break;
    }
    return false;
}

static void hold(struct exec *e, struct link *link, const struct supervise_call *call, bool started,
                 const struct ioctl_wait *wait)
{
    struct held *h = malloc(sizeof *h);

    if (!h) {
        supervise_answer(e->supervisor, call, -ENOMEM);
        return;
    }
    *h = (struct held){.next = e->held, .call = *call, .link = link, .started = started};
    if (started)
        h->wait = *wait;
    e->held = h;
    schedule_tick(e);
}

static struct link *link_of(struct exec *e, const struct supervise_call *call)
{
    struct vport_identity file;

    if (supervise_identity(call, &file) < 0)
        return NULL;
    for (int i = 0; i < e->count; i++) {
        const struct vport_identity *ours = &e->links[i].identity;

        if (file.device == ours->device && file.inode == ours->inode &&
            file.special == ours->special)
            return &e->links[i];
    }
    return NULL;
}

static void on_called(void *ctx, const struct supervise_call *call)
{
    struct exec *e = ctx;
    struct link *link = link_of(e, call);
    struct ioctl_wait wait;

    if (!link)
        supervise_continue(e->supervisor, call);
    else if (!pty_session_take(link->session))
        hold(e, link, call, false, NULL);
    else if (!carry_out(e, link, call, &wait))
        hold(e, link, call, true, &wait);
}

/* Looks at a held call again. Returns whether it is still held. */
static bool look_again(struct exec *e, struct held *h)
{
    int result =
        supervise_is_waiting(e->supervisor, &h->call) ? supervise_interruption(&h->call) : -EINTR;

    if (result == 0 && !h->started) {
        if (!pty_session_take(h->link->session))
            return true;
        h->started = true;
        return !carry_out(e, h->link, &h->call, &h->wait);
    }
    if (result == 0) {
        if (!ioctl_tty_is_over(&h->link->tty, &h->wait, os_now_ms(), &result))
            return true;
    } else if (h->started) {
        ioctl_tty_abandon(&h->link->tty, &h->wait);
    }
    supervise_answer(e->supervisor, &h->call, result);
    return false;
}

static void look_at_held(struct exec *e)
{
    struct held **at = &e->held;

    while (*at) {
        struct held *h = *at;

        if (look_again(e, h)) {
            at = &h->next;
        } else {
            *at = h->next;
            free(h);
        }
    }
    schedule_tick(e);
}

/* Whether a link has nothing more to do for the programs that have ended. */
static bool is_done(struct exec *e, struct link *link)
{
    const struct ioctl_port *port = &pty_session_ioctl_port;
    size_t unsent = port->unsent(link->session);

    if (unsent != link->unsent)
        e->progress_ms = os_now_ms();
    link->unsent = unsent;
    if (!pty_session_is_settled(link->session))
        return false;
    if (!pty_session_is_connected(link->session)) /* settings for nobody */
        return true;
    if (!link->drain_asked) {
        link->drain_asked = true;
        link->drain = port->begin_drain(link->session);
    }
    return port->is_drained(link->session, link->drain);
}

static void look_at_leaving(struct exec *e)
{
    bool done = true;

    for (int i = 0; i < e->count; i++)
        done = is_done(e, &e->links[i]) && done;
    if (!done && os_now_ms() - e->progress_ms < CLOSING_WAIT_MS) {
        schedule_tick(e);
        return;
    }
    if (!done)
        log_warn("what the command wrote last is lost: nothing has taken it for %d s",
                 CLOSING_WAIT_MS / 1000);
    e->leaving = false;
    e->finished(e->ctx, e->status);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
    struct exec *e = ctx;

    (void)fd;
    (void)what;
    look_at_held(e);
    if (e->leaving)
        look_at_leaving(e);
}

/* The port has news. Held calls are looked at from the loop: they may send, and the port is in the
 * middle of receiving. */
static void on_changed(void *ctx)
{
    struct exec *e = ctx;
    const struct timeval now = {0, 0};

    if (e->held || e->leaving)
        event_add(e->tick, &now);
}

static void on_exited(void *ctx, int status, bool left)
{
    struct exec *e = ctx;

    e->status = status;
    if (!left)
        return;
    log_info("the command has ended and left something behind, which is still served");
    supervise_report(status);
}

static void on_finished(void *ctx)
{
    struct exec *e = ctx;

    e->leaving = true;
    e->progress_ms = os_now_ms();
    look_at_leaving(e);
}

static const struct supervise_callbacks callbacks = {
    .called = on_called,
    .exited = on_exited,
    .finished = on_finished,
};

struct exec *exec_start(struct event_base *base, char *const argv[], bool filtered,
                        struct pty_session *const *sessions, int count,
                        void (*finished)(void *ctx, int status), void *ctx, int *status,
                        char error[static SUPERVISE_ERROR_MAX])
{
    struct exec *e = calloc(1, sizeof *e);

    *status = SUPERVISE_EXIT_FAILED;
    snprintf(error, SUPERVISE_ERROR_MAX, "out of memory");
    if (!e)
        return NULL;
    e->base = base;
    e->finished = finished;
    e->ctx = ctx;
    e->tick = evtimer_new(base, on_tick, e);
    e->links = calloc((size_t)count, sizeof *e->links);
    if (!e->tick || !e->links) {
        exec_free(e);
        return NULL;
    }
    e->count = count;
    for (int i = 0; i < count; i++) {
        struct link *link = &e->links[i];

        link->session = sessions[i];
        link->tty = (struct ioctl_tty){.port = &pty_session_ioctl_port, .ctx = sessions[i]};
        vport_identity(pty_session_port(sessions[i]), &link->identity);
        pty_session_watch(sessions[i], on_changed, e);
    }
    e->supervisor = supervise_start(base, argv, filtered, &callbacks, e, status, error);
    if (!e->supervisor) {
        exec_free(e);
        return NULL;
    }
    return e;
}

void exec_free(struct exec *e)
{
    if (!e)
        return;
    for (int i = 0; i < e->count; i++)
        pty_session_watch(e->links[i].session, NULL, NULL);
    while (e->held) {
        struct held *h = e->held;

        e->held = h->next;
        free(h);
    }
    supervise_free(e->supervisor);
    if (e->tick)
        event_free(e->tick);
    free(e->links);
    free(e);
}
