/*
 * The net2pty that this one runs inside of: the one of an outer `net2pty ... -- COMMAND`, found by
 * the environment variable NET2PTY_SOCKET. Only one supervisor can be there for a program, so it is
 * asked to answer the requests on our links, too. Everything runs on the loop thread.
 */
#ifndef CLIENT_EXEC_OUTER_H
#define CLIENT_EXEC_OUTER_H

struct event_base;
struct outer;

/* Asks the outer one at `socket` to join `link`, which it finds by that path. `ended` is called
 * once, from the loop, with NULL or the reason why not; outer_free has to follow. Returns NULL
 * without memory. */
struct outer *outer_join(struct event_base *base, const char *socket, const char *link,
                         void (*ended)(void *ctx, const char *why_not), void *ctx);

/* Accepts NULL. */
void outer_free(struct outer *o);

#endif
