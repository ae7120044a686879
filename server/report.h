/*
 * All that is known of com2net at one moment: one walk over its endpoints fills a struct, and
 * printers read that. Counters live where the thing happens. Names and addresses are borrowed: a
 * report is printed and freed before the loop continues.
 */
#ifndef SERVER_REPORT_H
#define SERVER_REPORT_H

#include <stddef.h>

#include "report_endpoint.h"

struct endpoint;

struct report {
    struct report_endpoint *endpoints;
    size_t count;
};

/* Fills a report of `count` endpoints, some of which may be NULL. Returns 0 or -ENOMEM; report_free
 * either way. */
int report_fill(struct report *r, struct endpoint *const *endpoints, size_t count);

/* Frees what it has; not itself. */
void report_free(struct report *r);

/* Logs it as text: a line for each port, each of its clients, and each USB device. */
void report_log(const struct report *r);

#endif
