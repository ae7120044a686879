/*
 * Arguments put into one command line, so that the C library of the program that gets it takes them
 * apart into what they were.
 */
#ifndef WIN32_COMMAND_LINE_H
#define WIN32_COMMAND_LINE_H

#include <stddef.h>

/* Adds one argument, quoted where it has to be, with a blank in front unless it is the first.
 * Returns 0 or -ENOBUFS. */
int command_line_add(char *line, size_t size, const char *argument);

/* The same for a line that Windows expands, as it does the ImagePath of a service: %NAME% becomes
 * an environment variable's value. Each % is written as %25, as in a URL: the names that come about
 * are nobody's. */
int command_line_add_unexpanded(char *line, size_t size, const char *argument);

/* Undoes that: %25 becomes %, in place. */
void command_line_restore(char *text);

#endif
