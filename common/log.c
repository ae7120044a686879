#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

enum { LINE_MAX_LEN = 1024, BYTES_PER_LINE = 32 };

static const char *program = "com2net";
static enum log_level highest = LOG_LEVEL_INFO;
static void (*log_sink)(enum log_level level, const char *line);

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

bool log_enabled(enum log_level level)
{
    return level <= highest;
}

/* Copies text with control bytes as \xHH, and cuts it to fit. UTF-8 passes. */
static void escape(const char *text, char out[static LINE_MAX_LEN])
{
    size_t n = 0;

    for (const char *p = text; *p && n + 5 < LINE_MAX_LEN; p++) {
        unsigned char byte = (unsigned char)*p;

        if (byte >= ' ' && byte != 0x7f)
            out[n++] = *p;
        else
            n += (size_t)snprintf(out + n, LINE_MAX_LEN - n, "\\x%02x", byte);
    }
    out[n] = '\0';
}

/* The time of day in front of the lines, where somebody follows events closely. */
static void print_time(void)
{
    struct timespec now;

    if (highest < LOG_LEVEL_DEBUG || !timespec_get(&now, TIME_UTC))
        return;
    struct tm *local = localtime(&now.tv_sec);
    if (local)
        fprintf(stderr, "%02d:%02d:%02d.%06ld ", local->tm_hour, local->tm_min, local->tm_sec,
                now.tv_nsec / 1000);
}

static void print_line(enum log_level level, const char *format, va_list args)
{
    char text[LINE_MAX_LEN];
    char line[LINE_MAX_LEN];

    vsnprintf(text, sizeof text, format, args);
    escape(text, line);
    if (log_sink) {
        log_sink(level, line);
        return;
    }
    print_time();
    fprintf(stderr, "%s: %s%s\n", program, level_words[level], line);
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

static void log_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

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
