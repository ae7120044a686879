/*
 * Windows's Event Log: where a service's lines go that has no log file.
 */
#ifndef WIN32_EVENT_LOG_H
#define WIN32_EVENT_LOG_H

#include "log.h"

/* Makes the program known as a source of events, with the text of its messages in this exe. Needs
 * an administrator. Returns 0 or Windows's error. */
unsigned long event_log_install(void);

/* Forgets it. Returns the same. */
unsigned long event_log_uninstall(void);

/* A sink for log_set_sink. */
void event_log_write(enum log_level level, const char *line);

#endif
