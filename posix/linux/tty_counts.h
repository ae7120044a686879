/*
 * The counters of a tty, as far as its driver has any: the events on its lines since the last look.
 */
#ifndef POSIX_LINUX_TTY_COUNTS_H
#define POSIX_LINUX_TTY_COUNTS_H

#include <stdbool.h>

#include <linux/serial.h>

struct tty_counts {
    bool known; /* the driver has them */
    struct serial_icounter_struct seen;
};

/* Begins to count what happens to the tty `fd`. */
void tty_counts_begin(struct tty_counts *c, int fd);

/* Errors and breaks that were received since the last call: LINE_STATE_*. */
unsigned tty_counts_errors(struct tty_counts *c, int fd);

/* The inputs, LINE_CTS and so on, that have changed since the last call, also there and back. */
unsigned tty_counts_edges(struct tty_counts *c, int fd);

#endif
