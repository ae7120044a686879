/*
 * What the service manager asks of the program, on threads of Windows's. requests.c passes it on to
 * the loop.
 */
#ifndef WIN32_SERVICE_REQUESTS_H
#define WIN32_SERVICE_REQUESTS_H

/* Asks the program to end. From any thread. What comes before requests_watch waits for it, what
 * comes after requests_unwatch is dropped. */
void requests_stop(void);

/* Asks for a report of the program's state. From any thread; it waits and is dropped likewise. */
void requests_report(void);

/* The service manager asks, not a console. Called before requests_watch. */
void requests_come_from_service(void);

#endif
