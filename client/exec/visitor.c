#include "visitor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "ioctl_wire.h"
#include "log.h"
#include "proto/bytes.h"
#include "pty_session.h"
#include "stream.h"

enum { VISITS_MAX = 1024 }; /* questions without an answer yet */

static const char no_memory[] = "out of memory for requests of other processes";

struct visitor {
    struct calls *calls;
    struct pty_session *session;
    struct stream *stream;
    struct visit *visits;
    unsigned count;
    int error; /* of the stream */
    size_t len;
    uint8_t frame[IOCTL_WIRE_QUESTION_MAX];
};

/* One question. What came with it is the memory that the request sees. */
struct visit {
    struct caller caller;
    struct visit *next;
    struct visitor *visitor;
    struct ioctl_wire_question question;
    size_t given;
    uint8_t gives[IOCTL_SHAPE_MAX];
};

static int read_memory(struct caller *c, uint64_t address, void *data, size_t len)
{
    const struct visit *v = (const struct visit *)c;

    if (address != v->question.argument || len > v->question.len)
        return -EFAULT;
    memcpy(data, v->question.data, len);
    return 0;
}

static int write_memory(struct caller *c, uint64_t address, const void *data, size_t len)
{
    struct visit *v = (struct visit *)c;

    if (address != v->question.argument || len > sizeof v->gives)
        return -EFAULT;
    memcpy(v->gives, data, len);
    v->given = len;
    return 0;
}

static bool is_waiting(struct caller *c)
{
    (void)c;
    return true;
}

/* Its own process sees to that: it cancels. */
static int interruption(struct caller *c)
{
    (void)c;
    return 0;
}

static void end_visit(struct visit *visit, const struct ioctl_wire_answer *a)
{
    struct visitor *v = visit->visitor;
    struct visit **at = &v->visits;
    uint8_t frame[IOCTL_WIRE_ANSWER_MAX];

    while (*at != visit)
        at = &(*at)->next;
    *at = visit->next;
    v->count--;
    if (a && v->error == 0)
        v->error = stream_write(v->stream, frame, ioctl_wire_put_answer(a, frame));
    free(visit);
}

static void answer(struct caller *c, int result)
{
    struct visit *visit = (struct visit *)c;
    struct ioctl_wire_answer a = {
        .kind = IOCTL_WIRE_ANSWER, .id = visit->question.id, .result = result};

    if (visit->question.kind == IOCTL_WIRE_HELLO) {
        struct vport_identity identity;

        vport_identity(pty_session_port(visit->visitor->session), &identity);
        put_be64(a.data, identity.device);
        put_be64(a.data + 8, identity.inode);
        put_be64(a.data + 16, identity.special);
        a.len = IOCTL_WIRE_IDENTITY;
    } else if (result >= 0) {
        a.len = visit->given;
        memcpy(a.data, visit->gives, a.len);
    }
    end_visit(visit, &a);
}

static void pass(struct caller *c)
{
    struct visit *visit = (struct visit *)c;
    const struct ioctl_wire_answer a = {.kind = IOCTL_WIRE_PASS, .id = visit->question.id};

    end_visit(visit, &a);
}

static const struct caller_ops ops = {
    .read = read_memory,
    .write = write_memory,
    .is_waiting = is_waiting,
    .interruption = interruption,
    .answer = answer,
    .pass = pass,
};

static void cancel(struct visitor *v, uint32_t id)
{
    struct visit *visit = v->visits;

    while (visit && visit->question.id != id)
        visit = visit->next;
    if (!visit)
        return;
    calls_cancel(v->calls, &visit->caller);
    end_visit(visit, NULL);
}

static int ask(struct visitor *v, const struct ioctl_wire_question *q)
{
    const struct vport_identity identity = {q->device, q->inode, q->special};

    if (q->kind == IOCTL_WIRE_CANCEL) {
        cancel(v, q->id);
        return 0;
    }
    struct visit *visit = v->count < VISITS_MAX ? calloc(1, sizeof *visit) : NULL;
    if (!visit) {
        if (v->count < VISITS_MAX)
            log_error(no_memory);
        return -ENOMEM;
    }
    visit->caller = (struct caller){&ops, {q->request, q->argument, q->compat}};
    visit->visitor = v;
    visit->question = *q;
    visit->next = v->visits;
    v->visits = visit;
    v->count++;
    if (q->kind == IOCTL_WIRE_CALL)
        calls_make(v->calls, &identity, &visit->caller);
    else if (v->session)
        calls_greet(v->calls, v->session, q->argument == 1, &visit->caller);
    else
        pass(&visit->caller);
    return v->error;
}

int visitor_receive(struct visitor *v, const uint8_t *data, size_t len)
{
    struct ioctl_wire_question q;

    while (len > 0) {
        size_t part = sizeof v->frame - v->len < len ? sizeof v->frame - v->len : len;

        memcpy(v->frame + v->len, data, part);
        v->len += part;
        data += part;
        len -= part;
        int used = ioctl_wire_get_question(v->frame, v->len, &q);
        while (used > 0) {
            v->len -= (size_t)used;
            memmove(v->frame, v->frame + used, v->len);
            int r = ask(v, &q);
            used = r < 0 ? r : ioctl_wire_get_question(v->frame, v->len, &q);
        }
        if (used < 0)
            return used;
    }
    return 0;
}

struct visitor *visitor_new(struct calls *calls, struct pty_session *session, struct stream *stream)
{
    struct visitor *v = calloc(1, sizeof *v);

    if (!v) {
        log_error(no_memory);
        return NULL;
    }
    v->calls = calls;
    v->session = session;
    v->stream = stream;
    return v;
}

void visitor_free(struct visitor *v)
{
    if (!v)
        return;
    while (v->visits) {
        struct visit *visit = v->visits;

        calls_cancel(v->calls, &visit->caller);
        end_visit(visit, NULL);
    }
    free(v);
}
