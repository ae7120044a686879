#include "joined.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "frame_reader.h"
#include "local.h"
#include "loop.h"
#include "proto/bytes.h"
#include "stream.h"
#include "timer.h"

enum {
    QUEUE_MAX = 64 * 1024, /* questions that wait for the other process */
    RETRY_MIN_MS = 20,
    RETRY_MAX_MS = 1000,
    PING_MS = 2500, /* while it waits for an answer */
    MISSED_MAX = 2, /* of them: it does not answer */
    TEXT_MAX = 300,
};

static const char strange[] = "its net2pty gives a strange answer: another version?";

struct joined {
    struct event_base *base;
    char *link;
    const struct joined_callbacks *callbacks;
    void *ctx;
    struct stream *stream; /* NULL: not connected */
    struct timer attempt;  /* the next one */
    unsigned retry_ms;
    bool ever_ready;
    struct timer ping; /* while it waits for an answer */
    bool greeted;
    bool greeting; /* its answer is still to come */
    bool pinged;   /* and it has not been heard since */
    unsigned missed;
    unsigned open; /* questions without an answer, the greeting included */
    struct frame_reader frames;
};

static void lose(struct joined *j, const char *why)
{
    char text[TEXT_MAX];

    stream_close(j->stream);
    j->stream = NULL;
    timer_stop(&j->ping);
    snprintf(text, sizeof text, "%s", why);
    j->callbacks->lost(j->ctx, text);
}

static int send_question(struct joined *j, const struct ioctl_wire_question *q)
{
    uint8_t frame[IOCTL_WIRE_QUESTION_MAX];

    return stream_write(j->stream, frame, ioctl_wire_put_question(q, frame));
}

static void schedule_ping(struct joined *j)
{
    if (j->open > 0 && !timer_is_set(&j->ping))
        timer_in_ms(&j->ping, PING_MS);
}

/* A question may be open as long as it likes, but the other net2pty has to show that it lives. It
 * answers a greeting of this kind at once. */
static int ping(struct joined *j)
{
    const struct ioctl_wire_question q = {
        .kind = IOCTL_WIRE_HELLO, .id = IOCTL_WIRE_PING, .argument = 1};

    j->pinged = true;
    j->missed = 0;
    schedule_ping(j);
    return send_question(j, &q);
}

static void on_ping(void *ctx)
{
    struct joined *j = ctx;

    if (j->pinged && ++j->missed >= MISSED_MAX)
        lose(j, "its net2pty does not answer; has somebody stopped it?");
    else if (!j->pinged)
        (void)ping(j); /* without room for it none is heard either */
    else
        schedule_ping(j);
}

/* The other one lives. The first time it is greeted: the answer to that is the link. */
static void take_pong(struct joined *j)
{
    const struct ioctl_wire_question hello = {.kind = IOCTL_WIRE_HELLO, .argument = j->ever_ready};

    if (j->greeted)
        return;
    j->greeted = true;
    (void)send_question(j, &hello); /* the queue is empty */
}

/* Takes an answer. The link may be gone after it. */
static void take(struct joined *j, const struct ioctl_wire_answer *a)
{
    if (a->id == IOCTL_WIRE_PING) {
        take_pong(j);
        return;
    }
    if (a->id != 0) {
        if (j->callbacks->answered(j->ctx, a) && j->open > 0)
            j->open--;
        return;
    }
    if (j->greeting)
        j->open--;
    j->greeting = false;
    if (a->kind != IOCTL_WIRE_ANSWER || a->len != IOCTL_WIRE_IDENTITY) {
        lose(j, strange);
    } else {
        const struct vport_identity identity = {get_be64(a->data), get_be64(a->data + 8),
                                                get_be64(a->data + 16)};

        j->ever_ready = true;
        j->retry_ms = 0;
        j->callbacks->ready(j->ctx, &identity);
    }
}

