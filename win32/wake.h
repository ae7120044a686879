/*
 * How another thread calls the loop: a pair of connected sockets, the only thing that libevent's
 * loop waits for on Windows. At most one byte is under way, however often it is called.
 */
#ifndef WIN32_WAKE_H
#define WIN32_WAKE_H

struct event_base;
struct wake;

/* Makes one whose `woken` runs on the loop thread, once or more after each wake_up. NULL if the
 * system refuses. */
struct wake *wake_new(struct event_base *base, void (*woken)(void *ctx), void *ctx);

/* From any thread, as long as the wake is there. */
void wake_up(struct wake *w);

/* On the loop thread, but not in `woken`, when no thread can call wake_up any more. Accepts NULL.
 */
void wake_free(struct wake *w);

#endif
