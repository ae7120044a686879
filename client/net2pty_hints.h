/* What people type who expect options and verbs of another program, and what to type instead. */
#ifndef CLIENT_NET2PTY_HINTS_H
#define CLIENT_NET2PTY_HINTS_H

#include "cli_program.h"

/* Ends with an empty one. */
extern const struct cli_hint net2pty_hints[];

#endif
