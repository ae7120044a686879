/*
 * COMMAND under supervision: its requests on a link are answered with what the server's port has.
 */
#ifndef CLIENT_EXEC_H
#define CLIENT_EXEC_H

#include <stdbool.h>

#include "supervise.h"

struct event_base;
struct exec;
struct pty_session;

/* Starts `argv` with the links of `sessions`, which must outlive it. `finished` is called when
 * nothing of it is left and what it did last is done, as close(2) of a serial port waits for what
 * was written, with its exit status; if it leaves something in the background, the
 * process in front (supervise.h) gets the status at once. Returns NULL with the status in `*status`
 * and what is wrong in `error`. */
struct exec *exec_start(struct event_base *base, char *const argv[], bool filtered,
                        struct pty_session *const *sessions, int count,
                        void (*finished)(void *ctx, int status), void *ctx, int *status,
                        char error[static SUPERVISE_ERROR_MAX]);
void exec_free(struct exec *e);

#endif
