#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_help.h"
#include "error_text.h"
#include "text.h"
#include "typo.h"

enum { WRONG_MAX = 2048 }; /* of what is wrong, in words */

/* The command line that is being parsed. */
static struct {
    const struct cli_program *program;
    const struct cli_verb *verb; /* NULL: none is given, and the program needs one */
    bool dashes_missing;         /* what is wrong may be of a COMMAND */
    enum log_level log_level;
    const char *log_file;
} cli = {.log_level = LOG_LEVEL_INFO};

int cli_usage_error(const char *format, ...)
{
    const char *verb = cli.verb && cli.verb->name ? cli.verb->name : "";
    char text[WRONG_MAX], shown[WRONG_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_escape(shown, sizeof shown, text); /* what was typed is in it */
    fprintf(stderr, "%s: %s", cli.program->name, shown);
    if (cli.dashes_missing)
        fprintf(stderr, "\nIf this is of a COMMAND: it comes after --, with its options.");
    fprintf(stderr, "\nTry '%s %s%s--help'.\n", cli.program->name, verb, *verb ? " " : "");
    return CLI_EXIT_USAGE;
}

/* --- options that every program has ----------------------------------------------------------- */

static int take_verbose(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    cli.log_level = cli.log_level >= LOG_LEVEL_DEBUG ? LOG_LEVEL_TRACE : LOG_LEVEL_DEBUG;
    return 0;
}

static int take_quiet(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    cli.log_level = LOG_LEVEL_WARN;
    return 0;
}

static int take_log_file(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)error;
    cli.log_file = value;
    return 0;
}

static cli_take take_help, take_version;

static const struct cli_option standard_options[] = {
    CLI_HEADING("Common options:"),
    {"verbose", 'v', NULL, take_verbose, "say more; given twice, still more, as bytes in hex"},
    {"quiet", 'q', NULL, take_quiet, "say only what went wrong"},
    {"log-file", 0, "FILE", take_log_file, "append the log to FILE, instead of standard error"},
    {"help", 'h', NULL, take_help, "show this help"},
    {"version", 'V', NULL, take_version, "show the version"},
    {0},
};

/* The exit status, unless a disk is full, and what was asked for has not come. Who closes a pipe,
 * as `head` does, has enough. */
static int written(int status)
{
    errno = 0;
    if (ferror(stdout)) { /* some time ago: tries again, to learn why */
        clearerr(stdout);
        putchar('\n');
    }
    if (fflush(stdout) == 0 || errno == EPIPE)
        return status;
    fprintf(stderr, "%s: cannot write what was asked for: %s\n", cli.program->name,
            error_text(errno));
    return status == CLI_EXIT_OK ? CLI_EXIT_FAILED : status;
}

static int take_help(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    if (cli.verb && cli.verb->name)
        cli_help_print_verb(cli.program, cli.verb, standard_options);
    else
        cli_help_print_program(cli.program, standard_options);
    exit(written(CLI_EXIT_OK));
}

/* Does not return. */
static void print_version(void)
{
    printf("%s %s\n", cli.program->name, COM2NET_VERSION);
    exit(written(CLI_EXIT_OK));
}

static int take_version(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)ctx;
    (void)value;
    (void)error;
    print_version();
    return 0;
}

/* --- finding an option ------------------------------------------------------------------------ */

/* The typed text of one: a name with its length, or a letter. */
struct typed {
    const char *name;
    size_t len;
    char letter;
};

static const struct cli_option *find_in(const struct cli_option *table, const struct typed *t)
{
    return t->letter ? cli_option_of_letter(table, t->letter)
                     : cli_option_of_name(table, t->name, t->len);
}

static const struct cli_option *find_of_verb(const struct cli_verb *verb, const struct typed *t)
{
    const struct cli_option *found = find_in(standard_options, t);

    for (const struct cli_option *const *tables = verb ? verb->options : NULL;
         !found && tables && *tables; tables++)
        found = find_in(*tables, t);
    return found;
}

/* One that any of the verbs has. */
static const struct cli_option *find_anywhere(const struct typed *t)
{
    const struct cli_option *found = NULL;

    for (const struct cli_verb *v = cli.program->verbs; !found && v->run; v++)
        found = find_of_verb(v, t);
    return found;
}

static const char *find_hint(const char *word)
{
    const struct cli_hint *h = cli.program->hints;

    while (h && h->word && strcmp(h->word, word) != 0)
        h++;
    return h && h->word ? h->say : NULL;
}

static void offer_options(struct typo *typo, const struct cli_option *table)
{
    for (const struct cli_option *o = table; o->name; o++)
        typo_offer(typo, o->name);
}

