/*
 * A program's command line as data: its purpose, its verbs, its options. Parsing (cli.h) and help
 * (cli_help.h) both read it.
 */
#ifndef COMMON_CLI_PROGRAM_H
#define COMMON_CLI_PROGRAM_H

#include <stdbool.h>

#include "cli_option.h"

struct cli_arguments;

struct cli_example {
    const char *command;
    const char *what; /* a few words */
};

/* The meaning of a bare "--". */
enum cli_dashes {
    CLI_DASHES_WRONG,
    CLI_DASHES_END_OPTIONS,
    CLI_DASHES_COMMAND, /* a program with its options follows */
};

/* Something that a program does. */
struct cli_verb {
    const char *name;                        /* the first word; NULL: without one */
    const char *arguments;                   /* for "usage:", after the name */
    const char *help;                        /* a phrase */
    const char *summary;                     /* a paragraph */
    const struct cli_example *examples;      /* ends with a NULL command; or NULL */
    const struct cli_option *const *options; /* tables; the standard ones follow them */
    enum cli_dashes dashes;
    int (*run)(void *ctx, const struct cli_arguments *a); /* returns the exit status */
};

/* Another word for a verb. */
struct cli_alias {
    const char *word, *verb;
};

/* A word of another program that users type by habit, and the word to type here. */
struct cli_hint {
    const char *word; /* a first word, or an option with its dashes */
    const char *say;  /* a phrase */
};

/* Something that `help TOPIC` tells of. */
struct cli_topic {
    const char *name;
    const char *const *paragraphs;          /* ends with NULL; or NULL */
    const struct cli_option *const *commas; /* options after commas; or NULL */
    void (*more)(void);                     /* prints further ones; or NULL */
};

struct cli_program {
    const char *name;
    const char *summary;                /* what it does, a paragraph */
    const struct cli_example *examples; /* as of a verb */
    const struct cli_verb *verbs;       /* ends with a NULL `run`; the nameless one is first */
    const struct cli_alias *aliases;    /* ends with a NULL word; or NULL */
    const struct cli_hint *hints;       /* ends with a NULL word; or NULL */
    const struct cli_topic *topics;     /* the help ends with them; ends with a NULL name */
    void *ctx;                          /* of options and verbs */
};

#endif
