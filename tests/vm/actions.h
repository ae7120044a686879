/*
 * actions - tools of the guest scripts that are a list of actions.
 *
 *   TOOL ... ACTION...   runs the actions in order, and ends with status 1 at one that fails
 *   TOOL ... -           reads them from standard input, a line at a time; after what a line's
 *                        actions print comes "= 0", or "= 1" where one failed; "quit" ends
 *
 * Words have no blanks in them; in a TEXT \s is a blank, and \n \r \t \\ and \xHH are as in C.
 */
#ifndef TESTS_VM_ACTIONS_H
#define TESTS_VM_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct action {
    const char *name;
    int words;                /* that follow the name */
    int (*run)(char **words); /* 0, or 1 after printing why not */
    const char *help;
};

/* Runs what is in @argv, the first action at @argv[0]; returns the exit status.  The table ends
 * with a name of NULL. */
int actions_run(const struct action *table, int argc, char **argv);
void actions_help(const struct action *table);

/* Prints a line, and returns 1 for the caller to return. */
int action_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Decodes a TEXT in place and returns its length. */
size_t action_text(char *word);
/* Prints bytes as a TEXT. */
void action_show(const void *bytes, size_t len);

double now_ms(void);

/* What has been received and not yet asked for, and how the tool receives more: false if nothing
 * came by @until. */
extern unsigned char inbox[1 << 20];
extern size_t inbox_len;
extern bool (*inbox_receive)(double until);

void inbox_add(const void *bytes, size_t len);

/* Actions on the inbox: "expect TEXT MS", "quiet MS", "pattern N MS". */
int action_expect(char **words);
int action_quiet(char **words);
int action_pattern(char **words);

/* The bytes that action "writen N" writes and "pattern N" expects. */
unsigned char pattern_byte(size_t i);

#endif
