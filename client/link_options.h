/*
 * One LINK of net2pty's command line: its name, its server and the options after commas.
 */
#ifndef CLIENT_LINK_OPTIONS_H
#define CLIENT_LINK_OPTIONS_H

#include "cli_option.h"
#include "pty_session.h"

/* The options after commas, but for a speed and a format, which have no name; `ctx` is a struct
 * pty_session_options. */
extern const struct cli_option link_options[];

/* Reads LINK[,OPTION]..., which is cut into pieces that `link` points to, and HOST:PORT, or NULL.
 * Values that are not given are as in `defaults`. Returns 0, or -EINVAL with the reason in
 * `error`. */
int link_options_parse(char *text, const char *server, const struct pty_session_options *defaults,
                       struct pty_session_options *link, char error[static CLI_ERROR_MAX]);

/* Single ones, for options of the program that mean the same; `ctx` as above. */
int link_options_take_baud(void *ctx, const char *value, char error[static CLI_ERROR_MAX]);
int link_options_take_line(void *ctx, const char *value, char error[static CLI_ERROR_MAX]);
int link_options_take_raw(void *ctx, const char *value, char error[static CLI_ERROR_MAX]);
int link_options_take_no_touch_lines(void *ctx, const char *value,
                                     char error[static CLI_ERROR_MAX]);
int link_options_take_replace(void *ctx, const char *value, char error[static CLI_ERROR_MAX]);

#endif
