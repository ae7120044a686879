/*
 * Requests to end, or to report, that come on threads of Windows's: the console's, the service
 * manager's. os_watch_requests (os.h) passes them on to the loop.
 */
#ifndef WIN32_REQUESTS_H
#define WIN32_REQUESTS_H

#include <stdbool.h>

/* Asks the program to end, or for a report of its state. From any thread; what comes before
 * os_watch_requests waits for it, what comes after os_unwatch_requests is dropped. */
void requests_stop(void);
void requests_report(void);

/* The service manager asks, not a console: before os_watch_requests. */
void requests_come_from_service(void);
bool requests_are_service(void);

#endif
