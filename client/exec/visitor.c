#include "visitor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "control.h"
#include "frame_reader.h"
#include "ioctl_wire.h"
#include "log.h"
#include "proto/bytes.h"
#include "pty_session.h"
#include "stream.h"

enum { QUERIES_MAX = 1024 }; /* questions without an answer yet */

static const char no_memory[] = "out of memory for requests of other processes";

struct visitor {
    struct control_visit visit;
    struct calls *calls;
    struct pty_session *session;
    struct stream *stream;
    struct query *queries;
    unsigned count;
    int error; /* of the stream */
    struct frame_reader frames;
};

/* One question. The bytes that came with it are the memory that the request sees. */
struct query {
    struct caller caller;
    struct query *next;
    struct visitor *visitor;
    struct ioctl_wire_question question;
    size_t given;
    uint8_t gives[IOCTL_SHAPE_MAX];
};

static int read_memory(struct caller *c, uint64_t address, void *data, size_t len)
{
    const struct query *q = (const struct query *)c;

    if (address != q->question.argument || len > q->question.len)
        return -EFAULT;
    memcpy(data, q->question.data, len);
    return 0;
}

static int write_memory(struct caller *c, uint64_t address, const void *data, size_t len)
{
    struct query *q = (struct query *)c;

    if (address != q->question.argument || len > sizeof q->gives)
        return -EFAULT;
    memcpy(q->gives, data, len);
    q->given = len;
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

static void end_query(struct query *query, const struct ioctl_wire_answer *a)
{
    struct visitor *v = query->visitor;
    struct query **at = &v->queries;
    uint8_t frame[IOCTL_WIRE_ANSWER_MAX];

    while (*at != query)
        at = &(*at)->next;
    *at = query->next;
    v->count--;
    if (a && v->error == 0)
        v->error = stream_write(v->stream, frame, ioctl_wire_put_answer(a, frame));
    free(query);
}

static void answer(struct caller *c, int result)
{
    struct query *query = (struct query *)c;
    struct ioctl_wire_answer a = {
        .kind = IOCTL_WIRE_ANSWER, .id = query->question.id, .result = result};

    if (query->question.kind == IOCTL_WIRE_HELLO) {
        struct vport_identity identity;

        vport_identity(pty_session_port(query->visitor->session), &identity);
        put_be64(a.data, identity.device);
        put_be64(a.data + 8, identity.inode);
        put_be64(a.data + 16, identity.special);
        a.len = IOCTL_WIRE_IDENTITY;
    } else if (result >= 0) {
        a.len = query->given;
        memcpy(a.data, query->gives, a.len);
    }
    end_query(query, &a);
}

static void pass(struct caller *c)
{
    struct query *query = (struct query *)c;
    const struct ioctl_wire_answer a = {.kind = IOCTL_WIRE_PASS, .id = query->question.id};

    end_query(query, &a);
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
    struct query *query = v->queries;

    while (query && query->question.id != id)
        query = query->next;
    if (!query)
        return;
    calls_cancel(v->calls, &query->caller);
    end_query(query, NULL);
}

static int ask(struct visitor *v, const struct ioctl_wire_question *q)
{
    const struct vport_identity identity = {q->device, q->inode, q->special};

    if (q->kind == IOCTL_WIRE_CANCEL) {
        cancel(v, q->id);
        return 0;
    }
    struct query *query = v->count < QUERIES_MAX ? calloc(1, sizeof *query) : NULL;
    if (!query) {
        if (v->count < QUERIES_MAX)
            log_error(no_memory);
        return -ENOMEM;
    }
    query->caller = (struct caller){&ops, {q->request, q->argument, q->compat}};
    query->visitor = v;
    query->question = *q;
    query->next = v->queries;
    v->queries = query;
    v->count++;
    if (q->kind == IOCTL_WIRE_CALL)
        calls_make(v->calls, &identity, &query->caller);
    else if (v->session)
        calls_greet(v->calls, v->session, q->argument == 1, &query->caller);
    else
        pass(&query->caller);
    return v->error;
}

static int take_question(void *ctx, const uint8_t *bytes, size_t len)
{
    struct ioctl_wire_question q;
    int used = ioctl_wire_get_question(bytes, len, &q);
    int r = used > 0 ? ask(ctx, &q) : 0;

    return r < 0 ? r : used;
}

static int receive(struct control_visit *visit, const uint8_t *data, size_t len)
{
    struct visitor *v = (struct visitor *)visit;

    return frame_reader_receive(&v->frames, data, len, take_question, v);
}

static void free_visitor(struct control_visit *visit)
{
    struct visitor *v = (struct visitor *)visit;

    while (v->queries) {
        struct query *query = v->queries;

        calls_cancel(v->calls, &query->caller);
        end_query(query, NULL);
    }
    free(v);
}

static const struct control_visit_ops visit_ops = {
    .receive = receive,
    .free = free_visitor,
};

struct control_visit *visitor_new(struct calls *calls, struct pty_session *session,
                                  struct stream *stream)
{
    struct visitor *v = calloc(1, sizeof *v);

    if (!v) {
        log_error(no_memory);
        return NULL;
    }
    v->visit.ops = &visit_ops;
    v->calls = calls;
    v->session = session;
    v->stream = stream;
    return &v->visit;
}
