/*
 * A session as the outside asks for it: its state in words, resets, and other processes' requests.
 */
#include <stdio.h>

#include <event2/event.h>

#include "line_text.h"
#include "log.h"
#include "pty_session_state.h"
#include "stream.h"

enum { RESET_S = 5 }; /* for the answer to a reset, which comes when it is done */

/* --- report ----------------------------------------------------------------------------------- */

bool pty_session_is_connected(const struct pty_session *s)
{
    return s->state == SESSION_READY;
}

const char *pty_session_trouble(const struct pty_session *s)
{
    return s->trouble;
}

void pty_session_report(const struct pty_session *s, char text[static CONTROL_REPORT_MAX])
{
    static const char *const states[] = {"waiting", "negotiating", "connected"};
    char line[LINE_TEXT_MAX], lines[LINE_TEXT_MAX];

    line_text(vport_line(s->port), line);
    line_modem_text(s->far.outputs | s->far.inputs, lines);
    snprintf(text, CONTROL_REPORT_MAX,
             "link: %s\n"
             "device: %s\n"
             "server: %s\n"
             "state: %s%s%s\n"
             "speaks: %s%s%s%s\n"
             "line: %s\n"
             "lines: %s\n"
             "program: %s\n"
             "received: %llu bytes\n"
             "sent: %llu bytes\n"
             "waiting: %zu bytes for programs, %zu bytes for the server\n"
             "dropped: %llu bytes that no program read\n"
             "lost: %llu bytes that the server did not acknowledge\n"
             "connections: %u\n",
             s->name, vport_device(s->port), s->server, states[s->state], s->trouble[0] ? ": " : "",
             s->trouble, s->options->raw ? "raw" : "RFC 2217", s->far.signature[0] ? " (" : "",
             s->far.signature, s->far.signature[0] ? ")" : "", line, lines,
             vport_is_open(s->port) ? "has it open" : "none", (unsigned long long)s->received,
             (unsigned long long)s->sent, s->input.waiting.len,
             s->stream ? stream_queued(s->stream) : 0, (unsigned long long)s->input.dropped,
             (unsigned long long)s->lost, s->connections);
}

/* --- reset ------------------------------------------------------------------------------------ */

void pty_session_end_reset(struct pty_session *s, const char *why_not)
{
    event_del(s->reset);
    s->far.resetting = false;
    s->reset_waits = false;
    log_info("%s: reset: %s", s->name, why_not ? why_not : "done");
    control_ended(s->control, NULL, why_not);
}

/* Whether the server may still say what it is. */
static bool is_stranger_yet(const struct pty_session *s)
{
    return s->far.greeted && !s->far.signature[0];
}

static void on_reset(void *ctx)
{
    const struct timeval limit = {RESET_S, 0};
    struct pty_session *s = ctx;

    if (s->options->raw) {
        pty_session_end_reset(s, "raw TCP has no resets");
    } else if (s->state != SESSION_READY) {
        pty_session_end_reset(s, "not connected to the server");
    } else if (is_stranger_yet(s)) {
        event_add(s->reset, &limit);
        s->reset_waits = true;
    } else if (!s->far.peer->is_ours) {
        pty_session_end_reset(s, "the server is not com2net: only that has resets");
    } else if (!s->far.resetting) { /* one answer is for all */
        event_add(s->reset, &limit);
        far_port_reset(&s->far);
        pty_session_flush(s);
    }
}

void pty_session_continue_reset(struct pty_session *s)
{
    if (!s->reset_waits || is_stranger_yet(s))
        return;
    s->reset_waits = false;
    on_reset(s);
}

void pty_session_reset_limit(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    pty_session_end_reset(ctx, "the server does not answer");
}

static void on_report(void *ctx, char text[static CONTROL_REPORT_MAX])
{
    pty_session_report(ctx, text);
}

static struct control_visit *on_visit(void *ctx, struct stream *stream)
{
    struct pty_session *s = ctx;

    if (!s->counts && s->far.ready) {
        far_port_count_errors(&s->far);
        pty_session_flush(s);
    }
    s->counts = true;
    return s->callbacks->visit ? s->callbacks->visit(s->ctx, s, stream) : NULL;
}

const struct control_callbacks pty_session_control = {
    .report = on_report,
    .reset = on_reset,
    .visit = on_visit,
};
