/*
 * The control socket beside a link: answers who asks for the state of a running net2pty, or wants
 * something of it. The protocol is one line of request, "status" or "reset", and a text as answer;
 * one that begins with "error: " says why not.
 */
#ifndef CLIENT_CONTROL_H
#define CLIENT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct control;

enum { CONTROL_ERROR_MAX = 512, CONTROL_REPORT_MAX = 2048 };

struct control_callbacks {
    /* Writes the state, lines of text. */
    void (*report)(void *ctx, char text[static CONTROL_REPORT_MAX]);
    /* Somebody wants a reset; control_reset_ended is called with the outcome, now or later. */
    void (*reset)(void *ctx);
};

/* Serves the socket of `link`. `*stale`: see local_socket.h. Returns NULL with what is wrong in
 * `error`. */
struct control *control_new(struct event_base *base, const char *link,
                            const struct control_callbacks *callbacks, void *ctx, bool *stale,
                            char error[static CONTROL_ERROR_MAX]);
void control_free(struct control *c);

/* Answers all that wait for a reset: `why_not` is NULL when it is done. */
void control_reset_ended(struct control *c, const char *why_not);

/* Asks the net2pty that serves `link` and prints its answer. Returns 0, or -errno with what is
 * wrong in `error`. Blocks. */
int control_print_status(const char *link, char error[static CONTROL_ERROR_MAX]);

/* Has the board behind `link` reset, and prints the outcome. Returns and blocks likewise. */
int control_print_reset(const char *link, char error[static CONTROL_ERROR_MAX]);

#endif