static int take_answer(void *ctx, const uint8_t *bytes, size_t len)
{
    struct joined *j = ctx;
    struct ioctl_wire_answer a;
    int used = ioctl_wire_get_answer(bytes, len, &a);

    if (used > 0)
        take(j, &a);
    return j->stream ? used : -ECONNABORTED; /* a callback may have ended it */
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct joined *j = ctx;

    j->pinged = false;
    if (frame_reader_receive(&j->frames, data, len, take_answer, j) < 0 && j->stream)
        lose(j, strange);
}

static void on_drained(void *ctx)
{
    (void)ctx;
}

static void on_ended(void *ctx, int error)
{
    (void)error;
    lose(ctx, "its net2pty has ended");
}

static const struct stream_callbacks stream_callbacks = {
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

/* Says hello on a new connection. Returns 0 or -errno. */
static int greet(struct joined *j)
{
    j->frames.len = 0;
    stream_set_owner(j->stream, &stream_callbacks, j);
    stream_read(j->stream, true);
    j->greeted = false;
    j->greeting = true;
    j->open = 1;
    int r = stream_write(j->stream, IOCTL_WIRE_OPENING, strlen(IOCTL_WIRE_OPENING));
    return r < 0 ? r : ping(j);
}

static void on_attempt(void *ctx)
{
    struct joined *j = ctx;
    const struct stream_options options = {.queue_max = QUEUE_MAX};
    char text[TEXT_MAX];
    int r;

    j->stream = local_connect(j->base, j->link, &options, &r);
    if (j->stream)
        r = greet(j);
    if (r == 0)
        return;
    if (r == -ENOENT || r == -ECONNREFUSED)
        snprintf(text, sizeof text,
                 "no net2pty serves it; start `net2pty %.200s HOST:PORT` first, or wait for one "
                 "with --wait",
                 j->link);
    else
        snprintf(text, sizeof text, "cannot ask its net2pty: %s", control_error_text(-r));
    lose(j, text);
}

void joined_start(struct joined *j)
{
    timer_in_ms(&j->attempt, 0);
}

void joined_retry(struct joined *j)
{
    timer_in_ms(&j->attempt, j->retry_ms);
    j->retry_ms = j->retry_ms < RETRY_MIN_MS ? RETRY_MIN_MS : 2 * j->retry_ms;
    if (j->retry_ms > RETRY_MAX_MS)
        j->retry_ms = RETRY_MAX_MS;
}

void joined_hurry(struct joined *j)
{
    if (!j->stream)
        timer_in_ms(&j->attempt, 0);
}

const char *joined_link(const struct joined *j)
{
    return j->link;
}

int joined_ask(struct joined *j, const struct ioctl_wire_question *q)
{
    int r = j->stream ? send_question(j, q) : -EIO;

    if (r < 0)
        return r;
    j->open++;
    schedule_ping(j);
    return 0;
}

void joined_cancel(struct joined *j, uint32_t id)
{
    const struct ioctl_wire_question q = {.kind = IOCTL_WIRE_CANCEL, .id = id};

    if (!j->stream)
        return;
    if (j->open > 0)
        j->open--;
    /* without room for it the answer comes, and nobody waits for it */
    (void)send_question(j, &q);
}

struct joined *joined_new(struct event_base *base, const char *link,
                          const struct joined_callbacks *callbacks, void *ctx)
{
    struct joined *j = calloc(1, sizeof *j);

    if (!j)
        return NULL;
    j->base = base;
    j->callbacks = callbacks;
    j->ctx = ctx;
    timer_make(&j->attempt, base, on_attempt, j);
    timer_make(&j->ping, base, on_ping, j);
    j->link = malloc(strlen(link) + 1);
    if (!j->link) {
        joined_free(j);
        return NULL;
    }
    strcpy(j->link, link);
    return j;
}

void joined_free(struct joined *j)
{
    if (!j)
        return;
    stream_close(j->stream);
    timer_stop(&j->attempt);
    timer_stop(&j->ping);
    j->stream = NULL;
    free(j->link);
    loop_defer(j->base, free, j);
}
