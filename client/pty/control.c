#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_text.h"
#include "local.h"
#include "log.h"
#include "loop.h"
#include "stream.h"
#include "text.h"
#include "timer.h"

enum {
    REQUEST_MAX = 4200,
    QUEUE_MAX = 128 * 1024,
    ANSWER_LIMIT_MS = 5000,
    RESET_LIMIT_MS = 15000,
    REQUEST_LIMIT_MS = 10000,
};

static const char join_request[] = "join ";
static const char refusal[] = "error: ";

struct control {
    struct event_base *base;
    struct local *socket;
    const struct control_callbacks *callbacks;
    void *ctx;
    struct asker *askers;
};

/* One that asks. */
struct asker {
    struct control *control;
    struct asker *next;
    struct stream *stream;
    struct control_visit *visit; /* NULL unless it makes requests on links */
    struct timer limit;          /* until it has said what it wants; or its end is due */
    enum { ASKER_ASKS, ASKER_WAITS_FOR_RESET, ASKER_WAITS_FOR_JOIN, ASKER_ENDS } state;
    size_t len;
    char request[REQUEST_MAX];
};

static void end_asker(struct asker *a)
{
    struct asker **at = &a->control->askers;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    if (a->visit)
        a->visit->ops->free(a->visit);
    a->visit = NULL;
    timer_stop(&a->limit);
    loop_defer(a->control->base, free, a);
}

static void answer(struct asker *a, const char *text)
{
    stream_write(a->stream, text, strlen(text));
    stream_finish(a->stream);
    end_asker(a);
}

static void close_asker(struct asker *a)
{
    end_asker(a); /* what it has begun may still want the stream */
    stream_close(a->stream);
}

/* --- requests -------------------------------------------------------------------------------- */

static void report(struct asker *a)
{
    char text[CONTROL_REPORT_MAX] = "";

    a->control->callbacks->report(a->control->ctx, text);
    answer(a, text);
}

static void begin_visit(struct asker *a)
{
    a->visit = a->control->callbacks->visit(a->control->ctx, a->stream);
    if (!a->visit)
        close_asker(a);
}

static void do_request(struct asker *a)
{
    struct control *c = a->control;
    const struct control_callbacks *can = c->callbacks;

    if (strcmp(a->request, "status") == 0 && can->report) {
        report(a);
    } else if (strcmp(a->request, "reset") == 0 && can->reset) {
        a->state = ASKER_WAITS_FOR_RESET;
        can->reset(c->ctx);
    } else if (strncmp(a->request, join_request, strlen(join_request)) == 0 && can->join) {
        a->state = ASKER_WAITS_FOR_JOIN;
        can->join(c->ctx, a->request + strlen(join_request));
    } else if (strcmp(a->request, "ioctl") == 0 && can->visit) {
        begin_visit(a);
    } else {
        answer(a, "error: unknown request\n");
    }
}

static void visit(struct asker *a, const uint8_t *data, size_t len)
{
    if (len > 0 && a->state != ASKER_ENDS && a->visit->ops->receive(a->visit, data, len) < 0)
        close_asker(a);
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct asker *a = ctx;

    if (a->visit) {
        visit(a, data, len);
        return;
    }
    if (a->state != ASKER_ASKS)
        return;
    const uint8_t *end = memchr(data, '\n', len);
    size_t part = end ? (size_t)(end - data) : len;
    if (part >= REQUEST_MAX - a->len) {
        answer(a, "error: the request is too long\n");
        return;
    }
    memcpy(a->request + a->len, data, part);
    a->len += part;
    if (!end)
        return;
    a->request[a->len] = '\0';
    timer_stop(&a->limit);
    do_request(a);
    if (a->visit)
        visit(a, end + 1, len - part - 1);
}

void control_ended(struct control *c, const char *link, const char *why_not)
{
    char text[CONTROL_REPORT_MAX];
    struct asker *next;

    snprintf(text, sizeof text, "%s: done\n", link ? "join" : "reset");
    if (why_not)
        snprintf(text, sizeof text, "%s%s\n", refusal, why_not);
    for (struct asker *a = c->askers; a; a = next) {
        next = a->next;
        if (link ? a->state == ASKER_WAITS_FOR_JOIN &&
                       strcmp(a->request + strlen(join_request), link) == 0
                 : a->state == ASKER_WAITS_FOR_RESET)
            answer(a, text);
    }
}

void control_end_visits(struct control *c)
{
    for (struct asker *a = c->askers; a; a = a->next) {
        if (!a->visit || a->state == ASKER_ENDS)
            continue;
        a->state = ASKER_ENDS;
        timer_in_ms(&a->limit, 0);
    }
}

static void on_drained(void *ctx)
{
    (void)ctx;
}

