#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_COLUMN = 24, LINE_WIDTH = 80 };

static const char *program_name = "com2net";
static bool dashes_missing; /* what is wrong may be of a COMMAND */

int cli_usage_error(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", program_name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    if (dashes_missing)
        fprintf(stderr, "\nIf this is of a COMMAND: it stands behind --, with its options.");
    fprintf(stderr, "\nTry '%s --help'.\n", program_name);
    return CLI_EXIT_USAGE;
}

/* Prints words, from a column on, in lines of LINE_WIDTH. A blank or a newline divides them. */
static void print_wrapped(const char *text, int indent)
{
    static const char blanks[] = " \n";
    int column = indent;

    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        const int len = (int)strcspn(text, blanks);
        const bool first = column == indent;

        if (!first && column + 1 + len > LINE_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (!first) {
            putchar(' ');
            column++;
        }
        printf("%.*s", len, text);
        column += len;
        text += len;
    }
    putchar('\n');
}

static void print_options(const struct cli_option *options, const char *dashes)
{
    for (const struct cli_option *o = options; o->name; o++) {
        char left[64];
        int n = 0;

        if (o->letter)
            n = snprintf(left, sizeof left, "-%c, ", o->letter);
        snprintf(left + n, sizeof left - (size_t)n, "%s%s%s%s", dashes, o->name,
                 o->argument ? "=" : "", o->argument ? o->argument : "");
        if (strlen(left) > HELP_COLUMN - 4)
            printf("  %s\n%*s", left, HELP_COLUMN, "");
        else
            printf("  %-*s", HELP_COLUMN - 2, left);
        print_wrapped(o->help, HELP_COLUMN);
    }
}

void cli_print_paragraph(const char *text)
{
    putchar('\n');
    print_wrapped(text, 0);
}

void cli_print_table(const char *heading, const struct cli_option *options)
{
    cli_print_paragraph(heading);
    print_options(options, "");
}

static void print_usage(const struct cli_program *program)
{
    const char *lead = "usage:";

    for (const char *line = program->usage; *line;) {
        size_t len = strcspn(line, "\n");

        printf("%-6s %s %.*s\n", lead, program->name, (int)len, line);
        lead = "";
        line += len + (line[len] == '\n');
    }
}

static void print_help(const struct cli_program *program)
{
    static const struct cli_option standard[] = {
        {"help", 'h', NULL, NULL, "show this help"},
        {"version", 0, NULL, NULL, "show the version"},
        {0},
    };

    print_usage(program);
    printf("\n%s\n\nOptions:\n", program->summary);
    print_options(program->options, "--");
    print_options(standard, "--");
    if (program->more) {
        printf("\n%s", program->more);
        print_options(program->commas, "");
    }
    if (program->tables)
        program->tables();
    if (program->end)
        printf("\n%s", program->end);
}

