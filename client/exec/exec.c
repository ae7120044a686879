/*
 * Theory of operation. A program can have only one supervisor. Inside of another net2pty's COMMAND
 * the test for supervision fails. Then the other net2pty, which NET2PTY_SOCKET names, is asked to
 * join our links over their sockets. It then answers the requests on them, and COMMAND is only
 * waited for. Where programs cannot be supervised at all, the preload library sends us their
 * requests over a socket of our own, which NET2PTY_SOCKET names, too.
 *
 * When the last program has ended, its bytes may still be in the pseudo-terminal: the end is put
 * off until they are done.
 */
#include "exec.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "clock.h"
#include "control.h"
#include "local_socket.h"
#include "log.h"
#include "outer.h"
#include "supervise.h"
#include "visitor.h"

struct exec {
    struct event_base *base;
    const struct exec_options *options;
    struct calls *calls;
    struct control *control; /* our own socket */
    struct supervisor *supervisor;
    struct outer *outer;           /* while it is asked */
    int joined;                    /* links that the outer one has joined */
    char why[SUPERVISE_ERROR_MAX]; /* programs cannot be supervised */
    int status;
    void (*finished)(void *ctx, int status);
    void *ctx;
};

/* --- requests of supervised programs -----------------------------------------------------------
 */

struct program {
    struct caller caller;
    struct supervisor *supervisor;
    struct supervise_call call;
};

static int read_memory(struct caller *c, uint64_t address, void *data, size_t len)
{
    return supervise_read(&((struct program *)c)->call, address, data, len);
}

static int write_memory(struct caller *c, uint64_t address, const void *data, size_t len)
{
    return supervise_write(&((struct program *)c)->call, address, data, len);
}

static bool is_waiting(struct caller *c)
{
    const struct program *p = (const struct program *)c;

    return supervise_is_waiting(p->supervisor, &p->call);
}

static int interruption(struct caller *c)
{
    return supervise_interruption(&((struct program *)c)->call);
}

static void answer(struct caller *c, int result)
{
    struct program *p = (struct program *)c;

    supervise_answer(p->supervisor, &p->call, result);
    free(p);
}

static void pass(struct caller *c)
{
    struct program *p = (struct program *)c;

    supervise_continue(p->supervisor, &p->call);
    free(p);
}

static const struct caller_ops program_ops = {
    .read = read_memory,
    .write = write_memory,
    .is_waiting = is_waiting,
    .interruption = interruption,
    .answer = answer,
    .pass = pass,
};

static void on_called(void *ctx, const struct supervise_call *call)
{
    struct exec *e = ctx;
    struct vport_identity file;
    struct program *p = malloc(sizeof *p);

    if (!p || supervise_identity(call, &file) < 0) {
        supervise_continue(e->supervisor, call);
        free(p);
        return;
    }
    p->caller = (struct caller){&program_ops, {call->request, call->argument, call->compat}};
    p->supervisor = e->supervisor;
    p->call = *call;
    calls_make(e->calls, &file, &p->caller);
}

static void on_exited(void *ctx, int status, bool left)
{
    struct exec *e = ctx;

    e->status = status;
    if (!left)
        return;
    log_info("the command has ended; what it left in the background is still served");
    supervise_report(status);
}

static void on_left(void *ctx)
{
    struct exec *e = ctx;

    e->finished(e->ctx, e->status);
}

static void on_finished(void *ctx)
{
    struct exec *e = ctx;

    calls_leave(e->calls, on_left, e);
}

static const struct supervise_callbacks supervise_callbacks = {
    .called = on_called,
    .exited = on_exited,
    .finished = on_finished,
};

/* --- our own socket ----------------------------------------------------------------------------
 */

static void on_joined(void *ctx, const char *link, const char *why_not)
{
    struct exec *e = ctx;

    control_ended(e->control, link, why_not);
}

static void on_join(void *ctx, const char *link)
{
    struct exec *e = ctx;

    calls_join(e->calls, link, CALLS_JOIN_ONCE, on_joined, e);
}

static struct control_visit *on_visit(void *ctx, struct stream *stream)
{
    struct exec *e = ctx;

    return visitor_new(e->calls, NULL, stream);
}

static const struct control_callbacks control_callbacks = {
    .join = on_join,
    .visit = on_visit,
};

/* --- starting ----------------------------------------------------------------------------------
 */

