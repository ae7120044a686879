#include "log_peer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "clock.h"
#include "timer.h"

enum {
    WINDOW_MS = 10000,
    LINES = 10, /* of a peer and reason in a window */
    REFUSAL_WINDOW_MS = 60000,
    REFUSAL_LINES = 1,
    REASONS = 256,  /* peers and reasons that are told apart in a window, */
    REFUSALS = 128, /* of them refusals, whose window is long */
    PEER_MAX = 128,
    LINE_MAX_LEN = 1024,
};

struct reason {
    struct reason *next;
    const char *format;
    enum log_level level;
    bool refusal;
    uint64_t since_ms;
    unsigned lines;
    unsigned lines_max; /* that are printed in a window, */
    uint64_t window_ms; /* which is as long */
    char peer[PEER_MAX];
    char last[LINE_MAX_LEN]; /* that was not printed */
};

static struct {
    bool counting;
    struct timer timer;
    struct reason *reasons;
    unsigned reasons_count, refusals_count;
    unsigned others; /* lines for which there was no room */
} counted;

static void print(enum log_level level, const char *line)
{
    if (level == LOG_LEVEL_ERROR)
        log_error("%s", line);
    else if (level == LOG_LEVEL_WARN)
        log_warn("%s", line);
    else
        log_info("%s", line);
}

static void print_more(const struct reason *r, unsigned more)
{
    char line[LINE_MAX_LEN + 64];

    snprintf(line, sizeof line, "%s (and %u more such lines)", r->last, more);
    print(r->level, line);
}

/* The window of a reason is over. */
static void tell(const struct reason *r)
{
    const unsigned more = r->lines - (r->lines < r->lines_max ? r->lines : r->lines_max);

    if (more == 1)
        print(r->level, r->last);
    else if (more > 1)
        print_more(r, more - 1);
}

/* Tells and forgets those whose windows are over, or all. */
static void tell_old(uint64_t now_ms, bool all)
{
    struct reason **at = &counted.reasons;

    while (*at) {
        struct reason *r = *at;

        if (!all && now_ms - r->since_ms < r->window_ms) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        counted.reasons_count--;
        counted.refusals_count -= r->refusal;
        tell(r);
        free(r);
    }
}

static void tell_others(void)
{
    if (counted.others > 0)
        log_warn("%u more lines, of many peers, are left out", counted.others);
    counted.others = 0;
}

static void set_timer(void)
{
    if (!timer_is_set(&counted.timer))
        timer_in_ms(&counted.timer, WINDOW_MS);
}

static void on_timer(void *ctx)
{
    (void)ctx;
    tell_old(clock_now_ms(), false);
    tell_others();
    if (counted.reasons)
        set_timer();
}

void log_peer_begin(struct event_base *base)
{
    timer_make(&counted.timer, base, on_timer, NULL);
    counted.counting = true;
}

void log_peer_end(void)
{
    if (!counted.counting)
        return;
    tell_old(clock_now_ms(), true);
    tell_others();
    timer_stop(&counted.timer);
    counted.counting = false;
}

/* The peer without its port. */
static void name_peer(char name[static PEER_MAX], const char *peer)
{
    snprintf(name, PEER_MAX, "%s", peer);
    char *colon = strrchr(name, ':');
    if (colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1))
        *colon = '\0';
}

/* NULL when too many are told apart already, or without memory. */
static struct reason *find(const char *peer, const char *format, enum log_level level, bool refusal)
{
    char name[PEER_MAX];
    struct reason *r = counted.reasons;

    name_peer(name, peer);
    while (r && (r->format != format || strcmp(r->peer, name) != 0))
        r = r->next;
    if (r || counted.reasons_count == REASONS || (refusal && counted.refusals_count == REFUSALS))
        return r;
    r = malloc(sizeof *r);
    if (!r)
        return NULL;
    r->next = counted.reasons;
    r->format = format;
    r->level = level;
    r->refusal = refusal;
    r->since_ms = clock_now_ms();
    r->lines = 0;
    r->lines_max = refusal ? REFUSAL_LINES : LINES;
    r->window_ms = refusal ? REFUSAL_WINDOW_MS : WINDOW_MS;
    memcpy(r->peer, name, sizeof name);
    counted.reasons = r;
    counted.reasons_count++;
    counted.refusals_count += refusal;
    return r;
}

static void log_line(enum log_level level, bool refusal, const char *peer, const char *format,
                     va_list args)
{
    char line[LINE_MAX_LEN];

    vsnprintf(line, sizeof line, format, args);
    if (!counted.counting || log_enabled(LOG_LEVEL_DEBUG)) {
        print(level, line);
        return;
    }
    struct reason *r = find(peer, format, level, refusal);
    set_timer();
    if (!r) {
        counted.others++;
    } else if (r->lines++ < r->lines_max) {
        print(level, line);
    } else {
        memcpy(r->last, line, sizeof line);
    }
}

void log_peer_info(const char *peer, const char *format, ...)
{
    va_list args;

    if (!log_enabled(LOG_LEVEL_INFO))
        return;
    va_start(args, format);
    log_line(LOG_LEVEL_INFO, false, peer, format, args);
    va_end(args);
}

void log_peer_warn(const char *peer, const char *format, ...)
{
    va_list args;

    if (!log_enabled(LOG_LEVEL_WARN))
        return;
    va_start(args, format);
    log_line(LOG_LEVEL_WARN, false, peer, format, args);
    va_end(args);
}

void log_peer_refusal(enum log_level level, const char *peer, const char *format, ...)
{
    va_list args;

    if (!log_enabled(level))
        return;
    va_start(args, format);
    log_line(level, true, peer, format, args);
    va_end(args);
}
