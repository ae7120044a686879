/*
 * What people mean by a COMMAND that is not found, and what to type instead.
 */
#ifndef COMMON_ABSENT_COMMAND_H
#define COMMON_ABSENT_COMMAND_H

/* A question or an advice, to stand behind the name and a colon. The text is static. */
const char *absent_command_advice(const char *name);

#endif
