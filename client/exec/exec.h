/*
 * COMMAND, and all that it starts, with its requests on links answered. Supervision answers where
 * it is allowed; inside of a net2pty, the outer one does. Otherwise the preload library does, or
 * nobody. Everything runs on the loop thread.
 */
#ifndef CLIENT_EXEC_EXEC_H
#define CLIENT_EXEC_EXEC_H

#include <stdbool.h>

struct calls;
struct event_base;
struct exec;

/* How COMMAND's requests are answered. */
enum exec_lines {
    EXEC_LINES_AUTO, /* the first of the others that works */
    EXEC_LINES_SECCOMP,
    EXEC_LINES_PRELOAD,
    EXEC_LINES_PLAIN, /* not at all: the links are pseudo-terminals */
};

struct exec_options {
    char *const *argv;
    enum exec_lines lines;
    const char *const *links; /* their names */
    int count;
};

/* Starts COMMAND, whose requests `calls` carries out; both and the options must outlive it.
 * `finished` is called, perhaps at once, with its exit status, when all its processes have ended
 * and its last bytes are done (calls_leave). If it leaves something in the background, the process
 * in front (supervise.h) gets the status at once. A failure to run it is logged, and is a status,
 * too. Returns NULL without memory. */
struct exec *exec_start(struct event_base *base, const struct exec_options *options,
                        struct calls *calls, void (*finished)(void *ctx, int status), void *ctx);

/* Accepts NULL. */
void exec_free(struct exec *e);

/* Asks COMMAND to end; the rest of it is served until then. Returns false if it does not run. */
bool exec_stop(struct exec *e);

#endif
