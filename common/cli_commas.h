/*
 * Options of one SOURCE or LINK, which follow it after commas: "dtr=off,hold". Letters of their
 * tables are unused.
 */
#ifndef COMMON_CLI_COMMAS_H
#define COMMON_CLI_COMMAS_H

#include "cli_option.h"

/* Takes those in `text`, which it changes; `fallback` gets what the table does not have, or says
 * why it is wrong. Returns 0, or -EINVAL with `error` naming the option. */
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

#endif
