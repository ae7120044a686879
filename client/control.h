/*
 * The control socket beside a link: answers who asks for the state of a running net2pty. The
 * protocol is one line of request and a text as answer; today there is one request, "status".
 */
#ifndef CLIENT_CONTROL_H
#define CLIENT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct control;

enum { CONTROL_ERROR_MAX = 512, CONTROL_REPORT_MAX = 2048 };

/* Serves the socket of `link`; `report` writes the answer, lines of text. `*stale`: see
 * local_socket.h. Returns NULL with what is wrong in `error`. */
struct control *control_new(struct event_base *base, const char *link,
                            void (*report)(void *ctx, char text[static CONTROL_REPORT_MAX]),
                            void *ctx, bool *stale, char error[static CONTROL_ERROR_MAX]);
void control_free(struct control *c);

/* Asks the net2pty that serves `link` and prints its answer. Returns 0, or -errno with what is
 * wrong in `error`. Blocks. */
int control_print_status(const char *link, char error[static CONTROL_ERROR_MAX]);

#endif