/* One that is written after a comma, and the topic that tells of it. */
static const struct cli_option *find_of_commas(const struct typed *t, const char **topic)
{
    for (const struct cli_topic *of = cli.program->topics; of && of->name; of++) {
        for (const struct cli_option *const *table = of->commas; table && *table; table++) {
            const struct cli_option *o =
                t->name ? cli_option_of_name(*table, t->name, t->len) : NULL;

            *topic = of->name;
            if (o)
                return o;
        }
    }
    return NULL;
}

/* The option that may be meant by an unknown one. */
static void tell_unknown(const struct typed *t, const char *shown)
{
    const char *hint = find_hint(shown), *topic = NULL;
    const struct cli_option *of_commas = find_of_commas(t, &topic);
    struct typo typo;

    typo_begin(&typo, t->name, t->len);
    offer_options(&typo, standard_options);
    for (const struct cli_option *const *tables = cli.verb ? cli.verb->options : NULL;
         tables && *tables; tables++)
        offer_options(&typo, *tables);
    if (hint)
        cli_usage_error("%s: %s", shown, hint);
    else if (of_commas)
        cli_usage_error("%s: it comes after a comma, as ,%s%s%s: see `%s help %s`", shown,
                        of_commas->name, of_commas->argument ? "=" : "",
                        of_commas->argument ? of_commas->argument : "", cli.program->name, topic);
    else if (typo.best)
        cli_usage_error("unknown option %s; did you mean --%s?", shown, typo.best);
    else
        cli_usage_error("unknown option %s; the help shows those that there are", shown);
}

/* Finds the option that is meant, as it is to be `shown`; NULL after an error. Where the verb is
 * missing, that is the error, later. */
static const struct cli_option *find(const struct typed *t, const char *shown)
{
    const struct cli_option *elsewhere = find_anywhere(t);
    const struct cli_option *o = cli.verb ? find_of_verb(cli.verb, t) : elsewhere;

    if (!o && elsewhere && cli.verb->name)
        cli_usage_error("%s is not for %s; `%s help %s` shows its options", shown, cli.verb->name,
                        cli.program->name, cli.verb->name);
    else if (!o)
        tell_unknown(t, shown);
    return o;
}

/* --- taking it -------------------------------------------------------------------------------- */

static int take(const struct cli_option *o, const char *shown, const char *value)
{
    char error[CLI_ERROR_MAX] = "not valid";

    if (cli_option_take(o, cli.program->ctx, value, error) == 0)
        return 0;
    if (value)
        cli_usage_error("%s %s: %s", shown, value, error);
    else
        cli_usage_error("%s: %s", shown, error);
    return -EINVAL;
}

/* One --name, --name=VALUE or --name VALUE. Returns the arguments used, or -EINVAL. */
static int take_long(char **argv)
{
    const struct typed t = {argv[0] + 2, strcspn(argv[0] + 2, "="), 0};
    const char *value = t.name[t.len] == '=' ? t.name + t.len + 1 : NULL;
    char shown[64];
    int used = 1;

    snprintf(shown, sizeof shown, "--%.*s", (int)t.len, t.name);
    const struct cli_option *o = find(&t, shown);
    if (!o)
        return -EINVAL;
    if (value && !o->argument) {
        cli_usage_error("%s takes no value", shown);
        return -EINVAL;
    }
    if (cli_option_needs_value(o) && !value) {
        value = argv[1];
        used = 2;
    }
    if (cli_option_needs_value(o) && !value) {
        cli_usage_error("%s needs a value: %s", shown, o->argument);
        return -EINVAL;
    }
    return take(o, shown, value) < 0 ? -EINVAL : used;
}

/* One group of letters such as -vv. Returns the arguments used, or -EINVAL. */
static int take_letters(char **argv)
{
    const struct typed whole = {argv[0] + 1, strlen(argv[0] + 1), 0};

    if (whole.len > 1 && find_anywhere(&whole)) {
        cli_usage_error("unknown option %s; did you mean -%s?", argv[0], argv[0]);
        return -EINVAL;
    }
    for (const char *p = argv[0] + 1; *p; p++) {
        const struct typed t = {.letter = *p};
        const char shown[] = {'-', *p, '\0'};
        const struct cli_option *o = find(&t, shown);

        if (!o)
            return -EINVAL;
        if (!cli_option_needs_value(o)) {
            if (take(o, shown, NULL) < 0)
                return -EINVAL;
            continue;
        }
        const char *value = p[1] ? p + 1 : argv[1];
        if (!value) {
            cli_usage_error("%s needs a value: %s", shown, o->argument);
            return -EINVAL;
        }
        if (take(o, shown, value) < 0)
            return -EINVAL;
        return p[1] ? 1 : 2;
    }
    return 1;
}

