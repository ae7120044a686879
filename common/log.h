/*
 * The log: lines for people, on standard error or in a file. Each line is complete: who (port,
 * peer), what, why. Text from a peer or a device is escaped, so that no peer can forge a line or
 * move a terminal's cursor. Called on the loop thread only.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR, /* the program or a port cannot do its work */
    LOG_LEVEL_WARN,  /* something was refused or lost */
    LOG_LEVEL_INFO,  /* who came and went; the default */
    LOG_LEVEL_DEBUG, /* decisions, and each RFC 2217 message in words */
    LOG_LEVEL_TRACE, /* bytes in hex */
};

/* Sets the program's name, printed before each line, and the highest level that is printed. */
void log_init(const char *program, enum log_level level);

bool log_enabled(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(COM2NET_PRINTF, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(COM2NET_PRINTF, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(COM2NET_PRINTF, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(COM2NET_PRINTF, 1, 2)));

/* At the trace level: `len` bytes in hex, 32 a line, each line beginning with `who`. */
void log_bytes(const char *who, const uint8_t *data, size_t len);

/* Whether log_waiting shows anything: standard error is a terminal, and has the log. */
bool log_can_wait(void);

/* Keeps one line, cut to 79 characters, below the log on a terminal, in place of the one before. It
 * names the thing that we wait for. NULL takes it away. */
void log_waiting(const char *text);

/* Appends lines to a file, with date and time, instead of standard error or the sink that there is.
 * Returns 0 or -errno. */
int log_to_file(const char *path);

/* Replaces standard error, for tests and services; NULL puts it back. `line` has no newline. */
void log_set_sink(void (*sink)(enum log_level level, const char *line));

/* Sends libevent's own messages here. */
void log_adopt_libevent(void);

#endif