static const struct cli_option *find_name(const struct cli_option *options, const char *name,
                                          size_t len)
{
    for (const struct cli_option *o = options; o->name; o++)
        if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

static const struct cli_option *find_letter(const struct cli_option *options, char letter)
{
    for (const struct cli_option *o = options; o->name; o++)
        if (o->letter && o->letter == letter)
            return o;
    return NULL;
}

static int take(const struct cli_program *program, const struct cli_option *o, const char *shown,
                const char *value)
{
    char error[CLI_ERROR_MAX] = "not valid";

    if (o->take(program->ctx, value, error) < 0) {
        if (value)
            cli_usage_error("%s %s: %s", shown, value, error);
        else
            cli_usage_error("%s: %s", shown, error);
        return -EINVAL;
    }
    return 0;
}

/* One --name, --name=VALUE or --name VALUE. Returns the arguments used, or -EINVAL. */
static int take_long(const struct cli_program *program, char **argv)
{
    const char *name = argv[0] + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const struct cli_option *o = find_name(program->options, name, len);
    int used = 1;

    if (!o) {
        cli_usage_error("unknown option %s", argv[0]);
        return -EINVAL;
    }
    if (value && !o->argument) {
        cli_usage_error("--%s takes no value", o->name);
        return -EINVAL;
    }
    if (o->argument && !value) {
        value = argv[1];
        used = 2;
        if (!value) {
            cli_usage_error("--%s needs a value: %s", o->name, o->argument);
            return -EINVAL;
        }
    }
    char shown[64];
    snprintf(shown, sizeof shown, "--%s", o->name);
    return take(program, o, shown, value) < 0 ? -EINVAL : used;
}

/* One group of letters such as -vv. Returns the arguments used, or -EINVAL. */
static int take_letters(const struct cli_program *program, char **argv)
{
    for (const char *p = argv[0] + 1; *p; p++) {
        const struct cli_option *o = find_letter(program->options, *p);
        const char shown[] = {'-', *p, '\0'};

        if (!o) {
            cli_usage_error("unknown option %s", shown);
            return -EINVAL;
        }
        if (!o->argument) {
            if (take(program, o, shown, NULL) < 0)
                return -EINVAL;
            continue;
        }
        const char *value = p[1] ? p + 1 : argv[1];
        if (!value) {
            cli_usage_error("%s needs a value: %s", shown, o->argument);
            return -EINVAL;
        }
        if (take(program, o, shown, value) < 0)
            return -EINVAL;
        return p[1] ? 1 : 2;
    }
    return 1;
}

static bool has_dashes(char **argv)
{
    while (*argv && strcmp(*argv, "--") != 0)
        argv++;
    return *argv;
}

int cli_parse(const struct cli_program *program, int *argc, char **argv)
{
    int kept = 1;
    int i = 1;

    program_name = program->name;
    while (i < *argc && strcmp(argv[i], "--") != 0) {
        if (argv[i][0] != '-' || !argv[i][1]) {
            argv[kept++] = argv[i++];
            continue;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(program);
            exit(CLI_EXIT_OK);
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("%s %s\n", program->name, COM2NET_VERSION);
            exit(CLI_EXIT_OK);
        }
        dashes_missing = program->runs_command && kept > 2 && !has_dashes(argv + i);
        int used =
            argv[i][1] == '-' ? take_long(program, argv + i) : take_letters(program, argv + i);
        if (used < 0)
            return -EINVAL;
        i += used;
    }
    dashes_missing = false;
    while (i < *argc)
        argv[kept++] = argv[i++];
    argv[kept] = NULL;
    *argc = kept;
    return 0;
}

const struct cli_option *cli_find_comma(const struct cli_option *options, const char *item)
{
    return find_name(options, item, strcspn(item, "="));
}

/* Takes an item between commas, which is of option `o`. */
static int take_item(const struct cli_option *o, void *ctx, const char *item,
                     char why[static CLI_ERROR_MAX])
{
    const char *value = strchr(item, '=');

    if (o->argument && !value)
        snprintf(why, CLI_ERROR_MAX, "needs a value: %s=%s", o->name, o->argument);
    else if (!o->argument && value)
        snprintf(why, CLI_ERROR_MAX, "takes no value");
    else
        return o->take(ctx, value ? value + 1 : NULL, why);
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
            snprintf(error, CLI_ERROR_MAX, "option %.100s: %.380s", item, why);
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

void cli_names(const struct cli_option *const *tables, char *text, size_t size)
{
    size_t left = 0, len = 0;

    for (const struct cli_option *const *t = tables; *t; t++)
        for (const struct cli_option *o = *t; o->name; o++)
            left++;
    *text = '\0';
    for (const struct cli_option *const *t = tables; *t; t++)
        for (const struct cli_option *o = *t; o->name && len < size; o++, left--)
            len +=
                (size_t)snprintf(text + len, size - len, "%s%s%s", o->name, o->argument ? "=" : "",
                                 left > 2    ? ", "
                                 : left == 2 ? " and "
                                             : "");
}

int cli_on_off(const char *value, bool *out, char error[static CLI_ERROR_MAX])
{
    *out = strcmp(value, "on") == 0;
    if (*out || strcmp(value, "off") == 0)
        return 0;
    snprintf(error, CLI_ERROR_MAX, "it is on or off");
    return -EINVAL;
}

int cli_seconds(const char *value, unsigned *ms, char error[static CLI_ERROR_MAX])
{
    char *end;
    double seconds = strtod(value, &end);

    if (end == value || *end || !(seconds >= 0) || seconds > 1e6) {
        snprintf(error, CLI_ERROR_MAX, "it is a number of seconds, such as 10 or 0.5");
        return -EINVAL;
    }
    *ms = (unsigned)(seconds * 1000);
    return 0;
}

/* --- how much is logged -------------------------------------------------------------------------
 */

static enum log_level wanted = LOG_LEVEL_INFO;

int cli_take_verbose(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    wanted = wanted >= LOG_LEVEL_DEBUG ? LOG_LEVEL_TRACE : LOG_LEVEL_DEBUG;
    return 0;
}

int cli_take_quiet(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    wanted = LOG_LEVEL_WARN;
    return 0;
}

enum log_level cli_log_level(void)
{
    return wanted;
}
