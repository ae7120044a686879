/*
 * News that a serial port may have come, so that a missing one need not be looked for all the time.
 * Implemented in posix/linux/serial_arrivals.c and win32/serial_arrivals.c.
 */
#ifndef COMMON_SEAM_SERIAL_ARRIVALS_H
#define COMMON_SEAM_SERIAL_ARRIVALS_H

struct event_base;
struct serial_arrivals;

/* Has `came` called on the loop's thread, once or more for each port that comes, or whose rights
 * change. NULL where the system does not tell, or has no memory: then one has to look. */
struct serial_arrivals *serial_arrivals_new(struct event_base *base, void (*came)(void *ctx),
                                            void *ctx);

/* Not in `came`. Accepts NULL. */
void serial_arrivals_free(struct serial_arrivals *a);

#endif
