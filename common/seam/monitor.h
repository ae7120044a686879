/*
 * A lock with a condition, and threads that share it: for code without a loop, in other people's
 * programs too. A process has one of it, for names (client/libusb/usbip_names). The POSIX
 * implementation needs nothing but the C library. Implemented in posix/monitor.c and
 * win32/monitor.c.
 */
#ifndef COMMON_SEAM_MONITOR_H
#define COMMON_SEAM_MONITOR_H

#include <stdbool.h>

/* Readies it; further calls do nothing. A fork waits for the lock, and its child, where no thread
 * of the parent's continues, calls `in_child` while it has the lock. */
void monitor_prepare(void (*in_child)(void));

void monitor_enter(void);
void monitor_leave(void);

/* Lets others in until one of them tells, at most so many milliseconds; may return early. Within
 * the lock. */
void monitor_wait(int ms);

/* Wakes all that wait. Within the lock. */
void monitor_tell(void);

/* Has a thread of its own call `run`, outside of the lock, for however long that takes. No signal
 * of the program's comes there. Returns false where the system refuses. */
bool monitor_start(void (*run)(void *arg), void *arg);

#endif