/* --- the whole line --------------------------------------------------------------------------- */

/* What word processors and pages make of a hyphen or quote at the begin of a word: of UTF-8's
 * U+2010 to U+201F, or U+2212. Returns what is to be typed instead, or NULL. */
static const char *say_typed(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;

    if (byte[0] != 0xe2 || !byte[1])
        return NULL;
    if ((byte[1] == 0x80 && byte[2] >= 0x90 && byte[2] <= 0x95) ||
        (byte[1] == 0x88 && byte[2] == 0x92))
        return "its dash is no hyphen: type - or -- in its place";
    return byte[1] == 0x80 && byte[2] >= 0x98 && byte[2] <= 0x9f
               ? "its quotes are none for a shell: type \" or ' in their place"
               : NULL;
}

/* Looks at the words before "--". Returns 0 or -EINVAL. */
static int check_typography(char **argv)
{
    for (int i = 1; argv[i] && strcmp(argv[i], "--") != 0; i++) {
        const char *say = say_typed(argv[i]);

        if (!say)
            continue;
        cli_usage_error("%s: %s", argv[i], say);
        return -EINVAL;
    }
    return 0;
}

static bool is_option(const char *text)
{
    return text[0] == '-' && text[1];
}

/* Whether an option, of whichever verb, takes the next argument as its value. */
static bool takes_next(const char *text)
{
    struct typed t = {text + 2, strcspn(text + 2, "="), 0};

    if (text[1] == '-') {
        const struct cli_option *o = t.name[t.len] ? NULL : find_anywhere(&t);

        return o && cli_option_needs_value(o);
    }
    for (const char *p = text + 1; *p; p++) {
        t.letter = *p;
        const struct cli_option *o = find_anywhere(&t);
        if (o && cli_option_needs_value(o))
            return !p[1];
    }
    return false;
}

