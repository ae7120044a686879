/*
 * Tells the loop when a port's modem lines may have changed. TIOCMIWAIT is the only way to be told,
 * and it blocks, so each watched port has a thread that does nothing else. Where the driver lacks
 * TIOCMIWAIT the lines are looked at every 50 ms.
 */
#ifndef POSIX_LINUX_MODEM_WATCH_H
#define POSIX_LINUX_MODEM_WATCH_H

struct event_base;
struct modem_watch;

/* Watches the tty `fd`, which must stay open until modem_watch_stop. `changed` runs on the loop
 * thread; it may run without a change. Returns NULL when the system refuses. */
struct modem_watch *modem_watch_start(struct event_base *base, int fd, void (*changed)(void *ctx),
                                      void *ctx);

/* Has `changed` run soon. Accepts NULL. */
void modem_watch_look(struct modem_watch *w);

/* Ends the thread, in a millisecond or so, and frees the watch. Accepts NULL. */
void modem_watch_stop(struct modem_watch *w);

#endif
