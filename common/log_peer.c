#include "log_peer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "os.h"

enum {
    WINDOW_MS = 10000,
    LINES = 10,    /* of a peer and reason in a window */
    REASONS = 256, /* peers and reasons that are told apart in a window */
    PEER_MAX = 128,
    LINE_MAX_LEN = 1024,
};

struct reason {
    const char *format; /* NULL: free */
    enum log_level level;
    uint64_t since_ms;
    unsigned lines;
    char peer[PEER_MAX];
    char last[LINE_MAX_LEN]; /* that was not printed */
};

static struct {
    struct event *timer; /* NULL: nothing is counted */
    struct reason reasons[REASONS];
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
static void tell(struct reason *r)
{
    const unsigned more = r->lines - (r->lines < LINES ? r->lines : LINES);

    if (more == 1)
        print(r->level, r->last);
    else if (more > 1)
        print_more(r, more - 1);
    r->format = NULL;
}

static void tell_others(void)
{
    if (counted.others > 0)
        log_warn("%u more lines, of many peers, are left out", counted.others);
    counted.others = 0;
}

static void set_timer(void)
{
    const struct timeval delay = {WINDOW_MS / 1000, 0};

    if (!event_pending(counted.timer, EV_TIMEOUT, NULL))
        event_add(counted.timer, &delay);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    const uint64_t now = os_now_ms();
    bool more = false;

    (void)fd;
    (void)what;
    (void)ctx;
    for (struct reason *r = counted.reasons; r < counted.reasons + REASONS; r++) {
        if (r->format && now - r->since_ms >= WINDOW_MS)
            tell(r);
        more = more || r->format;
    }
    tell_others();
    if (more)
        set_timer();
}

int log_peer_begin(struct event_base *base)
{
    counted.timer = evtimer_new(base, on_timer, NULL);
    return counted.timer ? 0 : -ENOMEM;
}

void log_peer_end(void)
{
    if (!counted.timer)
        return;
    for (struct reason *r = counted.reasons; r < counted.reasons + REASONS; r++)
        if (r->format)
            tell(r);
    tell_others();
    event_free(counted.timer);
    counted.timer = NULL;
}

/* The peer without its port. */
static void name_peer(char name[static PEER_MAX], const char *peer)
{
    snprintf(name, PEER_MAX, "%s", peer);
    char *colon = strrchr(name, ':');
    if (colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1))
        *colon = '\0';
}

/* NULL when too many are told apart already. */
static struct reason *find(const char *peer, const char *format, enum log_level level)
{
    struct reason *room = NULL;
    char name[PEER_MAX];

    name_peer(name, peer);
    for (struct reason *r = counted.reasons; r < counted.reasons + REASONS; r++) {
        if (r->format == format && strcmp(r->peer, name) == 0)
            return r;
        if (!r->format)
            room = r;
    }
    if (!room)
        return NULL;
    *room = (struct reason){.format = format, .level = level, .since_ms = os_now_ms()};
    memcpy(room->peer, name, sizeof name);
    return room;
}

static void log_line(enum log_level level, const char *peer, const char *format, va_list args)
{
    char line[LINE_MAX_LEN];

    vsnprintf(line, sizeof line, format, args);
    if (!counted.timer || log_enabled(LOG_LEVEL_DEBUG)) {
        print(level, line);
        return;
    }
    struct reason *r = find(peer, format, level);
    set_timer();
    if (!r) {
        counted.others++;
    } else if (r->lines++ < LINES) {
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
    log_line(LOG_LEVEL_INFO, peer, format, args);
    va_end(args);
}

void log_peer_warn(const char *peer, const char *format, ...)
{
    va_list args;

    if (!log_enabled(LOG_LEVEL_WARN))
        return;
    va_start(args, format);
    log_line(LOG_LEVEL_WARN, peer, format, args);
    va_end(args);
}

void log_peer_error(const char *peer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_ERROR, peer, format, args);
    va_end(args);
}
