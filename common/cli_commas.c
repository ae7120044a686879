#include "cli_commas.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "typo.h"

const struct cli_option *cli_find_comma(const struct cli_option *options, const char *item)
{
    return cli_option_of_name(options, item, strcspn(item, "="));
}

/* Takes an item between commas, which is of option `o`. */
static int take_item(const struct cli_option *o, void *ctx, const char *item,
                     char why[static CLI_ERROR_MAX])
{
    const char *value = strchr(item, '=');

    if (cli_option_needs_value(o) && !value)
        snprintf(why, CLI_ERROR_MAX, "needs a value: %s=%s", o->name, o->argument);
    else if (!o->argument && value)
        snprintf(why, CLI_ERROR_MAX, "takes no value");
    else
        return cli_option_take(o, ctx, value ? value + 1 : NULL, why);
    return -EINVAL;
}

/* Takes one that an option of the tables means, or leaves it to `fallback`. */
static int take_comma(const struct cli_table *tables, cli_take *fallback, void *ctx,
                      const char *item, char why[static CLI_ERROR_MAX])
{
    for (const struct cli_table *t = tables; t->options; t++) {
        const struct cli_option *o = cli_find_comma(t->options, item);

        if (o)
            return take_item(o, t->ctx, item, why);
    }
    return fallback(ctx, item, why);
}

static bool takes_value(const struct cli_table *tables, const char *name)
{
    const struct cli_option *o = NULL;

    for (const struct cli_table *t = tables; t->options && !o; t++)
        o = cli_find_comma(t->options, name);
    return o && o->argument;
}

/* Adds what may be meant by an item that no table has. */
static void add_typo(const struct cli_table *tables, const char *item,
                     char error[static CLI_ERROR_MAX])
{
    const size_t len = strlen(error), name_len = strcspn(item, "=");
    struct typo typo;

    typo_begin(&typo, item, name_len);
    for (const struct cli_table *t = tables; t->options; t++) {
        if (cli_find_comma(t->options, item))
            return;
        for (const struct cli_option *o = t->options; o->name; o++)
            typo_offer(&typo, o->name);
    }
    if (!typo.best)
        return;
    const char *value = takes_value(tables, typo.best) ? item + name_len : "";
    snprintf(error + len, CLI_ERROR_MAX - len, "; did you mean %s%s?", typo.best, value);
}

int cli_parse_tables(const struct cli_table *tables, cli_take *fallback, void *ctx, char *text,
                     char error[static CLI_ERROR_MAX])
{
    while (*text) {
        char *item = text;
        size_t len = strcspn(text, ",");

        text += len;
        if (*text)
            *text++ = '\0';
        if (!*item) {
            snprintf(error, CLI_ERROR_MAX, "an option is missing between two commas");
            return -EINVAL;
        }
        char why[CLI_ERROR_MAX] = "not valid";
        int r = take_comma(tables, fallback, ctx, item, why);
        if (r < 0) {
            snprintf(error, CLI_ERROR_MAX, "option %.100s: %.320s", item, why);
            add_typo(tables, item, error);
            return r;
        }
    }
    return 0;
}

int cli_parse_commas(const struct cli_option *options, cli_take *fallback, void *ctx, char *text,
                     char error[static CLI_ERROR_MAX])
{
    const struct cli_table tables[] = {{options, ctx}, {NULL, NULL}};

    return cli_parse_tables(tables, fallback, ctx, text, error);
}

static size_t count_options(const struct cli_option *const *tables)
{
    size_t count = 0;

    for (const struct cli_option *const *t = tables; *t; t++)
        for (const struct cli_option *o = *t; o->name; o++)
            count += !cli_option_is_heading(o);
    return count;
}

void cli_names(const struct cli_option *const *tables, char *text, size_t size)
{
    size_t left = count_options(tables), len = 0;

    *text = '\0';
    for (const struct cli_option *const *t = tables; *t; t++) {
        for (const struct cli_option *o = *t; o->name && len < size; o++) {
            if (cli_option_is_heading(o))
                continue;
            len +=
                (size_t)snprintf(text + len, size - len, "%s%s%s", o->name, o->argument ? "=" : "",
                                 left > 2    ? ", "
                                 : left == 2 ? " and "
                                             : "");
            left--;
        }
    }
}
