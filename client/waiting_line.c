#include "waiting_line.h"

#include <stdio.h>

#include "clock.h"
#include "log.h"
#include "pty_session.h"
#include "text.h"

enum { EACH_MS = 1000, LINE_MAX_LEN = 512 };

/* The first that is not there. NULL: all are. */
static const struct pty_session *missing(const struct waiting_line *w)
{
    int i = 0;

    while (i < w->count && pty_session_has_device(w->sessions[i]))
        i++;
    return i < w->count ? w->sessions[i] : NULL;
}

static void on_timer(void *ctx)
{
    struct waiting_line *w = ctx;
    const struct pty_session *s = missing(w);
    char line[LINE_MAX_LEN], trouble[PTY_SESSION_TROUBLE_MAX], so_far[TEXT_DURATION_MAX];

    timer_in_ms(&w->timer, EACH_MS);
    if (!s) {
        log_waiting(NULL);
        return;
    }
    pty_session_trouble(s, trouble);
    text_duration((clock_now_ms() - w->begun_ms) / 1000, so_far);
    snprintf(line, sizeof line, "waiting for %s, %s: %s", pty_session_server(s), so_far, trouble);
    log_waiting(line);
}

void waiting_line_begin(struct waiting_line *w, struct event_base *base,
                        struct pty_session *const *sessions, int count)
{
    if (!log_can_wait())
        return;
    *w = (struct waiting_line){.sessions = sessions, .count = count, .begun_ms = clock_now_ms()};
    timer_make(&w->timer, base, on_timer, w);
    timer_in_ms(&w->timer, EACH_MS);
}

void waiting_line_end(struct waiting_line *w)
{
    timer_stop(&w->timer);
    log_waiting(NULL);
}
