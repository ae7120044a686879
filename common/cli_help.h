/*
 * The output of --help: lines of at most 80 columns, examples before explanations.
 */
#ifndef COMMON_CLI_HELP_H
#define COMMON_CLI_HELP_H

#include "cli_program.h"

/* The help of a program, or of one of its verbs. `standard` are the options that all have. */
void cli_help_print_program(const struct cli_program *program, const struct cli_option *standard);
void cli_help_print_verb(const struct cli_program *program, const struct cli_verb *verb,
                         const struct cli_option *standard);
void cli_help_print_topic(const struct cli_topic *topic);

/* Print a paragraph, and a table of options after commas with its heading. */
void cli_help_print_paragraph(const char *text);
void cli_help_print_commas(const char *heading, const struct cli_option *options);

#endif
