/*
 * Options by table: one line is an option's name, its parsing and its --help.
 */
#ifndef COMMON_CLI_OPTION_H
#define COMMON_CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>

enum { CLI_ERROR_MAX = 512 };

/* Takes the value of an option; returns 0, or -EINVAL with the right form in `error`. `ctx` is the
 * table's. `value` is NULL for options without one, and stays valid as long as the typed text. */
typedef int cli_take(void *ctx, const char *value, char error[static CLI_ERROR_MAX]);

struct cli_option {
    const char *name;     /* long, without dashes */
    char letter;          /* short, or 0 */
    const char *argument; /* name of its value, or NULL if it has none */
    cli_take *take;
    const char *help; /* a phrase; --help wraps it, and a newline is a blank */
};

/* A line of a table that is no option: the heading of those below it, up to the next one. */
#define CLI_HEADING(text)                                                                          \
    {                                                                                              \
        "", 0, NULL, NULL, text                                                                    \
    }

/* Whether the line is a heading. */
bool cli_option_is_heading(const struct cli_option *o);

/* Find one in a table, which ends with a NULL name; NULL: it has none such. */
const struct cli_option *cli_option_of_name(const struct cli_option *table, const char *name,
                                            size_t len);
const struct cli_option *cli_option_of_letter(const struct cli_option *table, char letter);

/* Looks at a path on the command line. Returns 0, or -EINVAL with what is wrong in `error`. */
typedef int cli_path_check(const char *path, char error[static CLI_ERROR_MAX]);

/* From now on all paths are looked at: the values that their options call PATH or FILE. One check
 * in a process, NULL for none. */
void cli_check_paths(cli_path_check *check);

/* Has a path looked at that is no option's value. Returns as the check does; 0 without one. */
int cli_check_path(const char *path, char error[static CLI_ERROR_MAX]);

/* Hands a value to its option, after a look at it if it is a path. Returns as cli_take does. */
int cli_option_take(const struct cli_option *o, void *ctx, const char *value,
                    char error[static CLI_ERROR_MAX]);

/* "on" or "off". */
int cli_on_off(const char *value, bool *out, char error[static CLI_ERROR_MAX]);

/* Of --wait: seconds, or "forever", which is CLI_FOREVER. */
enum { CLI_FOREVER = -1 };
int cli_wait(const char *value, int *ms, char error[static CLI_ERROR_MAX]);

#endif
