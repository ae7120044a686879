#include "outer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "local.h"
#include "loop.h"
#include "stream.h"

enum { ANSWER_MAX = 512, ANSWER_LIMIT_S = 30 };

struct outer {
    struct event_base *base;
    void (*ended)(void *ctx, const char *why_not);
    void *ctx;
    struct stream *stream;
    struct event *limit;
    size_t len;
    char answer[ANSWER_MAX];
};

static void end(struct outer *o, const char *why_not)
{
    stream_close(o->stream);
    o->stream = NULL;
    event_del(o->limit);
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

static void on_limit(evutil_socket_t fd, short what, void *ctx)
{
    struct outer *o = ctx;

    (void)fd;
    (void)what;
    end(o, o->stream ? "the outer net2pty does not answer"
                     : "the outer net2pty, of NET2PTY_SOCKET, is not there");
}

struct outer *outer_join(struct event_base *base, const char *socket, const char *link,
                         void (*ended)(void *ctx, const char *why_not), void *ctx)
{
    const struct timeval now = {0, 0}, limit = {ANSWER_LIMIT_S, 0};
    struct outer *o = calloc(1, sizeof *o);
    char request[PATH_MAX + 8];
    const struct stream_options options = {.queue_max = sizeof request};
    int error;

    if (!o)
        return NULL;
    o->base = base;
    o->ended = ended;
    o->ctx = ctx;
    o->limit = evtimer_new(base, on_limit, o);
    if (!o->limit) {
        free(o);
        return NULL;
    }
    o->stream = local_connect_named(base, socket, &options, &error);
    if (o->stream) {
        stream_set_owner(o->stream, &callbacks, o);
        int len = snprintf(request, sizeof request, "join %.*s\n", PATH_MAX, link);

        stream_read(o->stream, true);
        (void)stream_write(o->stream, request, (size_t)len);
    }
    event_add(o->limit, o->stream ? &limit : &now);
    return o;
}

void outer_free(struct outer *o)
{
    if (!o)
        return;
    stream_close(o->stream);
    event_free(o->limit);
    loop_defer(o->base, free, o);
}
