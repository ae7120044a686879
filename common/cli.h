/*
 * Command lines by table: one table of verbs and options is their parsing and their --help.
 */
#ifndef COMMON_CLI_H
#define COMMON_CLI_H

#include "cli_option.h"
#include "cli_program.h"
#include "log.h"

enum {
    CLI_EXIT_OK = 0,
    CLI_EXIT_FAILED = 1, /* it could not do its work */
    CLI_EXIT_USAGE = 2,  /* the command line is wrong */
};

/* The rest of a command line when verb and options are taken out. It is all in argv. */
struct cli_arguments {
    const struct cli_verb *verb;
    char **words;   /* those before a bare "--"; the "--" and the words after it follow them */
    int count;      /* of these words */
    int total;      /* with the "--" and all that follows */
    char **command; /* what follows the "--", or NULL: there is none */
};

/*
 * Takes verb and options out of argv, where the options may be anywhere before a bare "--". --help
 * and --version print and exit. Returns 0, or -EINVAL after an error, which has been printed.
 */
int cli_parse(const struct cli_program *program, int argc, char **argv, struct cli_arguments *a);

/* A program's main: parses, begins the log and runs the verb. Returns the exit status. */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* Prints an error about the command line with a hint at --help, and returns CLI_EXIT_USAGE. */
int cli_usage_error(const char *format, ...) __attribute__((format(COM2NET_PRINTF, 1, 2)));

#endif
