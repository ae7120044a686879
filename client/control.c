#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local_socket.h"
#include "loop.h"
#include "os.h"
#include "stream.h"

enum { REQUEST_MAX = 64 };

static const char status_request[] = "status\n";
static const char reset_request[] = "reset\n";
static const char refusal[] = "error: ";

struct control {
    struct event_base *base;
    struct local_socket *socket;
    const struct control_callbacks *callbacks;
    void *ctx;
    struct asker *askers;
};

/* One that asks. */
struct asker {
    struct control *control;
    struct asker *next;
    struct stream *stream;
    bool waits; /* for a reset */
    size_t len;
    char request[REQUEST_MAX];
};

static void end_asker(struct asker *a)
{
    struct asker **at = &a->control->askers;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    loop_defer(a->control->base, free, a);
}

static void answer(struct asker *a, const char *text)
{
    stream_write(a->stream, text, strlen(text));
    stream_finish(a->stream);
    end_asker(a);
}

static bool asks_for(const struct asker *a, const char *request)
{
    return a->len == strlen(request) && memcmp(a->request, request, a->len) == 0;
}

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    struct asker *a = ctx;
    struct control *c = a->control;
    char report[CONTROL_REPORT_MAX] = "";

    if (a->waits)
        return;

    if (len > REQUEST_MAX - a->len)
        len = REQUEST_MAX - a->len;
    memcpy(a->request + a->len, data, len);
    a->len += len;
    if (!memchr(a->request, '\n', a->len) && a->len < REQUEST_MAX)
        return;
    if (asks_for(a, status_request)) {
        c->callbacks->report(c->ctx, report);
        answer(a, report);
    } else if (asks_for(a, reset_request)) {
        a->waits = true;
        c->callbacks->reset(c->ctx);
    } else {
        answer(a, "error: unknown request\n");
    }
}

void control_reset_ended(struct control *c, const char *why_not)
{
    char text[CONTROL_REPORT_MAX] = "reset: done\n";
    struct asker *next;

    if (why_not)
        snprintf(text, sizeof text, "%s%s\n", refusal, why_not);
    for (struct asker *a = c->askers; a; a = next) {
        next = a->next;
        if (a->waits)
            answer(a, text);
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
    stream_close(a->stream);
    end_asker(a);
}

static const struct stream_callbacks asker_callbacks = {
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

static void on_accepted(void *ctx, evutil_socket_t fd)
{
    struct control *c = ctx;
    struct asker *a = calloc(1, sizeof *a);

    if (!a) {
        evutil_closesocket(fd);
        return;
    }
    a->control = c;
    a->stream = stream_new(c->base, fd, 2 * CONTROL_REPORT_MAX, &asker_callbacks, a);
    if (!a->stream) {
        free(a);
        return;
    }
    a->next = c->askers;
    c->askers = a;
    stream_read(a->stream, true);
}

struct control *control_new(struct event_base *base, const char *link,
                            const struct control_callbacks *callbacks, void *ctx, bool *stale,
                            char error[static CONTROL_ERROR_MAX])
{
    struct control *c = calloc(1, sizeof *c);
    int r;

    snprintf(error, CONTROL_ERROR_MAX, "out of memory");
    if (!c)
        return NULL;
    c->base = base;
    c->callbacks = callbacks;
    c->ctx = ctx;
    c->socket = local_socket_listen(base, link, on_accepted, c, stale, &r, error);
    if (!c->socket) {
        free(c);
        return NULL;
    }
    return c;
}

void control_free(struct control *c)
{
    if (!c)
        return;
    local_socket_free(c->socket);
    while (c->askers) {
        stream_close(c->askers->stream);
        end_asker(c->askers);
    }
    free(c);
}

/* Asks the net2pty that serves `link`. Returns 0 with the answer in `text`, or -errno with what is
 * wrong in `error`. */
static int ask(const char *link, const char *request, char text[static CONTROL_REPORT_MAX],
               char error[static CONTROL_ERROR_MAX])
{
    evutil_socket_t fd = local_socket_connect(link);
    int n = fd < 0 ? (int)fd : os_send(fd, request, strlen(request));
    size_t len = 0;

    while (n > 0 && len < CONTROL_REPORT_MAX - 1) {
        n = os_recv(fd, text + len, CONTROL_REPORT_MAX - 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    text[len] = '\0';
    if (fd >= 0)
        evutil_closesocket(fd);
    if (n == -ENOENT || n == -ECONNREFUSED)
        snprintf(error, CONTROL_ERROR_MAX, "%.200s: no net2pty serves it", link);
    else if (n < 0)
        snprintf(error, CONTROL_ERROR_MAX, "%.200s: cannot ask its net2pty: %s", link,
                 os_error_text(-n));
    if (n < 0)
        return n;
    if (len > 0 && strncmp(text, refusal, strlen(refusal)) != 0)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    snprintf(error, CONTROL_ERROR_MAX, "%.200s: %.280s", link,
             len > 0 ? text + strlen(refusal) : "its net2pty has ended");
    return -EPROTO;
}

static int print_answer(const char *link, const char *request, char error[static CONTROL_ERROR_MAX])
{
    char text[CONTROL_REPORT_MAX];
    int r = ask(link, request, text, error);

    if (r == 0)
        fputs(text, stdout);
    return r;
}

int control_print_status(const char *link, char error[static CONTROL_ERROR_MAX])
{
    return print_answer(link, status_request, error);
}

int control_print_reset(const char *link, char error[static CONTROL_ERROR_MAX])
{
    return print_answer(link, reset_request, error);
}
