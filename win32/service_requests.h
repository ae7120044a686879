/*
 * The service manager's requests to the program, on threads of Windows's. requests.c passes it on
 * to the loop.
 */
#ifndef WIN32_SERVICE_REQUESTS_H
#define WIN32_SERVICE_REQUESTS_H

/* Asks the program to end. From any thread. Requests before requests_watch wait for it; those after
 * requests_unwatch are dropped. */
void requests_stop(void);

/* Asks for a report of the program's state. From any thread; it waits and is dropped in the same
 * way. */
void requests_report(void);

/* The service manager asks, not a console. Called before requests_watch. */
void requests_come_from_service(void);

#endif