static const struct cli_verb *find_name(const char *name)
{
    const struct cli_alias *alias = cli.program->aliases;

    while (alias && alias->word && strcmp(alias->word, name) != 0)
        alias++;
    if (alias && alias->word)
        name = alias->verb;
    for (const struct cli_verb *v = cli.program->verbs; v->run; v++)
        if (v->name && strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

static void tell_topics(const char *word)
{
    char text[CLI_ERROR_MAX] = "";
    size_t len = 0;

    for (const struct cli_topic *t = cli.program->topics; t->name && len < sizeof text; t++)
        len += (size_t)snprintf(text + len, sizeof text - len, ", %s", t->name);
    cli_usage_error("no help about %s; try a verb%s", word, text);
}

/* `help [TOPIC]`. Does not return. */
static void print_help(const char *word)
{
    const struct cli_topic *t = cli.program->topics;
    const struct cli_verb *verb = word ? find_name(word) : NULL;

    while (word && t->name && strcmp(t->name, word) != 0)
        t++;
    if (verb)
        cli_help_print_verb(cli.program, verb, standard_options);
    else if (!word)
        cli_help_print_program(cli.program, standard_options);
    else if (t->name)
        cli_help_print_topic(t);
    else
        tell_topics(word);
    exit(word && !verb && !t->name ? CLI_EXIT_USAGE : CLI_EXIT_OK);
}

/* Verbs that every program has, and those of other programs, which are told. Returns where it is
 * none of them. */
static void take_common_verb(char **argv)
{
    const char *hint = find_hint(*argv);

    const bool has_object = argv[1] && !strchr(argv[1], '/');
    struct typo typo;

    if (strcmp(*argv, "help") == 0)
        print_help(argv[1]);
    if (strcmp(*argv, "version") == 0)
        print_version();
    if (hint)
        exit(cli_usage_error("%s: %s", *argv, hint));
    typo_begin(&typo, *argv, strlen(*argv));
    for (const struct cli_verb *v = cli.program->verbs; v->run; v++)
        if (v->name)
            typo_offer(&typo, v->name);
    if (typo.best && !has_object && !cli.program->verbs->name)
        exit(cli_usage_error("unknown verb %s; did you mean %s?", *argv, typo.best));
}

/* Finds the verb, which is the first word that is no option and no option's value, and takes it out
 * of argv. Where there is none it is the nameless one, or NULL. */
static void find_verb(int *argc, char **argv)
{
    const struct cli_verb *nameless = cli.program->verbs->name ? NULL : cli.program->verbs;
    int i = 1;

    while (i < *argc && is_option(argv[i]) && strcmp(argv[i], "--") != 0)
        i += takes_next(argv[i]) ? 2 : 1;
    cli.verb = i < *argc ? find_name(argv[i]) : NULL;
    if (!cli.verb && i < *argc)
        take_common_verb(argv + i);
    if (!cli.verb) {
        cli.verb = nameless;
        return;
    }
    memmove(argv + i, argv + i + 1, (size_t)(*argc - i) * sizeof *argv);
    --*argc;
}

static bool has_dashes(char **argv)
{
    while (*argv && strcmp(*argv, "--") != 0)
        argv++;
    return *argv;
}

/* Whether what is wrong at `argv` can be of a COMMAND: there are words before it, such as a server,
 * and no "--". */
static bool may_be_of_command(int words, char **argv)
{
    const bool named = cli.verb && cli.verb->name;

    return cli.verb && cli.verb->dashes == CLI_DASHES_COMMAND && words + named > 1 &&
           !has_dashes(argv);
}

static int take_options(int argc, char **argv, struct cli_arguments *a)
{
    int kept = 1, i = 1;

    while (i < argc && strcmp(argv[i], "--") != 0) {
        if (!is_option(argv[i])) {
            argv[kept++] = argv[i++];
            continue;
        }
        cli.dashes_missing = may_be_of_command(kept - 1, argv + i);
        int used = argv[i][1] == '-' ? take_long(argv + i) : take_letters(argv + i);
        if (used < 0)
            return -EINVAL;
        i += used;
    }
    cli.dashes_missing = false;
    *a = (struct cli_arguments){.verb = cli.verb, .words = argv + 1, .count = kept - 1};
    a->command = i < argc ? argv + kept + 1 : NULL;
    while (i < argc)
        argv[kept++] = argv[i++];
    argv[kept] = NULL;
    a->total = kept - 1;
    return 0;
}

/* Writes "list, run and ports". */
static void verb_names(char text[static CLI_ERROR_MAX])
{
    const struct cli_verb *v = cli.program->verbs;
    size_t len = 0;

    *text = '\0';
    for (v += !v->name; v->run && len < CLI_ERROR_MAX; v++)
        len += (size_t)snprintf(text + len, CLI_ERROR_MAX - len, "%s%s", v->name,
                                !v[1].run  ? ""
                                : v[2].run ? ", "
                                           : " and ");
}

/* A first word that is no verb, of a program that needs one. */
static void tell_no_verb(const char *word)
{
    char names[CLI_ERROR_MAX];
    struct typo typo;

    verb_names(names);
    typo_begin(&typo, word, strlen(word));
    for (const struct cli_verb *v = cli.program->verbs; v->run; v++)
        typo_offer(&typo, v->name);
    if (typo.best)
        cli_usage_error("unknown verb %s; did you mean %s? The verbs are %s", word, typo.best,
                        names);
    else if (strpbrk(word, ":."))
        cli_usage_error("%s: the verb comes before the server: %s VERB %s; the verbs are %s", word,
                        cli.program->name, word, names);
    else
        cli_usage_error("unknown verb %s; try %s", word, names);
}

/* There is a verb, and it takes a "--" if there is one. */
static int check_verb(const struct cli_arguments *a)
{
    char names[CLI_ERROR_MAX];

    if (a->verb && !(a->command && a->verb->dashes == CLI_DASHES_WRONG))
        return 0;
    verb_names(names);
    if (a->verb)
        cli_usage_error("%s runs no command", a->verb->name);
    else if (a->count == 0)
        cli_usage_error("the verb is missing; try %s", names);
    else
        tell_no_verb(a->words[0]);
    return -EINVAL;
}

int cli_parse(const struct cli_program *program, int argc, char **argv, struct cli_arguments *a)
{
    cli.program = program;
    if (check_typography(argv) < 0)
        return -EINVAL;
    find_verb(&argc, argv);
    if (take_options(argc, argv, a) < 0)
        return -EINVAL;
    return check_verb(a);
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
    struct cli_arguments a;

    if (cli_parse(program, argc, argv, &a) < 0)
        return CLI_EXIT_USAGE;
    log_init(program->name, cli.log_level);
    int r = cli.log_file ? log_to_file(cli.log_file) : 0;
    if (r == 0)
        return written(a.verb->run(program->ctx, &a));
    log_error("cannot write the log %s: %s", cli.log_file, error_text(-r));
    return CLI_EXIT_FAILED;
}
