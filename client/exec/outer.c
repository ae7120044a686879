#include "outer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local.h"
#include "loop.h"
#include "stream.h"
#include "timer.h"

enum { ANSWER_MAX = 512, ANSWER_LIMIT_MS = 30000 };

struct outer {
    struct event_base *base;
    void (*ended)(void *ctx, const char *why_not);
    void *ctx;
    struct stream *stream;
    struct timer limit;
    size_t len;
    char answer[ANSWER_MAX];
};

static void end(struct outer *o, const char *why_not)
{
    stream_close(o->stream);
    o->stream = NULL;
    timer_stop(&o->limit);
    o->ended(o->ctx, why_not);
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct outer *o = ctx;
    size_t part = ANSWER_MAX - 1 - o->len < len ? ANSWER_MAX - 1 - o->len : len;

    memcpy(o->answer + o->len, data, part);
    o->len += part;
    char *line_end = memchr(o->answer, '\n', o->len);
    if (!line_end && part == len)
        return;
    if (line_end)
        *line_end = '\0';
    if (strcmp(o->answer, "join: done") == 0)
        end(o, NULL);
    else
        end(o, o->answer);
}

static void on_drained(void *ctx)
{
    (void)ctx;
}

static void on_ended(void *ctx, int error)
{
    (void)error;
    end(ctx, "the outer net2pty has ended");
}

static const struct stream_callbacks callbacks = {
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

static void on_limit(void *ctx)
{
    struct outer *o = ctx;

    end(o, o->stream ? "the outer net2pty does not answer"
                     : "the outer net2pty, of NET2PTY_SOCKET, is not there");
}

struct outer *outer_join(struct event_base *base, const char *socket, const char *link,
                         void (*ended)(void *ctx, const char *why_not), void *ctx)
{
    struct outer *o = calloc(1, sizeof *o);
    char request[PATH_MAX + 8];
    const struct stream_options options = {.queue_max = sizeof request};
    int error;

    if (!o)
        return NULL;
    o->base = base;
    o->ended = ended;
    o->ctx = ctx;
    timer_make(&o->limit, base, on_limit, o);
    o->stream = local_connect_named(base, socket, &options, &error);
    if (o->stream) {
        stream_set_owner(o->stream, &callbacks, o);
        int len = snprintf(request, sizeof request, "join %.*s\n", PATH_MAX, link);

        stream_read(o->stream, true);
        (void)stream_write(o->stream, request, (size_t)len);
    }
    timer_in_ms(&o->limit, o->stream ? ANSWER_LIMIT_MS : 0);
    return o;
}

void outer_free(struct outer *o)
{
    if (!o)
        return;
    stream_close(o->stream);
    timer_stop(&o->limit);
    loop_defer(o->base, free, o);
}
