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

struct control {
    struct event_base *base;
    struct local_socket *socket;
    void (*report)(void *ctx, char text[static CONTROL_REPORT_MAX]);
    void *ctx;
    struct asker *askers;
};

/* One that asks. */
struct asker {
    struct control *control;
    struct asker *next;
    struct stream *stream;
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

static void on_received(void *ctx, const uint8_t *data, size_t len)
{
    static const char unknown[] = "error: unknown request\n";
    struct asker *a = ctx;
    char report[CONTROL_REPORT_MAX] = "";

    if (len > REQUEST_MAX - a->len)
        len = REQUEST_MAX - a->len;
    memcpy(a->request + a->len, data, len);
    a->len += len;
    if (!memchr(a->request, '\n', a->len) && a->len < REQUEST_MAX)
        return;
    if (a->len == strlen(status_request) && memcmp(a->request, status_request, a->len) == 0)
        a->control->report(a->control->ctx, report);
    else
        memcpy(report, unknown, sizeof unknown);
    stream_write(a->stream, report, strlen(report));
    stream_finish(a->stream);
    end_asker(a);
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
                            void (*report)(void *ctx, char text[static CONTROL_REPORT_MAX]),
                            void *ctx, bool *stale, char error[static CONTROL_ERROR_MAX])
{
    struct control *c = calloc(1, sizeof *c);
    int r;

    snprintf(error, CONTROL_ERROR_MAX, "out of memory");
    if (!c)
        return NULL;
    c->base = base;
    c->report = report;
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

int control_print_status(const char *link, char error[static CONTROL_ERROR_MAX])
{
    char text[CONTROL_REPORT_MAX];
    evutil_socket_t fd = local_socket_connect(link);
    int n = fd < 0 ? (int)fd : os_send(fd, status_request, strlen(status_request));

    while (n > 0) {
        n = os_recv(fd, text, sizeof text);
        if (n > 0)
            fwrite(text, 1, (size_t)n, stdout);
    }
    if (fd >= 0)
        evutil_closesocket(fd);
    if (n == -ENOENT || n == -ECONNREFUSED)
        snprintf(error, CONTROL_ERROR_MAX, "%.200s: no net2pty serves it", link);
    else if (n < 0)
        snprintf(error, CONTROL_ERROR_MAX, "%.200s: cannot ask its net2pty: %s", link,
                 os_error_text(-n));
    return n;
}
