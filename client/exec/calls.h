/*
 * The requests that programs make on links: finds the link, carries the request out, and holds the
 * caller that has to wait. A link is one of this process (pty_session.h), answered by ioctl_tty, or
 * one that another net2pty serves, which is asked (joined.h). Everything runs on the loop thread.
 */
#ifndef CLIENT_EXEC_CALLS_H
#define CLIENT_EXEC_CALLS_H

#include <stdbool.h>

#include "caller.h"
#include "vport.h"

struct calls;
struct event_base;
struct pty_session;

struct calls *calls_new(struct event_base *base);

/* Ends callers that are held. Accepts NULL. */
void calls_free(struct calls *c);

/* Answers the requests on a session's link, from now on. The session must outlive `c`. Returns 0 or
 * -ENOMEM. */
int calls_add(struct calls *c, struct pty_session *session);

enum calls_join {
    CALLS_JOIN_ONCE,      /* now, until that net2pty ends; not a link that is here already */
    CALLS_JOIN_NOW,       /* now; again and again if it is lost later */
    CALLS_JOIN_PATIENTLY, /* as soon as it is there; again if it is lost */
};

/* Joins a link that another net2pty serves. `joined` is called once, perhaps at once. Its argument
 * is NULL when the link is connected to its server, otherwise the reason why it is not joined. */
void calls_join(struct calls *c, const char *link, enum calls_join how,
                void (*joined)(void *ctx, const char *link, const char *why_not), void *ctx);

/* Carries out the request of `caller` on the file `identity`. The caller is ended now or later. */
void calls_make(struct calls *c, const struct vport_identity *identity, struct caller *caller);

/* Answers 0 once `session` is connected and its device is there, or at once. */
void calls_greet(struct calls *c, struct pty_session *session, bool at_once, struct caller *caller);

/* Calls `left`, now or from the loop, when the bytes that programs have written to the sessions'
 * links are done. It waits as close(2) of a serial port does: until they are on the wire, as far as
 * the server tells. It is given up, and logged, after 30 s without progress. */
void calls_leave(struct calls *c, void (*left)(void *ctx), void *ctx);

/* The caller has gone: forgets it, without an answer. */
void calls_cancel(struct calls *c, const struct caller *caller);

#endif
