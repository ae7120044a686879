#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "error_text.h"
#include "file.h"
#include "text.h"

enum { LINE_MAX_LEN = 1024, BYTES_PER_LINE = 32, TIME_MAX = 64, WAITING_MAX = 80 };

static const char *program = "com2net";
static enum log_level highest = LOG_LEVEL_INFO;
static FILE *log_file; /* instead of standard error */
static void (*log_sink)(enum log_level level, const char *line);

/* Below the log, on a terminal; empty: there is none. */
static char waiting[WAITING_MAX];

/* To a terminal: back to the beginning of the line, and no line there (ECMA-48, 8.3.41). */
static const char no_line[] = "\r\x1b[K";

/* Lines that could not be written, as on a full disk, and the errno of the last. */
static unsigned missing;
static int missing_why;

static const char *const level_words[] = {"error: ", "warning: ", "", "", ""};

void log_init(const char *name, enum log_level level)
{
    program = name;
    highest = level;
}

void log_set_sink(void (*sink)(enum log_level level, const char *line))
{
    log_sink = sink;
}

int log_to_file(const char *path)
{
    FILE *f = file_open_append(path);

    if (!f)
        return -errno;
    if (log_file)
        fclose(log_file);
    log_file = f;
    log_sink = NULL;
    return 0;
}

bool log_enabled(enum log_level level)
{
    return level <= highest;
}

/* The time of day in front of the lines, where somebody follows events closely; in a file, which is
 * read later, the date too. */
static void print_time(char text[static TIME_MAX])
{
    struct timeval now;

    text[0] = '\0';
    if ((highest < LOG_LEVEL_DEBUG && !log_file) || evutil_gettimeofday(&now, NULL) < 0)
        return;
    time_t seconds = now.tv_sec;
    struct tm *local = localtime(&seconds);
    if (!local)
        return;
    size_t n = log_file ? strftime(text, TIME_MAX, "%Y-%m-%d ", local) : 0;
    snprintf(text + n, TIME_MAX - n, "%02d:%02d:%02d.%06ld ", local->tm_hour, local->tm_min,
             local->tm_sec, (long)now.tv_usec);
}

/* In one piece, also where the C library writes a stream without a buffer byte by byte. Returns
 * whether it was written. */
static bool write_line(enum log_level level, const char *line)
{
    char time[TIME_MAX], whole[TIME_MAX + 64 + LINE_MAX_LEN + WAITING_MAX];

    print_time(time);
    snprintf(whole, sizeof whole, "%s%s%.40s: %s%s\n%s", waiting[0] ? no_line : "", time, program,
             level_words[level], line, waiting);
    int r = file_write_text(log_file ? log_file : stderr, whole);
    if (r < 0)
        missing_why = -r;
    return r == 0;
}

static void print_line(enum log_level level, const char *format, va_list args)
{
    char text[LINE_MAX_LEN];
    char line[LINE_MAX_LEN];

    vsnprintf(text, sizeof text, format, args);
    text_escape(line, sizeof line, text);
    if (log_sink) {
        log_sink(level, line);
        return;
    }
    if (missing > 0) {
        const unsigned count = missing;

        missing = 0;
        snprintf(text, sizeof text, "%u lines are missing here: %s", count,
                 error_text(missing_why));
        if (!write_line(LOG_LEVEL_WARN, text))
            missing = count;
    }
    if (missing > 0 || !write_line(level, line))
        missing++;
}

bool log_can_wait(void)
{
    return !log_file && !log_sink && log_enabled(LOG_LEVEL_INFO) && file_is_terminal(stderr);
}

void log_waiting(const char *text)
{
    char escaped[LINE_MAX_LEN], whole[WAITING_MAX + sizeof no_line];

    if (!log_can_wait() || (!text && !waiting[0]))
        return;
    text_escape(escaped, sizeof escaped, text ? text : "");
    text_clean(waiting, sizeof waiting, escaped);
    snprintf(whole, sizeof whole, "%s%s", no_line, waiting);
    file_write_text(stderr, whole);
}

#define PRINT(level)                                                                               \
    do {                                                                                           \
        if (!log_enabled(level))                                                                   \
            return;                                                                                \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        print_line(level, format, args);                                                           \
        va_end(args);                                                                              \
    } while (0)

void log_error(const char *format, ...)
{
    PRINT(LOG_LEVEL_ERROR);
}

void log_warn(const char *format, ...)
{
    PRINT(LOG_LEVEL_WARN);
}

void log_info(const char *format, ...)
{
    PRINT(LOG_LEVEL_INFO);
}

void log_debug(const char *format, ...)
{
    PRINT(LOG_LEVEL_DEBUG);
}

static void log_trace(const char *format, ...) __attribute__((format(COM2NET_PRINTF, 1, 2)));

static void log_trace(const char *format, ...)
{
    PRINT(LOG_LEVEL_TRACE);
}

void log_bytes(const char *who, const uint8_t *data, size_t len)
{
    if (!log_enabled(LOG_LEVEL_TRACE))
        return;
    for (size_t at = 0; at < len; at += BYTES_PER_LINE) {
        char hex[3 * BYTES_PER_LINE + 1] = "";
        size_t n = 0;

        for (size_t i = at; i < len && i < at + BYTES_PER_LINE; i++)
            n += (size_t)snprintf(hex + n, sizeof hex - n, " %02x", data[i]);
        log_trace("%s%s", who, hex);
    }
}

static void on_libevent(int severity, const char *message)
{
    if (severity == EVENT_LOG_ERR)
        log_error("libevent: %s", message);
    else if (severity == EVENT_LOG_WARN)
        log_warn("libevent: %s", message);
    else
        log_debug("libevent: %s", message);
}

void log_adopt_libevent(void)
{
    event_set_log_callback(on_libevent);
}
