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
struct published;

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

/* Calls `take` with each device that is published, which is valid during the call. */
void report_each_device(const struct report *r, void (*take)(void *ctx, const struct published *p),
                        void *ctx);

/* The text for other programs (teller.h): a line for each device (published.h), an empty line, and
 * the lines that report_log has. Returns it allocated, or NULL without memory. */
char *report_tell(const struct report *r);

#endif
