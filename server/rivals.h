/*
 * Other com2nets of this machine that publish the same devices as this one. Only one of them can
 * have a device open at a time, so the log warns of each at the start.
 */
#ifndef SERVER_RIVALS_H
#define SERVER_RIVALS_H

struct report;
struct source;

/* Asks the others, and warns of those that publish a device of the report. Those that start at the
 * same moment do not tell yet. */
void rivals_warn(const struct report *r);

/* The same of a source that could not be published: a rival may have it. */
void rivals_warn_of(const struct source *s);

#endif