static void run(struct exec *e, enum supervise_how how)
{
    char error[SUPERVISE_ERROR_MAX], control_error[CONTROL_ERROR_MAX];

    if (how != SUPERVISE_WAIT) {
        e->control = control_new(e->base, NULL, &control_callbacks, e, NULL, control_error);
        if (!e->control)
            log_warn("no `net2pty` inside the command can have modem lines: %s", control_error);
    }
    e->supervisor = supervise_start(e->base, e->options->argv, how,
                                    e->control ? control_name(e->control) : NULL,
                                    &supervise_callbacks, e, &e->status, error);
    if (e->supervisor)
        return;
    log_error("%s", error);
    e->finished(e->ctx, e->status);
}

/* Programs cannot be supervised, here and by an outer net2pty. */
static void fall_back(struct exec *e)
{
    char path[SUPERVISE_PATH_MAX];

    if (e->options->lines == EXEC_LINES_SECCOMP) {
        log_error("--lines=seccomp does not work here: %s", e->why);
        e->finished(e->ctx, SUPERVISE_EXIT_FAILED);
    } else if (supervise_find_preload(path) == 0) {
        if (e->options->lines == EXEC_LINES_AUTO)
            log_warn("modem lines, break and parity for dynamically linked programs only, by %s: "
                     "%s",
                     path, e->why);
        run(e, SUPERVISE_PRELOAD);
    } else if (e->options->lines == EXEC_LINES_PRELOAD) {
        log_error("--lines=preload: %s is not there; it is installed with net2pty, or set "
                  "NET2PTY_PRELOAD to its path",
                  path);
        e->finished(e->ctx, SUPERVISE_EXIT_FAILED);
    } else {
        log_warn("no modem lines, break and parity for the command: %s; data, speed, flow control "
                 "and flushes work",
                 e->why);
        run(e, SUPERVISE_WAIT);
    }
}

static void ask_outer(struct exec *e);

static void on_outer(void *ctx, const char *why_not)
{
    struct exec *e = ctx;

    if (why_not)
        log_debug("%s: %s", e->options->links[e->joined], why_not);
    outer_free(e->outer);
    e->outer = NULL;
    e->joined++;
    if (why_not)
        fall_back(e);
    else if (e->joined < e->options->count)
        ask_outer(e);
    else
        run(e, SUPERVISE_WAIT);
}

static void ask_outer(struct exec *e)
{
    char path[LOCAL_SOCKET_PATH_MAX];

    if (local_socket_absolute(e->options->links[e->joined], path) == 0)
        e->outer = outer_join(e->base, getenv(SUPERVISE_SOCKET), path, on_outer, e);
    if (!e->outer)
        fall_back(e);
}

/* Whether an outer net2pty serves us by the preload library: supervision would do for our own links
 * and hide the outer one's. */
static bool is_preloaded(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return preloaded && strstr(preloaded, SUPERVISE_PRELOAD_NAME) && getenv(SUPERVISE_SOCKET);
}

static bool can_supervise(struct exec *e)
{
    uint64_t begin = clock_now_us();
    int r = supervise_test(e->why);

    log_debug("supervision test: %s (%u us)", r == 0 ? "it works" : e->why,
              (unsigned)(clock_now_us() - begin));
    return r == 0;
}

static void choose(struct exec *e)
{
    bool insisted = e->options->lines == EXEC_LINES_SECCOMP;

    if (e->options->lines == EXEC_LINES_PLAIN)
        run(e, SUPERVISE_WAIT);
    else if (e->options->lines == EXEC_LINES_PRELOAD)
        fall_back(e);
    else if ((insisted || !is_preloaded()) && can_supervise(e))
        run(e, SUPERVISE_FILTER);
    else if (getenv(SUPERVISE_SOCKET))
        ask_outer(e);
    else
        fall_back(e);
}

struct exec *exec_start(struct event_base *base, const struct exec_options *options,
                        struct calls *calls, void (*finished)(void *ctx, int status), void *ctx)
{
    struct exec *e = calloc(1, sizeof *e);

    if (!e)
        return NULL;
    e->base = base;
    e->options = options;
    e->calls = calls;
    e->finished = finished;
    e->ctx = ctx;
    choose(e);
    return e;
}

bool exec_stop(struct exec *e)
{
    return e->supervisor && supervise_stop(e->supervisor);
}

void exec_free(struct exec *e)
{
    if (!e)
        return;
    outer_free(e->outer);
    control_free(e->control);
    supervise_free(e->supervisor);
    free(e);
}
