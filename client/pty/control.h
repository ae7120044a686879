/*
 * The control socket of a running net2pty: beside each link, and one for each COMMAND. Answers who
 * asks for the state, or wants something. The protocol is one line of request and a text as answer;
 * one that begins with "error: " says why not. Beside a link: "status", "reset"; for a COMMAND:
 * "join LINK". "ioctl" turns the connection into one of ioctl_wire.h.
 */
#ifndef CLIENT_PTY_CONTROL_H
#define CLIENT_PTY_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pty_report.h"

struct control;
struct control_visit;
struct event_base;
struct stream;

enum { CONTROL_ERROR_MAX = 512, CONTROL_REPORT_MAX = PTY_REPORT_MAX };

/* Functions that a socket does not have are NULL. */
struct control_callbacks {
    /* Writes the state, lines of text. */
    void (*report)(void *ctx, char text[static CONTROL_REPORT_MAX]);
    /* Somebody wants a reset, or a link joined; control_ended is called with the outcome, now or
     * later. */
    void (*reset)(void *ctx);
    void (*join)(void *ctx, const char *link);
    /* Somebody wants to make requests on links over the stream, which stays the socket's. Returns
     * what takes them, or NULL without memory. */
    struct control_visit *(*visit)(void *ctx, struct stream *stream);
};

/* The receiver of one connection's requests. The socket knows no more of it. */
struct control_visit_ops {
    /* Takes what the stream has received; len > 0. Returns 0, or -errno: the connection ends. */
    int (*receive)(struct control_visit *v, const uint8_t *data, size_t len);
    /* The connection ends. It is called from the loop, never from within `receive`. */
    void (*free)(struct control_visit *v);
};

/* The first member of a larger structure, which `ops` knows. */
struct control_visit {
    const struct control_visit_ops *ops;
};

/* Serves the socket of `link`, or with NULL one of a name of its own. `*stale`: see local.h.
 * Returns NULL with the reason in `error`. */
struct control *control_new(struct event_base *base, const char *link,
                            const struct control_callbacks *callbacks, void *ctx, bool *stale,
                            char error[static CONTROL_ERROR_MAX]);

/* Accepts NULL. */
void control_free(struct control *c);

/* The value of the environment variable NET2PTY_SOCKET for this socket. */
const char *control_name(const struct control *c);

/* Answers all that wait for a reset (`link` NULL), or for that link to be joined: `why_not` is NULL
 * when it is done. */
void control_ended(struct control *c, const char *link, const char *why_not);

/* Ends the visits, because the link's port is another one now. Nothing more is taken from them, and
 * they are freed in the loop's next turn. The visitors connect again. */
void control_end_visits(struct control *c);

/* Why another net2pty cannot be asked: of an errno of local_connect. */
const char *control_error_text(int error);

/* Asks the net2pty that serves `link` and prints its answer. Returns 0, or -errno with the reason
 * in `error`. Blocks. */
int control_print_status(const char *link, char error[static CONTROL_ERROR_MAX]);

/* Has the board at `link` reset, and prints the outcome. Returns and blocks in the same way. */
int control_print_reset(const char *link, char error[static CONTROL_ERROR_MAX]);

#endif
