#include "cli_help.h"

#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 24, LINE_WIDTH = 80, LEFT_MAX = 64 };

/* Words end at a blank or a newline, but not within brackets: "[LINK HOST:PORT]" stays together. */
static int word_length(const char *text)
{
    int len = 0, depth = 0;

    for (; text[len] && (depth > 0 || !strchr(" \n", text[len])); len++) {
        depth += text[len] == '[';
        depth -= text[len] == ']';
    }
    return len;
}

/* Prints words, from a column on, in lines of LINE_WIDTH. */
static void print_wrapped(const char *text, int indent)
{
    static const char blanks[] = " \n";
    int column = indent;

    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        const int len = word_length(text);
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

void cli_help_print_paragraph(const char *text)
{
    putchar('\n');
    print_wrapped(text, 0);
}

static void print_paragraphs(const char *const *texts)
{
    for (; texts && *texts; texts++)
        cli_help_print_paragraph(*texts);
}

/* One line of a table: a name, and what it means. */
static void print_row(const char *left, const char *right)
{
    if (strlen(left) > HELP_COLUMN - 4)
        printf("  %s\n%*s", left, HELP_COLUMN, "");
    else
        printf("  %-*s", HELP_COLUMN - 2, left);
    print_wrapped(right, HELP_COLUMN);
}

static void print_option(const struct cli_option *o, const char *dashes)
{
    char left[LEFT_MAX];
    int n = 0;

    if (o->letter)
        n = snprintf(left, sizeof left, "-%c, ", o->letter);
    const bool may_be_left_out = o->argument && !cli_option_needs_value(o);
    snprintf(left + n, sizeof left - (size_t)n, "%s%s%s%s", dashes, o->name,
             may_be_left_out ? "[="
             : o->argument   ? "="
                             : "",
             o->argument ? o->argument + may_be_left_out : "");
    print_row(left, o->help);
}

static void print_table(const struct cli_option *table, const char *dashes)
{
    for (const struct cli_option *o = table; o->name; o++) {
        if (cli_option_is_heading(o))
            cli_help_print_paragraph(o->help);
        else
            print_option(o, dashes);
    }
}

static void print_tables(const struct cli_option *const *tables, const char *dashes)
{
    for (; tables && *tables; tables++)
        print_table(*tables, dashes);
}

void cli_help_print_commas(const char *heading, const struct cli_option *options)
{
    cli_help_print_paragraph(heading);
    print_table(options, "");
}

/* Commands, and beside them what they do, as a shell's comments. */
static void print_examples(const struct cli_example *examples)
{
    int width = 0;

    if (!examples)
        return;
    printf("\nExamples:\n");
    for (const struct cli_example *e = examples; e->command; e++)
        if ((int)strlen(e->command) > width)
            width = (int)strlen(e->command);
    for (const struct cli_example *e = examples; e->command; e++)
        printf("  %-*s  # %s\n", width, e->command, e->what);
}

static void print_usage(const char *lead, const struct cli_program *program,
                        const struct cli_verb *verb)
{
    const char *name = verb->name ? verb->name : "";
    const int indent = printf("%-6s %s%s%s", lead, program->name, verb->name ? " " : "", name) + 1;

    if (*verb->arguments)
        putchar(' ');
    print_wrapped(verb->arguments, indent);
}

static bool is_in(const struct cli_option *const *tables, const struct cli_option *table)
{
    while (tables && *tables && *tables != table)
        tables++;
    return tables && *tables;
}

/* Prints those of a verb's tables that no verb before it has. */
static void print_new_tables(const struct cli_program *program, const struct cli_verb *verb)
{
    for (const struct cli_option *const *t = verb->options; t && *t; t++) {
        const struct cli_verb *v = program->verbs;

        while (v != verb && !is_in(v->options, *t))
            v++;
        if (v == verb)
            print_table(*t, "--");
    }
}

static void print_verbs(const struct cli_verb *verbs)
{
    const char *heading = "\nVerbs:\n";

    for (const struct cli_verb *v = verbs; v->run; v++) {
        if (!v->name)
            continue;
        fputs(heading, stdout);
        heading = "";
        print_row(v->name, v->help);
    }
}

void cli_help_print_topic(const struct cli_topic *topic)
{
    print_paragraphs(topic->paragraphs);
    print_tables(topic->commas, "");
    if (topic->more)
        topic->more();
}

/* The notes that `help` tells of. */
static void print_topics(const struct cli_program *program)
{
    char text[256];
    int len = snprintf(text, sizeof text, "`%s help TOPIC` shows one part; TOPIC is a verb",
                       program->name);

    for (const struct cli_topic *t = program->topics; t->name && len < (int)sizeof text; t++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%s%s", t[1].name ? ", " : " or ",
                        t->name);
    if (len < (int)sizeof text)
        snprintf(text + len, sizeof text - (size_t)len, ".");
    cli_help_print_paragraph(text);
}

void cli_help_print_program(const struct cli_program *program, const struct cli_option *standard)
{
    const char *lead = "usage:";

    for (const struct cli_verb *v = program->verbs; v->run; v++) {
        print_usage(lead, program, v);
        lead = "";
    }
    cli_help_print_paragraph(program->summary);
    print_examples(program->examples);
    print_verbs(program->verbs);
    for (const struct cli_verb *v = program->verbs; v->run; v++)
        print_new_tables(program, v);
    print_table(standard, "--");
    for (const struct cli_topic *t = program->topics; t->name; t++)
        cli_help_print_topic(t);
    print_topics(program);
}

void cli_help_print_verb(const struct cli_program *program, const struct cli_verb *verb,
                         const struct cli_option *standard)
{
    print_usage("usage:", program, verb);
    cli_help_print_paragraph(verb->summary);
    print_examples(verb->examples);
    print_tables(verb->options, "--");
    print_table(standard, "--");
}
