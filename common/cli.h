/*
 * Command lines by table: one table of options is their parsing and their --help.
 */
#ifndef COMMON_CLI_H
#define COMMON_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "log.h"

enum {
    CLI_EXIT_OK = 0,
    CLI_EXIT_FAILED = 1, /* it could not do its work */
    CLI_EXIT_USAGE = 2,  /* the command line is wrong */
};

enum { CLI_ERROR_MAX = 512 };

/* Takes the value of an option; returns 0, or -EINVAL with what is right in `error`. `ctx` is
 * cli_program's. `value` is NULL for options without one, and stays valid as long as argv. */
typedef int cli_take(void *ctx, const char *value, char error[static CLI_ERROR_MAX]);

struct cli_option {
    const char *name;     /* long, without dashes */
    char letter;          /* short, or 0 */
    const char *argument; /* name of its value, or NULL if it has none */
    cli_take *take;
    const char *help; /* a phrase; --help wraps it, and a newline is a blank */
};

struct cli_program {
    const char *name;
    const char *usage;                /* lines behind "usage: ", without the program's name */
    const char *summary;              /* what it does */
    const struct cli_option *options; /* ends with a NULL name */
    const char *more;                 /* heading of a second table in --help, or NULL */
    const struct cli_option *commas;  /* that table: options behind commas */
    void (*tables)(void);             /* prints further ones by cli_print_table, or NULL */
    const char *end;                  /* what --help ends with, or NULL */
    bool runs_command;                /* what follows "--" is a program with its options */
    void *ctx;
};

/*
 * Takes the options out of argv, wherever they stand before a bare "--", and leaves the other
 * arguments in argv[1] to argv[*argc - 1], the "--" and what follows it included. --help and
 * --version print and exit. Returns 0, or -EINVAL after an error, which has been printed.
 */
int cli_parse(const struct cli_program *program, int *argc, char **argv);

/* Prints an error about the command line with a hint at --help, and returns CLI_EXIT_USAGE. */
int cli_usage_error(const char *format, ...) __attribute__((format(COM2NET_PRINTF, 1, 2)));

/*
 * Options of one SOURCE or LINK, which follow it after commas: "dtr=off,hold". The same table
 * form, letters unused; `fallback` gets what the table does not have, or says why it is wrong.
 * Changes `text`. Returns 0, or -EINVAL with `error` naming the option.
 */
int cli_parse_commas(const struct cli_option *options, cli_take *fallback, void *ctx, char *text,
                     char error[static CLI_ERROR_MAX]);

/* A table of options, and what their `take` gets. */
struct cli_table {
    const struct cli_option *options; /* ends with a NULL name */
    void *ctx;
};

/* The same with several tables, of which the last has NULL as its options. */
int cli_parse_tables(const struct cli_table *tables, cli_take *fallback, void *ctx, char *text,
                     char error[static CLI_ERROR_MAX]);

/* The option that an item between commas, "dtr=off" or "hold", is of. NULL: none of these. */
const struct cli_option *cli_find_comma(const struct cli_option *options, const char *item);

/* Writes the names of tables, a list that ends with NULL, for people: "name=, budget= and reset".
 */
void cli_names(const struct cli_option *const *tables, char *text, size_t size);

/* Print a paragraph, and a table of options behind commas with its heading, as --help does. */
void cli_print_paragraph(const char *text);
void cli_print_table(const char *heading, const struct cli_option *options);

/* What -v and -q ask for, which every program has: cli_log_level is how much is to be logged. */
cli_take cli_take_verbose, cli_take_quiet;
enum log_level cli_log_level(void);

/* Values that many options share; `out` is where the value goes. */
int cli_on_off(const char *value, bool *out, char error[static CLI_ERROR_MAX]);
int cli_seconds(const char *value, unsigned *ms, char error[static CLI_ERROR_MAX]);

#endif