static void on_ended(void *ctx, int error)
{
    struct asker *a = ctx;

    (void)error;
    close_asker(a);
}

static const struct stream_callbacks asker_callbacks = {
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

static void on_limit(void *ctx)
{
    close_asker(ctx);
}

static void on_accepted(void *ctx, struct stream *stream)
{
    struct control *c = ctx;
    struct asker *a = calloc(1, sizeof *a);

    if (!a) {
        log_error("out of memory for who asks net2pty");
        stream_close(stream);
        return;
    }
    a->control = c;
    a->stream = stream;
    stream_set_owner(stream, &asker_callbacks, a);
    timer_make(&a->limit, c->base, on_limit, a);
    timer_in_ms(&a->limit, REQUEST_LIMIT_MS);
    a->next = c->askers;
    c->askers = a;
    stream_read(a->stream, true);
}

struct control *control_new(struct event_base *base, const char *link,
                            const struct control_callbacks *callbacks, void *ctx, bool *stale,
                            char error[static CONTROL_ERROR_MAX])
{
    const struct stream_options streams = {.queue_max = QUEUE_MAX};
    struct control *c = calloc(1, sizeof *c);

    snprintf(error, CONTROL_ERROR_MAX, "out of memory");
    if (!c)
        return NULL;
    c->base = base;
    c->callbacks = callbacks;
    c->ctx = ctx;
    c->socket = local_listen(base, link, &streams, on_accepted, c, stale, error);
    if (!c->socket) {
        free(c);
        return NULL;
    }
    return c;
}

const char *control_name(const struct control *c)
{
    return local_name(c->socket);
}

void control_free(struct control *c)
{
    if (!c)
        return;
    local_free(c->socket);
    while (c->askers)
        close_asker(c->askers);
    free(c);
}

/* --- the other end ---------------------------------------------------------------------------- */

const char *control_error_text(int error)
{
    if (error == EACCES || error == EPERM)
        return "only the user who has started it, and root, may";
    if (error == EKEYREJECTED)
        return "what is at its socket is another user's";
    if (error == EINVAL)
        return "it is no LINK: that is the path of a link, such as /dev/ttyS5";
    return error_text(error);
}

/* Asks the net2pty that serves `link`, and gives up after `limit_ms` of silence. Returns 0 with the
 * answer in `text`, or -errno with the reason in `error`. */
static int ask(const char *link, const char *request, unsigned limit_ms,
               char text[static CONTROL_REPORT_MAX], char error[static CONTROL_ERROR_MAX])
{
    const int n = local_ask(link, request, limit_ms, text, CONTROL_REPORT_MAX);

    if (n == -ENOENT || n == -ECONNREFUSED)
        snprintf(error, CONTROL_ERROR_MAX,
                 "%.200s: no net2pty serves it; `net2pty %.200s HOST:PORT` does that", link, link);
    else if (n == -EAGAIN)
        snprintf(error, CONTROL_ERROR_MAX,
                 "%.200s: cannot ask its net2pty: it does not answer; has somebody stopped it?",
                 link);
    else if (n < 0)
        snprintf(error, CONTROL_ERROR_MAX, "%.200s: cannot ask its net2pty: %s", link,
                 control_error_text(-n));
    if (n < 0)
        return n;
    if (n > 0 && strncmp(text, refusal, strlen(refusal)) != 0)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    snprintf(error, CONTROL_ERROR_MAX, "%.200s: %.280s", link,
             n > 0 ? text + strlen(refusal) : "its net2pty has ended");
    return -EPROTO;
}

/* Line by line, as the maker of the socket may obey a terminal. */
static void print_lines(char *text)
{
    for (char *next; *text; text = next) {
        next = text + strcspn(text, "\n");
        if (*next)
            *next++ = '\0';
        text_clean(text, strlen(text) + 1, text);
        puts(text);
    }
}

static int print_answer(const char *link, const char *request, unsigned limit_ms,
                        char error[static CONTROL_ERROR_MAX])
{
    char text[CONTROL_REPORT_MAX];
    int r = ask(link, request, limit_ms, text, error);

    if (r == 0)
        print_lines(text);
    return r;
}

int control_print_status(const char *link, char error[static CONTROL_ERROR_MAX])
{
    return print_answer(link, "status\n", ANSWER_LIMIT_MS, error);
}

int control_print_reset(const char *link, char error[static CONTROL_ERROR_MAX])
{
    char text[CONTROL_REPORT_MAX];
    int r = ask(link, "status\n", ANSWER_LIMIT_MS, text, error); /* it is there */

    /* and answers when the reset is done, or it has given that up */
    return r < 0 ? r : print_answer(link, "reset\n", RESET_LIMIT_MS, error);
}
