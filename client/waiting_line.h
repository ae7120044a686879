/*
 * One line on a terminal while net2pty waits for its servers for the first time. It says for which,
 * for how long by now, and why. Runs on the loop thread.
 */
#ifndef CLIENT_WAITING_LINE_H
#define CLIENT_WAITING_LINE_H

#include <stdint.h>

#include "timer.h"

struct event_base;
struct pty_session;

struct waiting_line {
    struct timer timer;
    struct pty_session *const *sessions;
    int count;
    uint64_t begun_ms;
};

/* Begins, once the sessions are made, which must outlive it. Does nothing without a terminal. */
void waiting_line_begin(struct waiting_line *w, struct event_base *base,
                        struct pty_session *const *sessions, int count);

/* Takes the line away; also where none was begun. */
void waiting_line_end(struct waiting_line *w);

#endif
