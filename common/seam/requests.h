/*
 * The requests of the user or the system to a running program: to end, or to report. Implemented in
 * posix/requests.c and win32/requests.c.
 */
#ifndef COMMON_SEAM_REQUESTS_H
#define COMMON_SEAM_REQUESTS_H

struct event_base;

/* Calls `stop` on the loop thread when the user or the system wants the program to end. That is
 * Ctrl-C, SIGTERM, SIGHUP; on Windows Ctrl-C, Ctrl-Break, the console's close, a service's stop.
 * Calls `report`, unless it is NULL, when somebody asks for a report of its state: SIGUSR1; on
 * Windows control 128 of a service. Returns 0 or -errno. */
int requests_watch(struct event_base *base, void (*stop)(void *ctx), void (*report)(void *ctx),
                   void *ctx);

/* Ends the watch; must come before the base is freed. */
void requests_unwatch(void);

#endif
