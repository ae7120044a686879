/*
 * One link, as requests of programs see it: of this process (pty_session.h), answered by ioctl_tty,
 * or one that another net2pty serves, which is asked (joined.h). Everything runs on the loop
 * thread.
 */
#ifndef CLIENT_EXEC_CALL_LINK_H
#define CLIENT_EXEC_CALL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ioctl_tty.h"
#include "vport.h"

struct caller;
struct joined;
struct pty_session;

/* Its owner fills in the known members. */
struct call_link {
    struct vport_identity identity;
    bool known; /* the identity */
    struct pty_session *session;
    struct ioctl_tty tty;  /* of the session's */
    struct joined *joined; /* in the place of a session */
    size_t unsent;         /* while leaving, when it was looked at last */
    bool drain_asked;
    unsigned drain;
};

enum call_wait_for {
    CALL_WAIT_ROOM,       /* nothing is done yet */
    CALL_WAIT_LINES,      /* the same: they are asked for */
    CALL_WAIT_TTY,        /* `tty` is not over */
    CALL_WAIT_ANSWER,     /* of another net2pty, with the number `id` */
    CALL_WAIT_CONNECTION, /* a greeting */
    CALL_WAIT_LINK,       /* on a file of a link that is not joined again yet */
};

/* The event that a request waits for. */
struct call_wait {
    enum call_wait_for what;
    struct ioctl_wait tty;
    uint32_t id;          /* of the question; no other one that is open has it */
    uint64_t progress;    /* ROOM: of the bytes before it */
    uint64_t progress_ms; /* when `progress` was something else last */
};

/* Whether a file is the link's port. */
bool call_link_is(struct call_link *l, const struct vport_identity *file);

/* Whether a file is at the path of a link that is to be joined again. Then a program was quicker
 * than we to see that somebody serves it now. */
bool call_link_is_lost(const struct call_link *l, const struct vport_identity *file);

/* Carries a request out, now or again. Returns true when the caller is ended, otherwise what it
 * waits for is in `w`. `w->id` is given. */
bool call_link_carry_out(struct call_link *l, struct caller *caller, struct call_wait *w);

/* Work that was begun for a caller that no longer waits for it is ended. */
void call_link_abandon(struct call_link *l, struct call_wait *w);

/* Ends a caller with a result of ioctl(2). */
void call_link_end_call(struct caller *caller, int result);

/* Whether a link of this process is done with its work for the programs that have ended.
 * `*progress` is set when some of their bytes have got on since the last time. */
bool call_link_is_done(struct call_link *l, bool *progress);

#endif
